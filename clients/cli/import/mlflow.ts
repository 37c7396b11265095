// MLflow's export of runs as CSV (`mlflow runs list`, `search_runs().to_csv`): params.* are parameters, a metric is the objective.
import type { ColumnKind, Header } from '../../../service/tabular/columns.js';
import { nearestName } from '../../../service/tabular/nearest.js';
import type { ImportPlan, InfeasibleMark, ParameterColumn } from '../../../service/tabular/plan.js';
import type { Objective } from '../../sdk/index.js';
import type { CsvScan } from '../csv/scan.js';
import { CliError } from '../errors.js';

const PARAMETER = 'params.';
const METRIC = 'metrics.';
const STATUS = 'status';

export interface MlflowOptions {
  objectives: readonly Objective[];
  ignore: readonly string[];
  statusColumn: string | undefined;
  infeasible: readonly InfeasibleMark[];
  missing: readonly string[];
  decimalComma: boolean;
}

/** Columns as MLflow names them: a run's id, and parameters and metrics by their prefixes. */
export function isMlflow({ names }: Header): boolean {
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  return names.includes('run_id') && has(PARAMETER) && has(METRIC);
}

/**
 * Parameters and metrics lose their prefixes. Metrics that are no objective, tags and everything else of a run become the
 * trial's metadata, by their whole names. `FINISHED` is completed, `FAILED` and `KILLED` are infeasible, `RUNNING` and `SCHEDULED` are running.
 * @throws CliError usage where several metrics could be the objective; unknown_column
 */
export function planMlflow({ header, profiles }: CsvScan, options: MlflowOptions, label: string): ImportPlan {
  const { names } = header;
  const ignored = new Set(options.ignore);
  const metrics = names.filter((name) => name.startsWith(METRIC) && !ignored.has(name));
  const objectives = options.objectives.length > 0 ? options.objectives : [onlyMetric(metrics, label)];
  const measured = objectives.map((objective) => {
    const short = objective.name.startsWith(METRIC) ? objective.name.slice(METRIC.length) : objective.name;
    const index = names.indexOf(METRIC + short);
    if (index >= 0) return { index, objective: { ...objective, name: short } };
    const known = metrics.map((name) => name.slice(METRIC.length));
    throw new CliError(
      'unknown_column',
      `${label} has no metric ${JSON.stringify(short)}.${nearestName(short, known)}`,
      `Its metrics are: ${known.join(', ')}.`,
    );
  });
  const taken = new Set(measured.map(({ index }) => index));
  const status = names.indexOf(options.statusColumn ?? STATUS);
  const column = (index: number, key: string): ParameterColumn[] => {
    const kind: ColumnKind = profiles[index]!.kind;
    return kind === 'empty' ? [] : [{ index, name: names[index]!, key, kind }];
  };
  const parameters = names.flatMap((name, index) =>
    name.startsWith(PARAMETER) && !ignored.has(name) ? column(index, name.slice(PARAMETER.length)) : [],
  );
  const metadata = names.flatMap((name, index) =>
    name.startsWith(PARAMETER) || taken.has(index) || index === status || ignored.has(name) ? [] : column(index, name),
  );
  return {
    width: names.length,
    parameters,
    metadata,
    objectives: measured,
    status: status < 0 ? undefined : { index: status, name: names[status]! },
    reason: undefined,
    infeasible: options.infeasible,
    missing: new Set(options.missing.map((value) => value.trim())),
    decimalComma: options.decimalComma,
  };
}

function onlyMetric(metrics: readonly string[], label: string): Objective {
  const [only, ...others] = metrics.map((name) => name.slice(METRIC.length));
  if (only !== undefined && others.length === 0) return { name: only };
  throw new CliError(
    'usage',
    `${label} has ${metrics.length} metrics, and one has to be the objective.`,
    `Name it with --objective; there are ${[only, ...others].join(', ')}.`,
  );
}

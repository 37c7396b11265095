// Imports one table as trials of a study: looks at it first, says how it will be read, and sends it so that a break costs nothing.
import { realpath } from 'node:fs/promises';
import { type ImportPlan, type InfeasibleMark, planImport } from '../../service/tabular/plan.js';
import {
  type CellType,
  type PlannedColumn,
  planFromColumns,
  plannedColumns,
} from '../../service/tabular/planned-columns.js';
import type { RowError } from '../../service/tabular/row-errors.js';
import { rowToTrial } from '../../service/tabular/trials.js';
import type { ImportCreate, ImportState, JsonObject, Objective, OmniReg, SearchSpace, Study } from '../sdk/index.js';
import { type CsvScan, columnNotes, headBytesOf, readRows, scanCsv } from './csv/scan.js';
import { CliError } from './errors.js';
import { isMlflow, planMlflow } from './import/mlflow.js';
import { inspectNdjson } from './import/ndjson.js';
import { rejectsOf, toRowErrors, writeRejects } from './import/rejects.js';
import { sendTable, type TableProgress } from './import/send-table.js';

/** Errors kept for the report; all are counted. */
const KEPT_ERRORS = 1000;

export interface ImportFileOptions {
  /** Where the table lies. */
  path: string;
  /** What it is called in what is said; default: `path`. */
  label: string | undefined;
  format: 'csv' | 'ndjson';
  /** Study to add to; absent: one is made from `name`, `metadata` and the objectives. */
  study: Study | undefined;
  name: string;
  metadata: JsonObject;
  searchSpace: SearchSpace | undefined;
  /** Empty: the last column, or what the first measurement names. */
  objectives: readonly Objective[];
  objectivesFrom: string;
  /** What else is known of an objective that is assumed because its column is the last; the name may be another than the column's. */
  assumed: Partial<Objective>;
  /** Of the columns of a CSV, by their names, where they are known and not to be found out. */
  types: ReadonlyMap<string, CellType> | undefined;
  /** What each of them is, where that is known exactly. */
  columns: readonly PlannedColumn[] | undefined;
  delimiter: string | undefined;
  header: boolean | undefined;
  ignore: readonly string[];
  statusColumn: string | undefined;
  infeasible: readonly InfeasibleMark[];
  missing: readonly string[];
  decimalComma: boolean;
  onError: 'skip' | 'abort';
  /** Go on with what was broken off, if anything was. */
  resume: boolean;
  /** Only look: nothing is sent. */
  dryRun: boolean;
  /** File for the rows that are rejected, if any are. */
  rejects: string | undefined;
  signal?: AbortSignal | undefined;
  /** Told how the table will be read, before it is. */
  onPlan?: (report: ImportReport) => void;
  onProgress?: (progress: TableProgress) => void;
}

export const importFileDefaults = {
  label: undefined,
  format: 'csv',
  study: undefined,
  metadata: {},
  searchSpace: undefined,
  objectives: [],
  objectivesFrom: '--objective',
  assumed: {},
  types: undefined,
  columns: undefined,
  delimiter: undefined,
  header: undefined,
  ignore: [],
  statusColumn: undefined,
  infeasible: [],
  missing: [],
  decimalComma: false,
  onError: 'skip',
  resume: false,
  dryRun: false,
  rejects: undefined,
} satisfies Partial<ImportFileOptions>;

export interface ImportReport {
  file: string;
  /** Id of the import; absent in a dry run. */
  import: string | undefined;
  /** Absent where no row was good, so that no study was made. */
  study: { id: string; name: string; created: boolean } | undefined;
  objectives: Objective[];
  /** Whether the objective was taken because its column is the last. */
  objectiveAssumed: boolean;
  parameters: { name: string; kind: string }[];
  rows: number;
  /** Of these, rows that an earlier run had dealt with. */
  before: number;
  imported: number;
  /** Of those imported, how many are marked as failed. */
  infeasible: number;
  rejected: number;
  /** The first 1,000 errors; a row can have several. */
  errors: RowError[];
  notes: string[];
}

/**
 * @throws CliError or TabularError where the table as a whole cannot be used; APIError where the service refuses or stays away,
 *   and `row_rejected` where the import ends at the first bad row. Rows that cannot be used are reported otherwise, never thrown.
 */
export async function importFile(client: OmniReg, options: ImportFileOptions): Promise<ImportReport> {
  const { path, format, signal } = options;
  const label = options.label ?? path;
  const report: ImportReport = {
    file: label,
    import: undefined,
    study: options.study && { id: options.study.id, name: options.study.name, created: false },
    objectives: [...options.objectives],
    objectiveAssumed: options.objectives.length === 0,
    parameters: [],
    rows: 0,
    before: 0,
    imported: 0,
    infeasible: 0,
    rejected: 0,
    errors: [],
    notes: [],
  };
  const look = format === 'csv' ? () => lookAtCsv(options, report) : () => lookAtNdjson(options, report);
  if (options.dryRun) {
    const { tryRows } = await look();
    options.onPlan?.(report);
    await tryRows();
    return report;
  }
  const source = await sourceOf(options);
  const { state, before, resumed } = await sendTable(client, {
    path,
    format,
    source,
    resume: options.resume,
    signal,
    ...(options.onProgress && { onProgress: options.onProgress }),
    create: async () => {
      const { request } = await look();
      options.onPlan?.(report);
      return { ...request, source, on_error: options.onError };
    },
  });
  await fill(client, report, state, options);
  if (resumed) {
    report.before = before;
    report.objectives = [...(state.objectives ?? [])];
    report.objectiveAssumed = false;
    report.parameters = parametersOf(state.columns ?? []);
  }
  return report;
}

/** What is looked for to find an import again: the same for the same file, wherever the command is run. */
async function sourceOf({ path, label, study }: ImportFileOptions): Promise<string> {
  const named = label ?? (await realpath(path).catch(() => path));
  return (study ? `${named} → ${study.id}` : named).slice(-1000);
}

async function fill(
  client: OmniReg,
  report: ImportReport,
  state: ImportState,
  options: ImportFileOptions,
): Promise<void> {
  const { path, format, delimiter, header, rejects, signal } = options;
  const { id, study_id: studyId, rows, imported, infeasible, rejected } = state;
  Object.assign(report, { import: id, rows, imported, infeasible, rejected });
  if (studyId !== null && !report.study) report.study = { id: studyId, name: options.name, created: true };
  if (rejected === 0) return;
  for await (const reject of rejectsOf(client, id, signal)) {
    report.errors.push(...toRowErrors(reject));
    if (report.errors.length >= KEPT_ERRORS) break;
  }
  report.errors.splice(KEPT_ERRORS);
  if (rejects === undefined) return;
  const head = format === 'csv' ? await headBytesOf(path, delimiter, header) : 0;
  await writeRejects(path, head, rejectsOf(client, id, signal), rejects);
}

interface Looked {
  request: ImportCreate;
  /** Reads all rows without sending any, for the report. */
  tryRows: () => Promise<void>;
}

async function lookAtCsv(options: ImportFileOptions, report: ImportReport): Promise<Looked> {
  const { path, label = path } = options;
  const scan = typed(await scanCsv(path, options, label), options.types);
  const plan = planOf(scan, options, label);
  report.objectives = plan.objectives.map(({ objective }) => objective);
  report.parameters = plan.parameters.map(({ key, kind }) => ({ name: key, kind }));
  report.rows = scan.rows;
  report.notes = columnNotes(scan, plan.parameters);
  const csv = {
    delimiter: scan.delimiter,
    header: scan.header.inFile,
    columns: plannedColumns(scan.header, plan),
    infeasible: plan.infeasible.map((mark) => (mark.type === 'value' ? mark.value : mark.type)),
    missing: [...plan.missing],
    decimal_comma: plan.decimalComma,
  };
  return {
    request: { format: 'csv', ...studyOf(options, report.objectives), csv },
    tryRows: async () => {
      for await (const item of readRows(scan)) {
        const row = 'error' in item ? { errors: [item.error] } : rowToTrial(item, plan);
        if ('errors' in row) {
          report.rejected++;
          if (report.errors.length < KEPT_ERRORS) report.errors.push(...row.errors);
        } else {
          report.imported++;
          if (row.trial.status === 'infeasible') report.infeasible++;
        }
      }
    },
  };
}

/** The scan with the columns of which more is known than their cells say. */
function typed(scan: CsvScan, types: ImportFileOptions['types']): CsvScan {
  if (!types) return scan;
  const profiles = scan.profiles.map((profile, i) => {
    const type = types.get(scan.header.names[i]!);
    if (type === undefined || profile.kind === 'empty') return profile;
    return { kind: type, numbers: type === 'number' ? profile.numbers : 0, surprise: undefined };
  });
  return { ...scan, profiles };
}

function planOf(scan: CsvScan, options: ImportFileOptions, label: string): ImportPlan {
  if (options.columns) {
    const known = options.columns;
    const columns = scan.header.names.map(
      (name) => known.find((one) => one.name === name) ?? { name, role: 'ignore' as const },
    );
    return planFromColumns(columns, options.objectives, options, label);
  }
  if (isMlflow(scan.header)) return planMlflow(scan, options, label);
  const plan = planImport(scan.header, scan.profiles, options, label);
  if (options.objectives.length > 0) return plan;
  return {
    ...plan,
    objectives: plan.objectives.map(({ index, objective }) => ({
      index,
      objective: { ...objective, ...options.assumed },
    })),
  };
}

async function lookAtNdjson(options: ImportFileOptions, report: ImportReport): Promise<Looked> {
  const { path, label = path } = options;
  const seen = await inspectNdjson(path, label);
  if (report.objectives.length === 0) report.objectives = seen.objectives;
  report.parameters = seen.parameters;
  return {
    request: { format: 'ndjson', ...studyOf(options, report.objectives) },
    tryRows: () => seen.tryRows(report, KEPT_ERRORS),
  };
}

function studyOf(
  { study, name, metadata, searchSpace }: ImportFileOptions,
  objectives: readonly Objective[],
): Pick<ImportCreate, 'study' | 'study_id'> {
  if (study) return { study_id: study.id };
  if (objectives.length > 8) {
    const fix = 'A study has up to 8 objectives: name those that matter with --objective.';
    throw new CliError('usage', `There are ${objectives.length} objectives.`, fix);
  }
  const named = objectives.length > 0 ? { objectives: [...objectives] } : {};
  return { study: { name, metadata, ...named, ...(searchSpace && { search_space: searchSpace }) } };
}

function parametersOf(columns: readonly PlannedColumn[]): ImportReport['parameters'] {
  return columns
    .filter(({ role }) => role === 'parameter')
    .map(({ name, key = name, type = 'text' }) => ({ name: key, kind: type }));
}

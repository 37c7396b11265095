// The words and figures of an evaluation's report, as tables and pages show them.
import type { EvaluationMethod, EvaluationReport, EvaluationSummary } from '../../sdk/index.js';
import type { Column } from '../table.js';

export type Protocol = EvaluationReport['protocols'][number];

/** What the model knew of the studies: not their local trials alone where it had been trained on some of them before. */
export function protocolTitle({ seen, rows }: EvaluationReport, protocol: Protocol): string {
  if (protocol === 'in_distribution') return 'In distribution: the model was first trained on the other studies';
  if (seen.length === 0) return 'Out of distribution: the model knows of each study its local trials alone';
  const all = tasksOf(rows);
  if (seen.length >= all)
    return `Not out of distribution: the model had been trained on ${all === 1 ? 'this study' : 'all of these studies'} before`;
  return `Out of distribution in part: the model had been trained on ${seen.length} of these ${all} tasks before, and knows of the others their local trials alone`;
}

const tasksOf = (rows: EvaluationReport['rows']): number => new Set(rows.map(({ study }) => study)).size;

/** Names of seen studies that a line has room for. */
const NAMED = 5;

const METHOD_NAMES: Partial<Record<EvaluationMethod, string>> = {
  omnireg: 'OmniReg',
  expert_average: 'average of experts',
  gaussian_process: 'Gaussian process',
};

export const methodName = (method: EvaluationMethod): string => METHOD_NAMES[method] ?? method.replaceAll('_', ' ');

export const METHOD_COLUMNS: readonly Column[] = [
  { title: 'trials', align: 'right' },
  { title: 'method', align: 'left' },
  ...['tasks', 'error', 'Spearman', 'CRPS', 'coverage', 'width', 'error ratio', 'CRPS ratio'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
];

/** The best local baseline has a star. */
export function methodCells(row: EvaluationSummary): string[] {
  return [
    String(row.trials),
    `${methodName(row.method)}${row.best ? ' *' : ''}`,
    String(row.tasks),
    row.error.toFixed(4),
    row.spearman.toFixed(3),
    row.crps.toFixed(4),
    `${(100 * row.coverage).toFixed(0)}%`,
    row.width.toFixed(3),
    ratioText(row.error_ratio),
    ratioText(row.crps_ratio),
  ];
}

export function ratioText(ratio: EvaluationSummary['error_ratio']): string {
  if (!ratio) return '';
  return `${ratio.value.toFixed(2)} [${ratio.lower.toFixed(2)}, ${ratio.upper.toFixed(2)}]`;
}

export const overall = ({ summary }: EvaluationReport, protocol: Protocol): EvaluationSummary[] =>
  summary.filter((row) => row.protocol === protocol && row.family === null);

/** Numbers of local trials at which there is a local baseline. */
export const comparedSizes = (report: EvaluationReport, protocol: Protocol): number[] =>
  overall(report, protocol).flatMap(({ best, trials }) => (best ? [trials] : []));

/** Family by family, the model's error divided by that of the best local baseline over all families. */
export function familyTable(report: EvaluationReport, protocol: Protocol) {
  const sizes = comparedSizes(report, protocol);
  const rows = report.summary.filter((row) => row.protocol === protocol && row.best);
  const families = [...new Set(rows.flatMap(({ family }) => family ?? []))];
  const columns: Column[] = [
    { title: 'family', align: 'left' },
    ...sizes.map((size): Column => ({ title: `${size} trials`, align: 'right' })),
  ];
  const cells = families.map((family) => [
    family,
    ...sizes.map((size) => {
      const row = rows.find((row) => row.family === family && row.trials === size);
      return row ? ratioText(row.error_ratio) : '–';
    }),
  ]);
  return { columns, cells };
}

/** What the model had seen, what was done to the studies, and what the figures are. */
export const legend = ({ without_text, seen, rows }: EvaluationReport): string[] => [
  ...(seen.length > 0 ? [seenText(seen, tasksOf(rows))] : []),
  ...(without_text ? ['Without free text: it was taken out of parameters and metadata, for every method alike.'] : []),
  'Error: mean of |ŷ − y| in ranges of y over the whole task, each at most 1; CRPS and width of 90% intervals in the same unit.',
  "Ratio: OmniReg's mean divided by the method's, with the central 95% of a bootstrap over tasks. * the best local baseline over all families.",
];

function seenText(seen: readonly string[], all: number): string {
  const names = seen.slice(0, NAMED).join(', ');
  const more = seen.length > NAMED ? `, and ${seen.length - NAMED} more` : '';
  return `Seen before: the model had been trained on ${seen.length} of these ${all} tasks (${names}${more}). What it says of them shows what it remembers, not how good it is on what it has never seen, and so do the means that they are in.`;
}

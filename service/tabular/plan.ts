// What each column of a CSV is for: parameter, objective, status, or left out.
import type { ColumnKind, Header } from './columns.js';
import { TabularError } from './errors.js';
import { nearestName } from './nearest.js';
import type { Objective } from './types.js';

/** How a failed experiment is marked in the objective's column. */
export type InfeasibleMark = { type: 'empty' } | { type: 'nan' } | { type: 'value'; value: string };

export interface PlanOptions {
  /** The objectives, in their order; empty: the last column. */
  objectives: readonly Objective[];
  /** Where the objectives were named, for errors: "--objective", a metadata file, a study. */
  objectivesFrom: string;
  /** Columns that are neither x nor y. */
  ignore: readonly string[];
  statusColumn: string | undefined;
  infeasible: readonly InfeasibleMark[];
  /** Cells that mean "no value" besides empty ones, such as NA. */
  missing: readonly string[];
  decimalComma: boolean;
}

export interface ParameterColumn {
  index: number;
  name: string;
  /** What it is called in x or in metadata. */
  key: string;
  kind: ColumnKind;
}

/** What the plan has to know of a column: ColumnProfile. */
export interface SeenColumn {
  readonly kind: ColumnKind;
  /** Cells that are numbers. */
  readonly numbers: number;
}

/** What it takes to read the parameters of a row. */
export interface QueryPlan {
  /** Cells that every row must have. */
  width: number;
  parameters: ParameterColumn[];
  missing: ReadonlySet<string>;
  decimalComma: boolean;
}

export interface ImportPlan extends QueryPlan {
  /** The objectives and where their columns are. */
  objectives: { index: number; objective: Objective }[];
  status: { index: number; name: string } | undefined;
  /** The column that says why an experiment failed. */
  reason: { index: number; name: string; kind: ColumnKind } | undefined;
  /** Columns of the trial's metadata. */
  metadata: ParameterColumn[];
  infeasible: readonly InfeasibleMark[];
}

/**
 * @param columns What was seen of every column, in the file's order.
 * @throws TabularError unknown_column where a named column is not in the file; usage where nothing is left to be x.
 */
export function planImport(
  header: Header,
  columns: readonly SeenColumn[],
  options: PlanOptions,
  path: string,
): ImportPlan {
  const place = (name: string, from: string): number => {
    const index = header.names.indexOf(name);
    if (index >= 0) return index;
    throw new TabularError(
      'unknown_column',
      `${path} has no column ${JSON.stringify(name)} (${from}).${nearestName(name, header.names)}`,
      `Its columns are: ${header.names.map((column) => JSON.stringify(column)).join(', ')}.`,
    );
  };
  const ignored = new Set(options.ignore.map((name) => place(name, '--ignore')));
  const status =
    options.statusColumn === undefined
      ? undefined
      : { index: place(options.statusColumn, '--status-column'), name: options.statusColumn };
  const objectives =
    options.objectives.length > 0
      ? options.objectives.map((objective) => ({ index: place(objective.name, options.objectivesFrom), objective }))
      : [lastColumn(header, columns, new Set([...ignored, ...(status ? [status.index] : [])]), path)];
  const taken = new Set([...ignored, ...objectives.map(({ index }) => index), ...(status ? [status.index] : [])]);
  const parameters = header.names
    .map((name, index) => ({ index, name, key: name, kind: columns[index]!.kind }))
    .filter(({ index, kind }) => !taken.has(index) && kind !== 'empty');
  if (parameters.length === 0) {
    throw new TabularError(
      'csv_unusable',
      `${path} has no column left for parameters: ${describeColumns(header.names)}.`,
      'A trial is at least one parameter and one measurement. Is the delimiter right (--delimiter)?',
    );
  }
  return {
    width: header.names.length,
    parameters,
    objectives,
    status,
    reason: undefined,
    metadata: [],
    infeasible: options.infeasible,
    missing: new Set(options.missing.map((value) => value.trim())),
    decimalComma: options.decimalComma,
  };
}

function lastColumn(header: Header, columns: readonly SeenColumn[], taken: ReadonlySet<number>, path: string) {
  let index = header.names.length - 1;
  // An exported sheet often ends with columns that are empty all the way down.
  while (index >= 0 && (taken.has(index) || columns[index]!.kind === 'empty')) index--;
  const name = header.names[index];
  if (name === undefined) {
    throw new TabularError(
      'csv_unusable',
      `${path} has no column with values to be the objective.`,
      'Name it with --objective.',
    );
  }
  if (columns[index]!.numbers === 0) {
    throw new TabularError(
      'csv_unusable',
      `${path}: the last column, ${JSON.stringify(name)}, is taken for the objective and holds no number.`,
      'Name the column that was measured with --objective.',
    );
  }
  return { index, objective: { name } satisfies Objective };
}

function describeColumns(names: readonly string[]): string {
  return names.length === 1 ? `its only column is ${JSON.stringify(names[0])}` : `it has ${names.length} columns`;
}

// What every column of a table is for, as plain data that is sent and stored, and from it the plan that rows are read by.
import type { ColumnKind, Header } from './columns.js';
import { TabularError } from './errors.js';
import { nearestName } from './nearest.js';
import type { ImportPlan, InfeasibleMark, ParameterColumn } from './plan.js';
import type { Objective } from './types.js';

/** `json`: the cell is any JSON. */
export type CellType = 'number' | 'boolean' | 'text' | 'json';

export interface PlannedColumn {
  /** As in the header; `c1`, `c2`, … where there is none. */
  name: string;
  role: 'parameter' | 'objective' | 'status' | 'infeasible_reason' | 'metadata' | 'ignore';
  /** Of parameters, metadata and reasons; default `text`. */
  type?: CellType;
  /** Of parameters and metadata: what they are called in x or metadata, where that is not `name`. Of objectives: the objective. */
  key?: string;
}

export interface ReadingOptions {
  infeasible: readonly InfeasibleMark[];
  missing: readonly string[];
  decimalComma: boolean;
}

/** The columns of a plan, in the order of the header. */
export function plannedColumns({ names }: Header, plan: ImportPlan): PlannedColumn[] {
  const columns: PlannedColumn[] = names.map((name) => ({ name, role: 'ignore' }));
  const named = ({ name, key, kind }: ParameterColumn) => ({
    name,
    ...(kind === 'empty' ? {} : { type: kind }),
    ...(key === name ? {} : { key }),
  });
  for (const column of plan.parameters) columns[column.index] = { role: 'parameter', ...named(column) };
  for (const column of plan.metadata) columns[column.index] = { role: 'metadata', ...named(column) };
  for (const { index, objective } of plan.objectives) {
    const key = objective.name === names[index] ? {} : { key: objective.name };
    columns[index] = { name: names[index]!, role: 'objective', ...key };
  }
  if (plan.status) columns[plan.status.index] = { name: plan.status.name, role: 'status' };
  if (plan.reason) {
    const { index, name, kind } = plan.reason;
    columns[index] = { name, role: 'infeasible_reason', ...(kind === 'json' && { type: kind }) };
  }
  return columns;
}

/**
 * @param objectives of the study, in their order; each needs a column
 * @throws TabularError unknown_column, csv_unusable where there is no parameter, or one key twice
 */
export function planFromColumns(
  columns: readonly PlannedColumn[],
  objectives: readonly Objective[],
  { infeasible, missing, decimalComma }: ReadingOptions,
  name: string,
): ImportPlan {
  const at = (role: PlannedColumn['role']) => {
    const index = columns.findIndex((column) => column.role === role);
    return index < 0 ? undefined : index;
  };
  const keyed = (role: PlannedColumn['role']): ParameterColumn[] =>
    columns.flatMap((column, index) => {
      if (column.role !== role) return [];
      const kind: ColumnKind = column.type ?? 'text';
      return { index, name: column.name, key: column.key ?? column.name, kind };
    });
  const parameters = keyed('parameter');
  const metadata = keyed('metadata');
  for (const group of [parameters, metadata]) {
    const twice = group.find(({ key }, i) => group.findIndex((other) => other.key === key) < i);
    if (twice) {
      const fix = 'Give every column a key of its own.';
      throw new TabularError('csv_unusable', `${name}: two columns are read as ${JSON.stringify(twice.key)}.`, fix);
    }
  }
  if (parameters.length === 0) {
    const fix = 'A trial is at least one parameter and one measurement.';
    throw new TabularError('csv_unusable', `${name} has no column for parameters.`, fix);
  }
  const measured = columns.flatMap((column, index) =>
    column.role === 'objective' ? [{ index, objective: column.key ?? column.name }] : [],
  );
  const status = at('status');
  const reason = at('infeasible_reason');
  return {
    width: columns.length,
    parameters,
    metadata,
    objectives: objectives.map((objective) => {
      const found = measured.find((column) => column.objective === objective.name);
      if (found) return { index: found.index, objective };
      const known = measured.map((column) => column.objective);
      throw new TabularError(
        'unknown_column',
        `${name} has no column for the objective ${JSON.stringify(objective.name)}.${nearestName(objective.name, known)}`,
        'Every objective of the study needs a column.',
      );
    }),
    status: status === undefined ? undefined : { index: status, name: columns[status]!.name },
    reason:
      reason === undefined
        ? undefined
        : { index: reason, name: columns[reason]!.name, kind: columns[reason]!.type ?? 'text' },
    infeasible,
    missing: new Set(missing.map((value) => value.trim())),
    decimalComma,
  };
}

/** `empty`, `nan`, or the text that marks a failed experiment. */
export function parseMark(text: string): InfeasibleMark {
  return text === 'empty' || text === 'nan' ? { type: text } : { type: 'value', value: text };
}

// One row of a CSV as a trial, or the reasons why it is none.
import { cellKind, notANumber, parseBoolean, parseNumber } from './cells.js';
import type { ColumnKind } from './columns.js';
import type { CsvRecord } from './csv-reader.js';
import type { ImportPlan, InfeasibleMark, ParameterColumn, QueryPlan } from './plan.js';
import { type RowError, shortValue } from './row-errors.js';
import type { Json, JsonObject, TrialInput } from './types.js';

/** The service refuses measurements from here on (openapi.yaml, Measurement). */
const Y_LIMIT = 1e31;
const BOOLEAN = /^\s*(?:true|false)\s*$/i;
type Status = 'completed' | 'running' | 'infeasible';
/** Our own words, and those of MLflow and Optuna. */
const STATUSES: Readonly<Record<string, Status>> = {
  completed: 'completed',
  complete: 'completed',
  finished: 'completed',
  running: 'running',
  scheduled: 'running',
  waiting: 'running',
  infeasible: 'infeasible',
  fail: 'infeasible',
  failed: 'infeasible',
  killed: 'infeasible',
  pruned: 'infeasible',
};

export type RowResult = { trial: TrialInput } | { errors: RowError[] };

/** @returns The trial, or every error of the row: whoever mends it should not have to come back twice. */
export function rowToTrial(record: CsvRecord, plan: ImportPlan): RowResult {
  const shape = shapeErrors(record, plan);
  if (shape.length > 0) return { errors: shape };
  const errors: RowError[] = [];
  const x = rowToX(record, plan, errors);
  const metadata = plan.metadata.length === 0 ? {} : { metadata: keyed(record, plan.metadata, plan, errors) };
  const status = readStatus(record, plan, errors);
  if (status === 'infeasible' || (status === undefined && isMarkedInfeasible(record, plan))) {
    const reason = readReason(record, plan, errors);
    const why = reason === undefined ? {} : { infeasible_reason: reason };
    return errors.length > 0 ? { errors } : { trial: { x, status: 'infeasible', ...why, ...metadata } };
  }
  if (status === 'running') return errors.length > 0 ? { errors } : { trial: { x, status, ...metadata } };
  const y = readMeasurement(record, plan, errors);
  return errors.length > 0 ? { errors } : { trial: { x, y, ...metadata } };
}

/** The parameters of a row alone, as predictions need them. */
export function rowToQuery(record: CsvRecord, plan: QueryPlan): { x: JsonObject } | { errors: RowError[] } {
  const errors = shapeErrors(record, plan);
  if (errors.length > 0) return { errors };
  const x = rowToX(record, plan, errors);
  return errors.length > 0 ? { errors } : { x };
}

function shapeErrors({ line, cells }: CsvRecord, { width }: QueryPlan): RowError[] {
  if (cells.length !== width) {
    const what = `the row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} and the file has ${width} columns`;
    const fix =
      cells.length > width
        ? 'Put a cell that contains the delimiter in quotes.'
        : 'Add the missing delimiters; an empty cell is a parameter that does not apply.';
    return [{ line, code: 'ragged_row', what, fix }];
  }
  if (cells.some((cell) => cell.includes('\ufffd'))) {
    return [
      { line, code: 'not_utf8', what: 'the row holds bytes that are not UTF-8', fix: 'Save the file as "CSV UTF-8".' },
    ];
  }
  return [];
}

function rowToX(record: CsvRecord, plan: QueryPlan, errors: RowError[]): JsonObject {
  const before = errors.length;
  const x = keyed(record, plan.parameters, plan, errors);
  if (errors.length === before && isEmpty(x)) {
    const what = 'no parameter has a value';
    errors.push({ line: record.line, code: 'empty_x', what, fix: 'Fill in at least one, or remove the row.' });
  }
  return x;
}

function isEmpty(x: JsonObject): boolean {
  for (const _ in x) return false;
  return true;
}

/** The cells of some columns by their keys; empty ones are absent. */
function keyed(
  { line, cells }: CsvRecord,
  columns: readonly ParameterColumn[],
  plan: QueryPlan,
  errors: RowError[],
): JsonObject {
  const values: JsonObject = {};
  for (const column of columns) {
    const cell = prepare(cells[column.index]!, plan, column.kind);
    if (cell === '' || cell.trim() === '') continue;
    if (column.kind === 'number' && cellKind(cell) !== 'number') {
      const { what, fix, code } = notANumber(cell);
      const hint = /\d/.test(cell)
        ? fix
        : `Empty the cell where there is no value, or add --missing ${JSON.stringify(cell.trim())}.`;
      errors.push({ line, column: column.name, value: shortValue(cell), code, what, fix: hint });
      continue;
    }
    const value = cellValue(cell, column.kind);
    if (value === undefined) {
      const what = column.kind === 'json' ? 'is not JSON' : 'is neither true nor false';
      const fix = column.kind === 'json' ? 'Write JSON: 12, "text", [1, 2].' : 'Write true or false.';
      errors.push({ line, column: column.name, value: shortValue(cell), code: `not_a_${column.kind}`, what, fix });
    } else if (column.key === '__proto__') {
      // Assigned it would be none of the row's own.
      Object.defineProperty(values, column.key, { value, enumerable: true, configurable: true, writable: true });
    } else values[column.key] = value;
  }
  return values;
}

/** Undefined where the cell is nothing of this kind. */
function cellValue(cell: string, kind: ColumnKind): Json | undefined {
  if (kind === 'number') return parseNumber(cell);
  if (kind === 'boolean') return BOOLEAN.test(cell) ? parseBoolean(cell) : undefined;
  if (kind !== 'json') return cell;
  try {
    return JSON.parse(cell) as Json;
  } catch {
    return undefined;
  }
}

/** A cell as the rest reads it: missing values empty, decimal commas as points. */
export function prepare(cell: string, plan: Pick<QueryPlan, 'missing' | 'decimalComma'>, kind: string): string {
  if (plan.missing.size > 0 && plan.missing.has(cell.trim())) return '';
  return plan.decimalComma && kind !== 'text' ? withDecimalPoint(cell) : cell;
}

/** 1,5 as 1.5; what is not such a number stays. */
export function withDecimalPoint(cell: string): string {
  return /^\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*$/.test(cell) ? cell.replace(',', '.') : cell;
}

function readStatus({ line, cells }: CsvRecord, { status }: ImportPlan, errors: RowError[]): Status | undefined {
  if (!status) return undefined;
  const cell = cells[status.index]!.trim();
  const word = cell.toLowerCase();
  const known = Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
  if (!known && cell !== '') {
    errors.push({
      line,
      column: status.name,
      value: shortValue(cell),
      code: 'unknown_status',
      what: 'is not a status',
      fix: `Write completed, running, infeasible, or nothing for a row that has a measurement.`,
    });
  }
  return known;
}

/** Why it failed: what the column for that says, else the status where that is more than "infeasible". */
function readReason(
  { line, cells }: CsvRecord,
  { reason, status }: ImportPlan,
  errors: RowError[],
): string | undefined {
  const said = reason ? cells[reason.index]! : '';
  if (said.trim() !== '') {
    const value = cellValue(said, reason!.kind);
    if (typeof value === 'string') return value;
    const at = { line, column: reason!.name, value: shortValue(said) };
    errors.push({ ...at, code: 'not_a_json', what: 'is no text in JSON', fix: 'Write it in double quotes.' });
  }
  const word = status ? cells[status.index]!.trim().toLowerCase() : '';
  return word === 'infeasible' || word === '' ? undefined : word;
}

/** A trial has failed as soon as one of its objectives is marked so. */
function isMarkedInfeasible({ cells }: CsvRecord, plan: ImportPlan): boolean {
  return plan.objectives.some(({ index }) => {
    const cell = cells[index]!.trim();
    return plan.infeasible.some((mark) => matches(mark, cell));
  });
}

function matches(mark: InfeasibleMark, cell: string): boolean {
  if (mark.type === 'empty') return cell === '';
  if (mark.type === 'nan') return /^[+-]?nan$/i.test(cell);
  return cell.toLowerCase() === mark.value.trim().toLowerCase();
}

function readMeasurement(
  { line, cells }: CsvRecord,
  plan: ImportPlan,
  errors: RowError[],
): NonNullable<TrialInput['y']> {
  const failed = 'If the experiment failed, say so: --infeasible';
  const values: [string, number][] = [];
  for (const { index, objective } of plan.objectives) {
    const raw = cells[index]!;
    const cell = plan.decimalComma ? withDecimalPoint(raw) : raw;
    const at = { line, column: objective.name };
    if (cell.trim() === '') {
      errors.push({ ...at, code: 'missing_y', what: 'there is no measurement', fix: `Fill it in. ${failed} empty.` });
      continue;
    }
    const value = parseNumber(cell);
    if (value === undefined) {
      errors.push({ ...at, value: shortValue(cell), ...measurementError(cell) });
    } else if (Math.abs(value) >= Y_LIMIT) {
      const fix = 'Use a larger unit, or the logarithm.';
      errors.push({
        ...at,
        value: shortValue(cell),
        code: 'y_out_of_range',
        what: 'is not between -1e31 and 1e31',
        fix,
      });
    } else values.push([objective.name, value]);
  }
  return values.length === 1 && plan.objectives.length === 1 ? values[0]![1] : Object.fromEntries(values);
}

/** A word where a measurement should be is often how a failed experiment was written down. */
function measurementError(cell: string): Pick<RowError, 'code' | 'what' | 'fix'> {
  const { code, what, fix } = notANumber(cell);
  if (/\d/.test(cell)) return { code, what, fix };
  const word = /nan/i.test(cell) ? 'nan' : JSON.stringify(cell.trim());
  return { code, what, fix: `Write the measurement. If the experiment failed, say so: --infeasible ${word}.` };
}

// One row of a table as a trial that can be stored, or why it is none: the same rules as for a trial sent alone.
import type { Objective, TrialText } from '../../store/types.js';
import { type RecordLimits, recordErrors } from '../contract/record-limits.js';
import type { Check } from '../contract/validators.js';
import type { FieldError } from '../errors.js';
import { parseJsonBody } from '../json-body.js';
import { child } from '../json-pointer.js';
import type { CsvRecord } from '../tabular/csv-reader.js';
import type { ImportPlan } from '../tabular/plan.js';
import type { RowError } from '../tabular/row-errors.js';
import { rowToTrial } from '../tabular/trials.js';
import { parseTrial } from '../trial-input.js';

/** Why a row was refused. `column` and `value` are those of a CSV. */
export type RejectError = Omit<FieldError, 'code'> & { code: string; column?: string; value?: string };
export type RowOutcome = { trial: TrialText } | { errors: RejectError[] };

const MAX_REASON = 10_000;

/** @returns a function that reads rows of a CSV by this plan */
export function csvRows(plan: ImportPlan, limits: RecordLimits): (record: CsvRecord) => RowOutcome {
  const objectives = plan.objectives.map(({ objective }) => objective);
  const keys = plan.parameters.map(({ key }) => [key, null]);
  // Of a flat row little can be wrong: what is the same for all rows is looked at once.
  const simple =
    [...plan.parameters, ...plan.metadata].every(({ kind }) => kind !== 'json') &&
    plan.metadata.length <= limits.maxParameters &&
    recordErrors(Object.fromEntries([...keys]), '/x', limits).length === 0;
  const longest = Math.min(limits.maxTextLength, limits.maxRecordBytes);
  const errorOf = rowErrors(plan);
  return (record) => {
    const row = rowToTrial(record, plan);
    if ('errors' in row) return { errors: row.errors.map(errorOf) };
    const { trial } = row;
    const x = JSON.stringify(trial.x);
    const metadata = trial.metadata === undefined ? '{}' : JSON.stringify(trial.metadata);
    if (!simple || x.length > longest || metadata.length > longest) {
      const errors = [
        ...recordErrors(trial.x, '/x', limits),
        ...(trial.metadata ? recordErrors(trial.metadata, '/metadata', limits) : []),
      ];
      if (errors.length > 0) return { errors: errors.map((error) => ({ ...error, ...columnOf(error.pointer) })) };
    }
    const reason = trial.infeasible_reason;
    if (reason !== undefined && reason.length > MAX_REASON) return { errors: [tooLong(reason)] };
    const parsed = parseTrial(trial as Parameters<typeof parseTrial>[0], objectives, '');
    if ('errors' in parsed) return parsed;
    const { status, y, infeasibleReason } = parsed.value;
    return { trial: { status, x, y: y && JSON.stringify(y), infeasibleReason, metadata } };
  };
}

/** @param check what the contract says of a trial */
export function ndjsonRows(objectives: Objective[], check: Check): (line: Buffer) => RowOutcome {
  return (line) => {
    const read = parseLine(line);
    if ('errors' in read) return read;
    const wrong = check(read.value, '');
    if (wrong.length > 0) return { errors: wrong };
    const parsed = parseTrial(read.value as Parameters<typeof parseTrial>[0], objectives, '');
    if ('errors' in parsed) return parsed;
    const { status, x, y, infeasibleReason, metadata } = parsed.value;
    const texts = { x: JSON.stringify(x), metadata: JSON.stringify(metadata) };
    return { trial: { status, ...texts, y: y && JSON.stringify(y), infeasibleReason } };
  };
}

/** A line of NDJSON, or where it is no JSON. */
export function parseLine(line: Buffer): { value: unknown } | { errors: RejectError[] } {
  try {
    return { value: parseJsonBody(line) };
  } catch (error) {
    const detail = `is not JSON (${(error as Error).message})`;
    return { errors: [{ pointer: '', code: 'invalid_json', detail, fix: 'Write one JSON object a line.' }] };
  }
}

/** From an error of the table's row to one that points into the trial it would have become. */
function rowErrors(plan: ImportPlan): (error: RowError) => RejectError {
  const pointers = new Map<string, string>();
  for (const { name, key } of plan.parameters) pointers.set(name, child('/x', key));
  for (const { name, key } of plan.metadata) pointers.set(name, child('/metadata', key));
  for (const { objective } of plan.objectives)
    pointers.set(objective.name, plan.objectives.length === 1 ? '/y' : child('/y', objective.name));
  if (plan.status) pointers.set(plan.status.name, '/status');
  if (plan.reason) pointers.set(plan.reason.name, '/infeasible_reason');
  return ({ column, value, code, what, fix }) => ({
    pointer: column === undefined ? '' : (pointers.get(column) ?? ''),
    code,
    detail: what,
    fix,
    ...(column === undefined ? {} : { column }),
    ...(value === undefined ? {} : { value }),
  });
}

/** `/x/width` is what the column "width" says. */
function columnOf(pointer: string): { column?: string } {
  const key = /^\/(?:x|metadata)\/([^/]+)/.exec(pointer)?.[1];
  return key === undefined ? {} : { column: key.replaceAll('~1', '/').replaceAll('~0', '~') };
}

function tooLong(reason: string): RejectError {
  const detail = `has ${reason.length} characters, ${MAX_REASON} are allowed`;
  return { pointer: '/infeasible_reason', code: 'too_long', detail, fix: 'Shorten the text.' };
}

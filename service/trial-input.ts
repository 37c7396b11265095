// From a trial as it is sent to a trial as it is stored: the rules that depend on the study or on several fields.
import type { JsonObject, NewTrial, Objective } from '../store/types.js';
import { nearestName } from '../trainer/nearest.js';
import type { components } from './contract.generated.js';
import { type FieldError, fieldError } from './errors.js';
import { child } from './json-pointer.js';

type Schemas = components['schemas'];
export type Parsed<T> = { value: T } | { errors: FieldError[] };

/** @param pointer where the trial stands in the body */
export function parseTrial(input: Schemas['TrialCreate'], objectives: Objective[], pointer: string): Parsed<NewTrial> {
  const { x, y, metadata = {}, infeasible_reason: reason } = input;
  const status = input.status ?? (y === undefined ? 'running' : 'completed');
  const errors: FieldError[] = [];
  if (status === 'completed' && y === undefined) {
    const fix = 'Add y; for an experiment that failed send "status": "infeasible", for one under way "running".';
    errors.push(fieldError(child(pointer, 'y'), 'missing_field', 'is missing from a completed trial', fix));
  }
  if (status !== 'completed' && y !== undefined) {
    const fix = 'Remove y, or send "status": "completed".';
    errors.push(fieldError(child(pointer, 'y'), 'conflict', `contradicts "status": "${status}"`, fix));
  }
  if (status !== 'infeasible' && reason !== undefined) {
    const fix = 'Remove it, or send "status": "infeasible".';
    errors.push(fieldError(child(pointer, 'infeasible_reason'), 'conflict', `contradicts "status": "${status}"`, fix));
  }
  let measured: number[] | null = null;
  if (y !== undefined && errors.length === 0) {
    const parsed = parseMeasurement(y, objectives, child(pointer, 'y'));
    if ('errors' in parsed) errors.push(...parsed.errors);
    else measured = parsed.value;
  }
  if (errors.length > 0) return { errors };
  const trial = {
    status,
    x: x as JsonObject,
    y: measured,
    infeasibleReason: reason ?? null,
    metadata: metadata as JsonObject,
  };
  return { value: trial };
}

/** One number per objective, in the objectives' order. */
export function parseMeasurement(
  y: Schemas['Measurement'],
  objectives: Objective[],
  pointer: string,
): Parsed<number[]> {
  const names = objectives.map(({ name }) => name);
  if (typeof y === 'number') {
    if (objectives.length === 1) return { value: [y] };
    const form = `{${names.map((name) => `${JSON.stringify(name)}: …`).join(', ')}}`;
    return {
      errors: [fieldError(pointer, 'wrong_type', `must name the study's ${names.length} objectives`, `Send ${form}.`)],
    };
  }
  const sent = new Map(Object.entries(y));
  const errors: FieldError[] = [];
  for (const name of sent.keys()) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, names);
    const list = `The study's objectives are ${names.join(', ')}.`;
    const fix = nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`;
    errors.push(
      fieldError(child(pointer, name.slice(0, 200)), 'unknown_objective', 'is no objective of the study', fix),
    );
  }
  for (const name of names) {
    if (sent.has(name)) continue;
    const fix = `Add a number for ${JSON.stringify(name)}.`;
    errors.push(fieldError(child(pointer, name), 'missing_objective', 'is missing', fix));
  }
  return errors.length > 0 ? { errors } : { value: names.map((name) => sent.get(name)!) };
}

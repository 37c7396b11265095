// Parameters as cells of a CSV.
import type { JsonObject } from '../../sdk/index.js';

/** The names of all parameters, in the order in which they first come. */
export function parameterNames(queries: readonly JsonObject[]): string[] {
  return [...new Set(queries.flatMap((x) => Object.keys(x)))];
}

/** A value as a cell that import reads as the same value; lists and objects as JSON. */
export function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

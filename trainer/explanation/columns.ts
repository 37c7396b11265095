// A study's parameters as columns: which of its values each trial has, so that questions about thousands of trials are counts.
import { serialize } from '../../tokenizer/serialize.js';
import { isOrdered } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import type { Json, JsonObject } from '../types.js';

export interface Column {
  /** One of each value, in the order of their first appearance. */
  readonly values: readonly Json[];
  /** How many trials have each. */
  readonly counts: readonly number[];
  /** Which value each trial has; -1 where it lacks the parameter. */
  readonly codes: Int32Array;
  /** Of ordered parameters, what all trials have, ascending; empty for others. */
  readonly sorted: Float64Array;
}

/** Whether x has the parameter; null counts as missing. */
export const presentIn = (x: JsonObject, name: string): boolean => Object.hasOwn(x, name) && x[name] !== null;

/** A column for each parameter of the space, which was read from these trials. */
export function columnsOf(xs: readonly JsonObject[], space: SearchSpace): Map<string, Column> {
  return new Map(
    [...space.parameters].map(([name, domain]) => {
      const codeOf = new Map<string, number>();
      const values: Json[] = [];
      const counts: number[] = [];
      const codes = Int32Array.from(xs, (x) => {
        if (!presentIn(x, name)) return -1;
        const key = serialize(x[name]!);
        const code = codeOf.get(key) ?? values.push(x[name]!) - 1;
        codeOf.set(key, code);
        counts[code] = (counts[code] ?? 0) + 1;
        return code;
      });
      const present = isOrdered(domain) ? codes.filter((code) => code >= 0) : new Int32Array();
      return [name, { values, counts, codes, sorted: Float64Array.from(present, (c) => values[c] as number).sort() }];
    }),
  );
}

// A study's parameters as columns: which of its values each trial has, so that questions about thousands of trials are counts.
import { serialize } from '../../tokenizer/serialize.js';
import { isOrdered } from '../acquisition/parameter.js';
import type { SearchSpace } from '../acquisition/search-space.js';
import type { Json, JsonObject } from '../types.js';

export interface Column {
  /** One of each value, in the order of their first appearance, the study's before those of other studies alone. */
  readonly values: readonly Json[];
  /** How many trials of the study have each. */
  readonly counts: readonly number[];
  /** The place of a value among `values`; -1: it is none of them. */
  codeOf(value: Json): number;
  /** Which value each trial has, the study's trials first and those of other studies behind; -1: not this parameter. */
  readonly codes: Int32Array;
  /** Of ordered parameters, what the study's trials have, ascending; empty for others. */
  readonly sorted: Float64Array;
}

/** Whether x has the parameter; null counts as missing. */
export const presentIn = (x: JsonObject, name: string): boolean => Object.hasOwn(x, name) && x[name] !== null;

/**
 * A column for each parameter of the space, which was read from `own`.
 * @param others trials of other studies; of ordered parameters only their numbers count
 */
export function columnsOf(
  own: readonly JsonObject[],
  others: readonly JsonObject[],
  space: SearchSpace,
): Map<string, Column> {
  return new Map(
    [...space.parameters].map(([name, domain]) => {
      const ordered = isOrdered(domain);
      const known = new Map<string, number>();
      const values: Json[] = [];
      // Writing a value out costs far more than finding it: the same text or number is written out once.
      const plain = new Map<Json, number>();
      const codes = Int32Array.from([...own, ...others], (x) => {
        if (!presentIn(x, name) || (ordered && typeof x[name] !== 'number')) return -1;
        const value = x[name]!;
        let code = plain.get(value);
        if (code === undefined) {
          const key = serialize(value);
          code = known.get(key) ?? values.push(value) - 1;
          known.set(key, code);
          if (typeof value !== 'object') plain.set(value, code);
        }
        return code;
      });
      const ownCodes = codes.subarray(0, own.length).filter((code) => code >= 0);
      const counts = values.map(() => 0);
      for (const code of ownCodes) counts[code]!++;
      const sorted = Float64Array.from(ordered ? ownCodes : [], (code) => values[code] as number).sort();
      const codeOf = (value: Json): number => plain.get(value) ?? known.get(serialize(value)) ?? -1;
      return [name, { values, counts, codeOf, codes, sorted }];
    }),
  );
}

/** The study's own values, the commonest first, of equally common ones the one seen first. */
export function byFrequency({ values, counts }: Column): Json[] {
  return values
    .map((value, code) => ({ value, count: counts[code]! }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ value }) => value);
}

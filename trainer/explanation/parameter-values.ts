// The values that one parameter is moved through, others held: over the range that was seen, with the value it has.
import { isOrdered, type Parameter, sameValue, valueAt } from '../acquisition/parameter.js';
import { thin } from '../thin.js';
import type { Json, JsonObject } from '../types.js';
import { byFrequency, type Column, presentIn } from './columns.js';
import type { SeenValues } from './seen.js';
import { write } from './tried.js';

/** One place on the way of a parameter. */
export interface Variation {
  value: Json;
  x: JsonObject;
  /** Parameters that do not exist beside the new value. */
  removed: string[];
  /** Parameters that only exist beside it, with a typical value, or whose own was never seen with it, with the nearest that was. */
  set: JsonObject;
}

export interface Variations {
  /** Ascending for ordered parameters, the commonest first for others; the value of x itself is among them. */
  variations: Variation[];
  ordered: boolean;
  /** What was left out, and why, in sentences. */
  warnings: string[];
}

/** Digits that values between those seen are rounded to. */
const DIGITS = 3;

/**
 * What x would be with other values of a parameter that it has; a half sentence where there is nothing to vary.
 * @param points at most this many values, and the one that x has
 */
export function variationsOf(x: JsonObject, name: string, seen: SeenValues, points: number): Variations | string {
  const domain = seen.space.parameters.get(name);
  if (!domain) return 'the study has never seen it';
  if (domain.type === 'constant') return 'all trials have the same value';
  const ordered = isOrdered(domain);
  const own = x[name]!;
  if (ordered && typeof own !== 'number') return 'it is a number in the study and not here';
  const column = seen.columns.get(name)!;
  const tried = ordered ? [...new Set(column.sorted)] : byFrequency(column);
  if (!ordered && tried.length > points && 2 * tried.length > column.counts.reduce((sum, count) => sum + count, 0)) {
    return 'it is another text in nearly every trial';
  }
  const check = seen.beside(x, name);
  const warnings = new Set<string>();
  const fits = tried.filter((value) => {
    const why = sameValue(value, own) || !ordered ? undefined : check.unseen(value);
    if (why) warnings.add(`Values are left out: ${why}.`);
    return why === undefined;
  });
  const values = ordered
    ? numericValues(domain, fits as number[], own as number, points)
    : categories(fits, own, points);
  const rarer = ordered ? 0 : fits.filter((value) => !values.some((kept) => sameValue(kept, value))).length;
  if (rarer > 0) warnings.add(`The ${rarer} rarest values are left out.`);
  const variations: Variation[] = [];
  for (const value of values) {
    const variation = sameValue(value, own) ? { value, x, removed: [], set: {} } : vary(x, name, value, seen);
    if (typeof variation === 'string') warnings.add(variation);
    else variations.push(variation);
  }
  if (variations.length < 2) return [...warnings][0] ?? 'no other value was tried';
  return { variations, ordered, warnings: [...warnings] };
}

/** Even over the range on the parameter's scale, or the very values where they are few; ascending. */
function numericValues(domain: Parameter, fits: readonly number[], own: number, points: number): number[] {
  if (fits.length === 0) return [own];
  const [low, high] = [fits[0]!, fits.at(-1)!];
  let grid = [...thin(fits, points)];
  if (domain.type !== 'categorical' && fits.length > points) {
    const part = { ...domain, low, high } as Parameter;
    const even = Array.from({ length: points }, (_, i) => valueAt(part, i / (points - 1)) as number);
    const rounded = even.map((value) => (domain.type === 'integer' ? value : Number(value.toPrecision(DIGITS))));
    grid = rounded.map((value) => Math.min(high, Math.max(low, value)));
  }
  return [...new Set([...grid, own])].sort((a, b) => a - b);
}

function categories(tried: readonly Json[], own: Json, points: number): Json[] {
  const kept = tried.slice(0, points);
  return kept.some((value) => sameValue(value, own)) ? kept : [...kept, own];
}

/**
 * x with another value of the parameter: what cannot be beside it goes, what has to be comes with a typical value, and a
 * number that was never seen beside it moves to the nearest that was. A sentence where they cannot be brought together.
 */
function vary(x: JsonObject, name: string, value: Json, seen: SeenValues): Variation | string {
  const varied: JsonObject = { ...x, [name]: value };
  const removed: string[] = [];
  const set: JsonObject = {};
  for (const [other, parameter] of seen.space.parameters) {
    if (other === name || !parameter.when) continue;
    const { parameter: on, in: allowed } = parameter.when;
    const active = presentIn(varied, on) && allowed.some((one) => sameValue(one, varied[on]!));
    if (!active && presentIn(varied, other)) {
      delete varied[other];
      removed.push(other);
    } else if (active && !presentIn(x, other) && !parameter.optional) {
      varied[other] = set[other] = typical(seen.columns.get(other)!);
    }
  }
  // What goes together is told by parameters of few values; numbers follow them and not the other way round.
  if (isOrdered(seen.space.parameters.get(name)!)) return { value, x: varied, removed, set };
  const leftOut = (why: string) => `${write(value)} is left out: ${why}.`;
  for (const [other, parameter] of seen.space.parameters) {
    if (other === name || !presentIn(varied, other) || Object.hasOwn(set, other)) continue;
    const check = seen.beside(varied, other);
    const why = check.unseen(varied[other]!);
    // What was new beside the rest before stays so.
    if (why === undefined || (presentIn(x, other) && seen.beside(x, other).unseen(x[other]!) !== undefined)) continue;
    const nearest = isOrdered(parameter) ? check.nearest(varied[other] as number) : undefined;
    if (nearest === undefined) return leftOut(`of '${other}' ${write(varied[other]!)} ${why}`);
    varied[other] = set[other] = nearest;
  }
  const why = seen.beside(varied, name).unseen(value);
  return why === undefined ? { value, x: varied, removed, set } : leftOut(why);
}

/** The median of numbers, one that was seen; the commonest of others. */
function typical(column: Column): Json {
  const { sorted } = column;
  return sorted.length > 0 ? sorted[(sorted.length - 1) >> 1]! : byFrequency(column)[0]!;
}

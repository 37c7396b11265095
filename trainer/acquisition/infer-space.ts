// Reads a search space off a study's trials: types, ranges, scales, categories seen, and what is only there under conditions.
import { serialize } from '../../tokenizer/serialize.js';
import { TrainerError } from '../errors.js';
import type { Json, JsonObject } from '../types.js';
import { type Domain, type Parameter, sameValue } from './parameter.js';
import { SearchSpace } from './search-space.js';

/** Positive numbers are read on a log scale from this ratio of largest to smallest on, where that spreads them more evenly. */
const LOG_RATIO = 100;
/** Numbers that come back this often on average, and are no more than LEVELS, were set to levels: only those are offered. */
const REPEATS = 4;
const LEVELS = 12;
/** Values of another parameter that a condition may list. */
const CONDITION_VALUES = 12;

/**
 * The smallest space of this kind that holds every x: numbers between the least and the greatest seen, categories seen.
 * A key that some trials lack is present under a condition where one other parameter's values tell the trials apart, else
 * optional; null counts as lacking. Nested values are categories as a whole.
 * @throws TrainerError `search_space` where there is no trial, or none has a parameter
 */
export function inferSpace(xs: readonly JsonObject[]): SearchSpace {
  const names = [...new Set(xs.flatMap((x) => Object.keys(x).filter((name) => x[name] !== null)))].sort();
  if (names.length === 0) {
    throw new TrainerError('search_space', `There is nothing to infer from in ${xs.length} trials; declare the space.`);
  }
  const columns = new Map(names.map((name) => [name, xs.map((x) => present(x, name))]));
  const parameters: [string, Parameter][] = [];
  const settled = new Map<string, Domain>();
  // From the most present on, so that no two can be each other's condition.
  const byPresence = [...names].sort((a, b) => timesPresent(columns.get(b)!) - timesPresent(columns.get(a)!));
  for (const name of byPresence) {
    const column = columns.get(name)!;
    const domain = inferDomain(column.filter((value) => value !== undefined));
    if (column.every((value) => value !== undefined)) parameters.push([name, domain]);
    else {
      const when = inferCondition(column, columns, settled);
      parameters.push([name, when ? { ...domain, when } : { ...domain, optional: true }]);
    }
    settled.set(name, domain);
  }
  return new SearchSpace(Object.fromEntries(parameters));
}

const present = (x: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(x, name) && x[name] !== null ? x[name] : undefined;

const timesPresent = (column: readonly (Json | undefined)[]): number => column.filter((v) => v !== undefined).length;

function inferDomain(values: readonly Json[]): Domain {
  const choices = distinct(values);
  if (choices.length === 1) return { type: 'constant', value: choices[0]! };
  if (choices.every((value) => typeof value === 'boolean')) return { type: 'boolean' };
  if (choices.every((value) => typeof value === 'number')) return inferNumbers(values as number[], choices);
  return { type: 'categorical', choices };
}

function inferNumbers(values: readonly number[], distinctValues: readonly number[]): Domain {
  const levels = distinctValues.toSorted((a, b) => a - b);
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const type = values.every(Number.isSafeInteger) ? 'integer' : 'float';
  const consecutive = type === 'integer' && high - low === levels.length - 1;
  if (!consecutive && levels.length <= LEVELS && values.length >= REPEATS * levels.length) {
    return { type: 'categorical', choices: levels };
  }
  return { type, low, high, scale: readsInLog(levels) ? 'log' : 'linear' };
}

/** Whether numbers are read on a log scale. @param levels ascending, each once */
export function readsInLog(levels: readonly number[]): boolean {
  const [low, high] = [levels[0]!, levels[levels.length - 1]!];
  return low > 0 && high / low >= LOG_RATIO && moreEvenInLog(levels);
}

/** Whether the median level stands nearer to the middle of the range in logarithms than as it is. */
function moreEvenInLog(levels: readonly number[]): boolean {
  const offCentre = (f: (value: number) => number): number => {
    const [low, high] = [f(levels[0]!), f(levels[levels.length - 1]!)];
    return Math.abs((f(levels[levels.length >> 1]!) - low) / (high - low) - 0.5);
  };
  return offCentre(Math.log) < offCentre((value) => value);
}

/**
 * The first settled parameter, by name, whose values with the key and without it are different ones. Only few values that
 * come back can tell: in a continuum every trial has its own.
 */
function inferCondition(
  column: readonly (Json | undefined)[],
  columns: ReadonlyMap<string, readonly (Json | undefined)[]>,
  settled: ReadonlyMap<string, Domain>,
): Parameter['when'] {
  for (const [parameter, domain] of [...settled].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (domain.type === 'float' || domain.type === 'constant') continue;
    const other = columns.get(parameter)!;
    if (column.some((value, i) => value !== undefined && other[i] === undefined)) continue;
    const seen = (present: boolean) =>
      distinct(other.filter((value, i): value is Json => value !== undefined && (column[i] !== undefined) === present));
    const [inside, outside] = [seen(true), seen(false)];
    const values = inside.length + outside.length;
    if (values > CONDITION_VALUES || 2 * values > timesPresent(other)) continue;
    if (!inside.some((value) => outside.some((without) => sameValue(value, without)))) {
      return { parameter, in: inside };
    }
  }
  return undefined;
}

/** One of each, in the order of their first appearance. */
function distinct(values: readonly Json[]): Json[] {
  const seen = new Map<string, Json>();
  // Texts and numbers that come back are written out once: that costs far more than to find them.
  for (const value of new Set(values)) {
    const text = serialize(value);
    if (!seen.has(text)) seen.set(text, value);
  }
  return [...seen.values()];
}

// What a study's trials have tried: whether parameters lie outside of it, where errors made on the trials say nothing of the next one.
import { readsInLog } from '../acquisition/infer-space.js';
import { type FlatTrial, flatten, type Leaf } from '../experts/features/flatten.js';
import type { JsonObject } from '../types.js';

/** How far beyond the range of what was tried a number may lie, in such ranges. */
const MARGIN = 0.1;
/** The share of exchangeable trials that may be called outside: what the trials are to each other is nothing unusual, and their errors know it. */
const USUAL = 0.05;
/** Over the number of trials: ranges beyond those of few trials that are usual, whatever is left out of them. */
const OF_FEW = 3;
/** Fewer trials show nothing of what is usual. */
const FEWEST = 5;
/** Trials that have one value in common have another parameter too: by this chance, were the two unrelated. */
const BY_CHANCE = 0.02;
/** Beyond so many parameters that come and go, what goes with what is not looked for. */
const MAX_OPTIONAL = 64;

/**
 * `beyond`: what is known has to be continued: a number beyond the range tried, a parameter that no trial has. `unknown`: nothing tells how
 * it does: a category, a truth value or a kind of value that no trial has, a constant that was changed, a parameter left out that all comparable trials have.
 */
export type Outside = 'beyond' | 'unknown';

/** What the trials have at one path of their flattened parameters. */
interface Tried {
  /** How many trials have it. */
  count: number;
  /** Ends of its numbers, on the scale that they are read on; undefined where it has none. */
  range: { low: number; high: number; toScale: (value: number) => number } | undefined;
  hasStrings: boolean;
  /** Where its strings come back; undefined of text, where each may be new, and of lists of strings. */
  categories: ReadonlyMap<string, number> | undefined;
}

export class TriedParameters {
  private readonly trials: number;
  private readonly paths = new Map<string, Tried>();
  /** Paths that all trials have that have the value; those that all trials have stand under the empty text. */
  private readonly implied: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ranges beyond which a number is outside. */
  private readonly margin: number;
  /** Whether a value is unusual that no trial has, and a parameter that none has. */
  private readonly closed: { values: boolean; parameters: boolean };

  /** @param xs of the trials that gave a y: as the experts see them */
  constructor(xs: readonly JsonObject[]) {
    this.trials = xs.length;
    const trials = xs.map(flatten);
    const overshoots = new Float64Array(trials.length);
    const alone = { values: new Set<number>(), parameters: new Set<number>() };
    for (const [path, places] of placesOf(trials)) {
      const leaves = places.map((place) => trials[place]!.get(path)!);
      const numbers = leaves.map(({ number }) => number).filter((number) => !Number.isNaN(number));
      const range = numbers.length > 0 ? rangeOf(numbers) : undefined;
      if (range) noteOvershoots(leaves, places, range, overshoots);
      const hasStrings = leaves.some(({ strings }) => strings.length > 0);
      const categories = categoriesOf(leaves);
      this.paths.set(path, { count: places.length, range, hasStrings, categories });
      if (places.length === 1) alone.parameters.add(places[0]!);
      const lone = loneNumber(numbers);
      leaves.forEach(({ number, strings }, i) => {
        if (number === lone || categories?.get(strings[0] ?? '') === 1) alone.values.add(places[i]!);
      });
    }
    this.implied = impliedPaths(trials, this.paths);
    this.closed = {
      values: isUnusual(alone.values.size, trials.length),
      parameters: isUnusual(alone.parameters.size, trials.length),
    };
    // The next of exchangeable trials is farther out than this with probability USUAL at most.
    const rank = Math.min(trials.length, Math.ceil((1 - USUAL) * (trials.length + 1)));
    this.margin = Math.max(MARGIN, overshoots.sort()[rank - 1] ?? 0);
  }

  /** Whether x lies outside of what was tried, and how; undefined where it does not, or nothing was tried. */
  outside(x: JsonObject): Outside | undefined {
    if (this.trials < FEWEST) return undefined;
    const trial = flatten(x);
    if (this.lacks(trial, '')) return 'unknown';
    let beyond = false;
    for (const [path, leaf] of trial) {
      const tried = this.paths.get(path);
      if (!tried) beyond ||= this.closed.parameters;
      else if (isOtherKind(leaf, tried) || this.lacksBeside(trial, path, leaf)) return 'unknown';
      else if (isUnseen(leaf, tried)) {
        if (this.closed.values && isUnusual(0, tried.count)) return 'unknown';
      } else if (tried.range) beyond ||= isBeyond(leaf.number, tried, this.margin);
    }
    return beyond ? 'beyond' : undefined;
  }

  private lacksBeside(trial: FlatTrial, path: string, leaf: Leaf): boolean {
    // The first is what all trials have.
    return this.implied.size > 1 && this.lacks(trial, valueKey(path, leaf));
  }

  private lacks(trial: FlatTrial, value: string): boolean {
    for (const path of this.implied.get(value) ?? []) if (!trial.has(path)) return true;
    return false;
  }
}

type Range = NonNullable<Tried['range']>;

/** Which trials have each path. */
function placesOf(trials: readonly FlatTrial[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  trials.forEach((trial, place) => {
    for (const path of trial.keys()) {
      const known = places.get(path);
      if (known) known.push(place);
      else places.set(path, [place]);
    }
  });
  return places;
}

function rangeOf(numbers: readonly number[]): Range {
  const levels = [...new Set(numbers)].sort((a, b) => a - b);
  // Below all that is positive there is no logarithm: infinitely far.
  const toScale = readsInLog(levels) ? (value: number) => Math.log(Math.max(0, value)) : (value: number) => value;
  return { low: toScale(levels[0]!), high: toScale(levels.at(-1)!), toScale };
}

/** Whether of exchangeable trials the next is what `times` of n are to the others less often than USUAL. */
const isUnusual = (times: number, n: number): boolean => times + 1 <= USUAL * (n + 1);

/** @param margin in ranges */
function isBeyond(number: number, { range, count }: Tried, margin: number): boolean {
  return !!range && overshoot(range.toScale(number), range) > Math.max(margin, OF_FEW / count);
}

/** How far a value on the scale lies beyond the range, in such ranges; 0 within it. */
function overshoot(value: number, { low, high }: Pick<Range, 'low' | 'high'>): number {
  const beyond = Math.max(low - value, value - high, 0);
  return beyond > 0 ? beyond / (high - low) : 0;
}

/** Raises each trial's overshoot to that of its number beyond those of the others: only of a single least or greatest there is one. */
function noteOvershoots(leaves: readonly Leaf[], places: readonly number[], range: Range, overshoots: Float64Array) {
  const scaled = leaves
    .map(({ number }, i) => ({ value: range.toScale(number), place: places[i]! }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value);
  const note = (end: number, others: { low: number; high: number }) => {
    const { value, place } = scaled[end]!;
    // A constant that one trial changed is unknown there, not beyond.
    if (others.low < others.high) overshoots[place] = Math.max(overshoots[place]!, overshoot(value, others));
  };
  if (scaled.length < 3) return;
  const last = scaled.length - 1;
  note(0, { low: scaled[1]!.value, high: scaled[last]!.value });
  note(last, { low: scaled[0]!.value, high: scaled[last - 1]!.value });
}

/** How often each string stands there; undefined where there are none, or lists of them. */
function countStrings(leaves: readonly Leaf[]): Map<string, number> | undefined {
  const counts = new Map<string, number>();
  for (const { strings } of leaves) {
    if (strings.length > 1) return undefined;
    for (const text of strings) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts.size > 0 ? counts : undefined;
}

/** Strings that come back; undefined where at least half of the trials share theirs with no other, as text does. */
function categoriesOf(leaves: readonly Leaf[]): ReadonlyMap<string, number> | undefined {
  const counts = countStrings(leaves);
  if (!counts) return undefined;
  const counted = [...counts.values()];
  const total = counted.reduce((sum, count) => sum + count, 0);
  const single = counted.filter((count) => count === 1).length;
  return 2 * single < total ? counts : undefined;
}

/** The value of the one number that differs from the others, which are all the same. */
function loneNumber(numbers: readonly number[]): number | undefined {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [first, second, last] = [sorted[0], sorted[1], sorted.at(-1)];
  if (sorted.length < 3 || first === last) return undefined;
  if (second === last) return first;
  return first === sorted.at(-2) ? last : undefined;
}

const isOtherKind = ({ number, strings }: Leaf, { range, hasStrings }: Tried): boolean =>
  strings.length > 0 ? !hasStrings : !Number.isNaN(number) && !range;

/** Whether it is a category, or a change of what was constant, that no trial has. */
function isUnseen({ number, strings }: Leaf, { range, categories }: Tried): boolean {
  if (strings.length > 0) return strings.length === 1 && categories?.has(strings[0]!) === false;
  return !!range && range.low === range.high && range.toScale(number) !== range.low;
}

/** Paths that all trials have, and those that come and go with a value of another. */
function impliedPaths(trials: readonly FlatTrial[], paths: ReadonlyMap<string, Tried>): Map<string, Set<string>> {
  const always = new Set<string>();
  const optional = new Set<string>();
  for (const [path, { count }] of paths) (count === trials.length ? always : optional).add(path);
  const implied = new Map<string, Set<string>>();
  if (optional.size > 0 && optional.size <= MAX_OPTIONAL) {
    const times = new Map<string, number>();
    for (const trial of trials) {
      const has = [...optional].filter((path) => trial.has(path));
      for (const [path, leaf] of trial) {
        const key = valueKey(path, leaf);
        const known = implied.get(key);
        if (!known) implied.set(key, new Set(has));
        else for (const other of known) if (!trial.has(other)) known.delete(other);
        times.set(key, (times.get(key) ?? 0) + 1);
      }
    }
    for (const [key, others] of implied) {
      for (const path of others) {
        const share = paths.get(path)!.count / trials.length;
        if (share ** times.get(key)! >= BY_CHANCE) others.delete(path);
      }
      if (others.size === 0) implied.delete(key);
    }
  }
  return implied.set('', always);
}

const valueKey = (path: string, { number, strings }: Leaf): string => JSON.stringify([path, number, strings]);

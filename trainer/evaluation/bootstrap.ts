// How sure a ratio of mean errors is: bootstrap over tasks, both methods always on the same tasks (Efron and Tibshirani 1993).
import { Random } from '../random.js';
import { mean } from './metrics.js';
import type { Ratio } from './types.js';

const BOOTSTRAP_STREAM = 0x626f6f74;
/** Beside a method that makes almost no error, or none, ratios end here. */
const MOST = 1000;
/** Tails left out on each side. */
const TAIL = 0.025;

/** One task: what two methods scored on it. */
export interface Pair {
  family: string;
  ours: number;
  theirs: number;
}

/**
 * Mean over families of the mean over their tasks, ours divided by theirs. An interval's draw takes as many tasks as there are,
 * with replacement, whatever their family; families that were not drawn do not count in it.
 * @param pairs at least one
 */
export function ratioOf(pairs: readonly Pair[], resamples: number, seed: number): Ratio {
  const value = ratio(pairs);
  const random = new Random(seed, BOOTSTRAP_STREAM);
  const draws = Float64Array.from({ length: resamples }, () =>
    ratio(pairs.map(() => pairs[random.integer(pairs.length)]!)),
  ).sort();
  const at = (p: number) => draws[Math.round(p * (draws.length - 1))]!;
  return { value, lower: at(TAIL), upper: at(1 - TAIL) };
}

/** Means over the tasks of each family, then over families. */
export function overFamilies<T extends { family: string }>(tasks: readonly T[], value: (task: T) => number): number {
  const families = new Map<string, number[]>();
  for (const task of tasks) {
    const values = families.get(task.family);
    if (values) values.push(value(task));
    else families.set(task.family, [value(task)]);
  }
  return mean([...families.values()].map(mean));
}

function ratio(pairs: readonly Pair[]): number {
  const [ours, theirs] = [overFamilies(pairs, (p) => p.ours), overFamilies(pairs, (p) => p.theirs)];
  // Both exact: neither is better.
  return ours === theirs ? 1 : Math.min(MOST, ours / theirs);
}

// How sure a ratio of mean errors is: bootstrap over tasks, both methods always on the same tasks (Efron and Tibshirani 1993).
import { Random } from '../random.js';
import { mean } from '../statistics.js';
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
  const ratio = ratioOver(pairs);
  const random = new Random(seed, BOOTSTRAP_STREAM);
  const drawn = Int32Array.from(pairs.keys());
  const value = ratio(drawn);
  const draws = Float64Array.from({ length: resamples }, () =>
    ratio(drawn.map(() => random.integer(pairs.length))),
  ).sort();
  const at = (p: number) => draws[Math.round(p * (draws.length - 1))]!;
  return { value, lower: at(TAIL), upper: at(1 - TAIL) };
}

/** The ratio over the pairs at some positions. Thousands of draws are made: sums are kept by number of the family. */
function ratioOver(pairs: readonly Pair[]): (positions: Int32Array) => number {
  const names = [...new Set(pairs.map(({ family }) => family))];
  const families = Int32Array.from(pairs, ({ family }) => names.indexOf(family));
  const sums = Array.from(names, () => ({ tasks: 0, ours: 0, theirs: 0 }));
  return (positions) => {
    for (const sum of sums) Object.assign(sum, { tasks: 0, ours: 0, theirs: 0 });
    for (const position of positions) {
      const sum = sums[families[position]!]!;
      sum.tasks++;
      sum.ours += pairs[position]!.ours;
      sum.theirs += pairs[position]!.theirs;
    }
    let [ours, theirs] = [0, 0];
    for (const sum of sums) {
      if (sum.tasks === 0) continue;
      ours += sum.ours / sum.tasks;
      theirs += sum.theirs / sum.tasks;
    }
    // Both exact: neither is better.
    return ours === theirs ? 1 : Math.min(MOST, ours / theirs);
  };
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

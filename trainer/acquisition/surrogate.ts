// What is cheap to ask: a normal distribution a candidate, scored in closed form. It finds the candidates that the model is asked about.

import { logImprovement, logNormalCdf, normalQuantile } from '../normal.js';
import type { JsonObject } from '../types.js';
import type { AcquisitionOptions, Aim } from './criteria.js';

/** Normal distributions for some x, on the surrogate's own scale of y. */
export interface NormalPredictions {
  readonly mean: Float64Array;
  readonly sd: Float64Array;
  /** Probability of failure; absent where nothing has failed. */
  readonly pInfeasible?: Float64Array;
}

/** Answers for thousands of x in milliseconds. */
export interface Surrogate {
  predict(xs: readonly JsonObject[]): NormalPredictions;
  /**
   * From y to the scale of the predictions, increasing. A y that spans powers of ten is near normal in its logarithm; taken
   * for normal as it is, every x has the sd of the largest and improvement is sought everywhere.
   */
  toScale(y: number): number;
  fromScale(z: number): number;
  /** Whether the scale is other than y, shifted and stretched. */
  readonly bent: boolean;
}

/**
 * Scores of candidates under the surrogate, greater is better: those of `acquisition` or an increasing transform of them, so
 * that they order and do no more. Improvement is taken as its logarithm, which still tells candidates apart where the
 * improvement itself is 0 in floating point (Ament et al., 2023). A draw each of thousands would be won by the luckiest: for
 * `thompson` candidates are found by their expected improvement, and the draws are the model's.
 */
export function surrogateScores(
  surrogate: Surrogate,
  xs: readonly JsonObject[],
  { goal, incumbent }: Aim,
  { criterion, level }: Pick<AcquisitionOptions, 'criterion' | 'level'>,
): Float64Array {
  const { mean, sd, pInfeasible } = surrogate.predict(xs);
  const start = incumbent === undefined ? undefined : surrogate.toScale(incumbent);
  const sign = goal === 'minimize' ? 1 : -1;
  const stretch = new Map<number, number>();
  return mean.map((centre, i) => {
    const feasible = 1 - Math.min(SUREST, Math.max(0, pInfeasible?.[i] ?? 0));
    const spread = Math.max(sd[i]!, Number.MIN_VALUE);
    if (criterion === 'upper_confidence_bound') {
      // Shares to a hundredth, as a quantile each would cost more than the surrogate.
      const share = Math.ceil((100 * (1 - level)) / feasible) / 100;
      if (share >= 1) return Number.NEGATIVE_INFINITY;
      if (!stretch.has(share)) stretch.set(share, normalQuantile(share));
      return -sign * centre - stretch.get(share)! * spread;
    }
    if (start === undefined) return Math.log(feasible);
    const z = (sign * (start - centre)) / spread;
    if (criterion === 'probability_of_improvement') return Math.log(feasible) + logNormalCdf(z);
    return Math.log(feasible) + Math.log(spread) + logImprovement(z);
  });
}

/** A failure that is believed to be certain still leaves an order between candidates. */
const SUREST = 0.9999;

// Intervals around any prediction from the errors it made on trials it had not seen (split conformal; Lei et al. 2018).
import { normalQuantile } from '../normal.js';

/** Bounds that hold the truth with a wanted probability. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Half width of an interval of probability `level` in units of the scores, which are sorted sizes of out-of-sample errors.
 * With n scores no level beyond n / (n + 1) is certain: further out the largest score is stretched as the tails of a normal distribution are.
 */
export function conformalRadius(sortedScores: Float64Array, level: number): number {
  const n = sortedScores.length;
  const rank = Math.ceil((n + 1) * level);
  if (rank <= n) return sortedScores[rank - 1]!;
  const stretch = normalQuantile((1 + level) / 2) / normalQuantile((1 + n / (n + 1)) / 2);
  return sortedScores[n - 1]! * stretch;
}

/** Bounds of the central `level` of sorted measurements, each tail holding at most its share of them. */
export function empiricalBounds(sorted: Float64Array, level: number): Bounds {
  const n = sorted.length;
  // 1 − 0.9 is a little less than 0.1, and would cost a rank where the product is whole.
  const rank = Math.floor(((n + 1) * (1 - level)) / 2 + 1e-9);
  if (rank >= 1) return { lower: sorted[rank - 1]!, upper: sorted[n - rank]! };
  // Too few measurements for this level: the range, stretched about its middle.
  const middle = sorted[0]! / 2 + sorted[n - 1]! / 2;
  if (n === 1) {
    // One measurement has no range: it may be off by its own size, as an error of one trial is judged.
    const radius = conformalRadius(Float64Array.of(Math.abs(middle) || 1), level);
    return { lower: middle - radius, upper: middle + radius };
  }
  const radius = sorted[n - 1]! / 2 - sorted[0]! / 2;
  const stretch = normalQuantile((1 + level) / 2) / normalQuantile(n / (n + 1));
  return { lower: middle - radius * Math.max(1, stretch), upper: middle + radius * Math.max(1, stretch) };
}

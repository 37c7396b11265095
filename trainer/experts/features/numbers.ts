// Number columns: raw for trees; for distances warped to a log scale where they span orders of magnitude, standardised, with a missing flag.
import type { ParameterEncoder } from './encoder.js';

/** A positive column is read on a log scale once its largest value is this many times its smallest. */
const LOG_SPAN = 20;
/** Standardised values are kept within ± this, so that a wild query can't overflow a distance. */
const MAX_STANDARDISED = 30;

type Warp = (value: number) => number;

/**
 * Fits the encoder of one number column; NaN marks the rows where it is missing.
 * Returns null where the column says nothing: constant, and either never or always missing.
 */
export function fitNumberEncoder(values: Float64Array): ParameterEncoder | null {
  const present = values.filter((value) => !Number.isNaN(value));
  const missingShare = 1 - present.length / values.length;
  const varies = present.some((value) => value !== present[0]);
  if (!varies && (present.length === 0 || missingShare === 0)) return null;

  const warp = varies ? chooseWarp(present) : () => 0;
  const { mean, sd } = moments(present.map(warp));
  // Flag and number share the parameter's unit variance: the number has 1 - missingShare of it (0 stands in where missing), the flag the rest.
  const hasFlag = missingShare > 0;
  const flagScale = hasFlag ? 1 / Math.sqrt(1 - missingShare) : 0;
  return {
    treeColumns: 1,
    metricColumns: hasFlag ? 2 : 1,
    encode(leaf, { tree, treeAt, metric, metricAt }) {
      const value = leaf?.number ?? Number.NaN;
      const missing = Number.isNaN(value);
      if (!missing) {
        tree[treeAt] = value;
        const standardised = sd > 0 ? (warp(value) - mean) / sd : 0;
        metric[metricAt] = Math.max(-MAX_STANDARDISED, Math.min(MAX_STANDARDISED, standardised));
      }
      if (hasFlag) metric[metricAt + 1] = ((missing ? 1 : 0) - missingShare) * flagScale;
    },
  };
}

/** Picks the scale on which a column is least skewed: as it is, or logarithmic where it is positive (or not negative) and spans decades. */
function chooseWarp(present: Float64Array): Warp {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  let negative = false;
  let hasZero = false;
  for (const value of present) {
    negative ||= value < 0;
    hasZero ||= value === 0;
    if (value > 0) smallest = Math.min(smallest, value);
    largest = Math.max(largest, Math.abs(value));
  }
  // Divided first, so that values near 1e308 don't overflow in sums of squares.
  const linear: Warp = (value) => value / largest;
  if (negative || !(largest / smallest >= LOG_SPAN)) return linear;
  const floor = hasZero ? smallest / 2 : smallest / LOG_SPAN;
  const logarithmic: Warp = hasZero
    ? (value) => Math.log(Math.max(value, 0) + floor)
    : (value) => Math.log(Math.max(value, floor));
  return Math.abs(skewness(present.map(logarithmic))) < Math.abs(skewness(present.map(linear))) ? logarithmic : linear;
}

function moments(values: Float64Array): { mean: number; sd: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, sd: Math.sqrt(squares / values.length) };
}

function skewness(values: Float64Array): number {
  const { mean, sd } = moments(values);
  let cubes = 0;
  for (const value of values) cubes += ((value - mean) / sd) ** 3;
  return cubes / values.length;
}

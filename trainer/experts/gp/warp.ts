// Scales on which a Gaussian process may see y: a strongly skewed or heavy-tailed y is far closer to normal after a fitted transform.
import { quantile } from '../../../tokenizer/frame.js';

/** An increasing transform of y to a scale of mean 0 and standard deviation 1. */
export interface Warp {
  readonly name: 'linear' | 'log' | 'asinh';
  forward(y: number): number;
  /** Back to y; z is kept near what was measured, so that the result is finite. */
  inverse(z: number): number;
  /** The nearest z that a prediction may have: extrapolation beyond what was measured is no longer trusted. */
  clampCentre(z: number): number;
  /** Σ log |d forward / dy| over the data it was fitted on: makes likelihoods on different scales comparable. */
  readonly logJacobian: number;
}

/** How far beyond all measurements a prediction may lie, and the bounds around it, in standard deviations: back on y it could be any size. */
const CENTRE_MARGIN = 1;
const BOUND_MARGIN = 4;

/** The warps worth trying on `y`: always linear; log if y is positive; asinh if it has tails. Constant y has the linear one only. */
export function candidateWarps(y: Float64Array): Warp[] {
  const scale = maxAbs(y) || 1;
  const linear = standardised(
    'linear',
    y,
    (v) => v / scale,
    (u) => u * scale,
    () => 1 / scale,
  );
  const sorted = y.slice().sort();
  const smallest = sorted[0]!;
  const largest = sorted[sorted.length - 1]!;
  if (!(largest > smallest) || y.length < 5) return [linear];
  const warps = [linear];
  if (smallest > 0 && largest / smallest > 2) {
    warps.push(
      standardised(
        'log',
        y,
        (v) => Math.log(Math.max(v, smallest / 1e6)),
        Math.exp,
        (v) => 1 / v,
      ),
    );
  }
  const centre = quantile(sorted, 0.5);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.35;
  if (spread > 0 && largest - smallest > 6 * spread) {
    warps.push(
      standardised(
        'asinh',
        y,
        (v) => Math.asinh((v - centre) / spread),
        (u) => centre + spread * Math.sinh(u),
        (v) => 1 / Math.hypot(v - centre, spread),
      ),
    );
  }
  return warps;
}

function standardised(
  name: Warp['name'],
  y: Float64Array,
  transform: (y: number) => number,
  inverse: (u: number) => number,
  slope: (y: number) => number,
): Warp {
  const values = y.map(transform);
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let variance = 0;
  for (const value of values) variance += (value - mean) ** 2 / values.length;
  // A single or constant y has no spread of its own; its size is the best guess there is.
  const sd = Math.sqrt(variance) || Math.abs(mean) || 1;
  const lowest = (minimum(values) - mean) / sd;
  const highest = (maximum(values) - mean) / sd;
  const clamp = (z: number, margin: number): number => Math.max(lowest - margin, Math.min(highest + margin, z));
  let logJacobian = -values.length * Math.log(sd);
  for (const value of y) logJacobian += Math.log(slope(value));
  return {
    name,
    forward: (v) => (transform(v) - mean) / sd,
    inverse: (z) => inverse(mean + sd * clamp(z, BOUND_MARGIN)),
    clampCentre: (z) => clamp(z, CENTRE_MARGIN),
    logJacobian,
  };
}

function minimum(values: Float64Array): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function maximum(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b));
}

function maxAbs(values: Float64Array): number {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  return max;
}

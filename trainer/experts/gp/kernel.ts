// The covariance of the Gaussian process: Matérn 5/2 with one length scale a parameter, plus a constant (the unknown mean) and noise.
import type { FeatureMatrix } from '../expert.js';

/** Prior variance of the constant: the mean of standardised y is near 0, give or take this. */
export const MEAN_VARIANCE = 0.25;
/** Added to the noise, so that equal rows never make the covariance singular. */
export const MIN_NOISE = 1e-6;

const SQRT5 = Math.sqrt(5);

/** What is learned: logarithms of the length scales (one a parameter), of the signal variance and of the noise variance, in this order. */
export type LogParameters = Float64Array;

/** Matérn 5/2 correlation at squared scaled distance `squared`. */
export function matern52(squared: number): number {
  const r = SQRT5 * Math.sqrt(squared);
  return (1 + r + (r * r) / 3) * Math.exp(-r);
}

/** Derivative of `matern52` by `squared`, times −2: what the chain rule to a log length scale needs. */
export function matern52Slope(squared: number): number {
  const r = SQRT5 * Math.sqrt(squared);
  return (5 / 3) * (1 + r) * Math.exp(-r);
}

/** The parameters of a study as the kernel sees them: the groups of columns that vary, numbered without gaps. */
export function denseGroups(groups: Int32Array): { groupOf: Int32Array; count: number } {
  const numbers = new Map<number, number>();
  const groupOf = groups.map((group) => {
    const known = numbers.get(group) ?? numbers.size;
    numbers.set(group, known);
    return known;
  });
  return { groupOf, count: numbers.size };
}

/** Covariances without noise between row `row` of `queries` and all rows of `training`. */
export function crossCovariance(
  training: FeatureMatrix,
  queries: FeatureMatrix,
  row: number,
  columnScale: Float64Array,
  signal: number,
): Float64Array {
  const d = training.columns;
  const covariance = new Float64Array(training.rows);
  for (let i = 0; i < training.rows; i++) {
    let squared = 0;
    for (let j = 0; j < d; j++) {
      const difference = (training.values[i * d + j]! - queries.values[row * d + j]!) * columnScale[j]!;
      squared += difference * difference;
    }
    covariance[i] = signal * matern52(squared) + MEAN_VARIANCE;
  }
  return covariance;
}

/** The lower triangle of the covariance of the rows of `training`, noise included. */
export function covarianceMatrix(
  training: FeatureMatrix,
  columnScale: Float64Array,
  signal: number,
  noise: number,
): Float64Array {
  const n = training.rows;
  const matrix = new Float64Array(n * n);
  const d = training.columns;
  const scaled = training.values.map((value, at) => value * columnScale[at % d]!);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      let squared = 0;
      for (let j = 0; j < d; j++) {
        const difference = scaled[i * d + j]! - scaled[k * d + j]!;
        squared += difference * difference;
      }
      matrix[i * n + k] = signal * matern52(squared) + MEAN_VARIANCE;
    }
    matrix[i * n + i] = signal + MEAN_VARIANCE + noise;
  }
  return matrix;
}

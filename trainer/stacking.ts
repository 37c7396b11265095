// How much of each expert belongs into their mean, learned from what they said of trials that they had not seen.
// Stacked regressions (Wolpert 1992; Breiman 1996: weights not below 0) that sum to 1, by least absolute errors and not by squares, as one wild y
// would decide otherwise, and drawn to weights that are known before: on a few trials those stay.
import { quantile } from '../tokenizer/frame.js';

/** So many trials' worth of conviction have the weights that are known before, once there are FEW trials; the fewer, the more. */
const CONVICTION = 40;
const FEW = 50;
/** Rounds of reweighting: residuals to the power −1 turn squares into absolute values (Schlossmacher 1973). */
const ROUNDS = 15;
/** Residuals below this share of the median one count alike: 1/0 would hold the rest of the rounds. */
const FLOOR = 1e-3;
const SWEEPS = 100;

/**
 * Weights w ≥ 0 with sum 1 of least Σᵢ |Σₖ wₖ pₖᵢ − yᵢ| + λ·|w − prior|².
 * @param predictions one array an expert, a value a trial, each made without that trial; in the unit of y
 * @param measured y of the trials
 * @param prior weights before any trial, together 1
 */
export function stack(
  predictions: readonly ArrayLike<number>[],
  measured: ArrayLike<number>,
  prior: readonly number[],
): number[] {
  const n = measured.length;
  const residuals = predictions.map((said) => Float64Array.from(said, (value, i) => value - measured[i]!));
  // Residuals of any unit: y may be 1e-30 or 1e30.
  const size = Math.max(...residuals.map((row) => row.reduce((most, r) => Math.max(most, Math.abs(r)), 0)));
  if (!(size > 0 && Number.isFinite(size))) return [...prior];
  for (const row of residuals) for (let i = 0; i < n; i++) row[i]! /= size;
  const pull = CONVICTION * Math.max(1, FEW / n) * disagreement(residuals, n);
  if (pull === 0) return [...prior];
  let weights = [...prior];
  for (let round = 0; round < ROUNDS; round++) {
    const left = Float64Array.from({ length: n }, (_, i) => Math.abs(blend(residuals, weights, i)));
    const floor = FLOOR * quantile(left.slice().sort(), 0.5) + Number.EPSILON;
    const trust = left.map((r) => 1 / Math.max(r, floor));
    weights = leastSquares(residuals, trust, pull * quantile(trust.slice().sort(), 0.5), prior, weights);
  }
  return weights;
}

const blend = (rows: readonly Float64Array[], weights: readonly number[], i: number): number =>
  weights.reduce((sum, weight, k) => sum + weight * rows[k]![i]!, 0);

/** Mean square of what the experts are apart. */
function disagreement(rows: readonly Float64Array[], n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const mean = rows.reduce((total, row) => total + row[i]!, 0) / rows.length;
    for (const row of rows) sum += (row[i]! - mean) ** 2;
  }
  return sum / (n * rows.length);
}

/** Minimizes Σ trustᵢ·(Σ wₖ rₖᵢ)² + pull·|w − prior|² over the simplex, by moving weight between two at a time until nothing is to be gained. */
function leastSquares(
  rows: readonly Float64Array[],
  trust: Float64Array,
  pull: number,
  prior: readonly number[],
  from: readonly number[],
): number[] {
  const count = rows.length;
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + trust[i]! * value * b[i]!, 0);
  const hessian = rows.map((a, j) => rows.map((b, k) => product(a, b) + (j === k ? pull : 0)));
  const weights = [...from];
  const slope = (k: number) => weights.reduce((sum, w, j) => sum + hessian[k]![j]! * w, 0) - pull * prior[k]!;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = 0;
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        const curvature = hessian[a]![a]! + hessian[b]![b]! - 2 * hessian[a]![b]!;
        // Two that say the same: any split between them is as good.
        if (!(curvature > 0)) continue;
        const wanted = (slope(b) - slope(a)) / curvature;
        const step = Math.min(weights[b]!, Math.max(-weights[a]!, wanted));
        weights[a]! += step;
        weights[b]! -= step;
        moved = Math.max(moved, Math.abs(step));
      }
    }
    if (moved < 1e-9) break;
  }
  return weights;
}

// How well kernel parameters explain the data: log marginal likelihood plus log prior, with its gradient (Rasmussen & Williams, eq. 5.9).
import type { FeatureMatrix } from '../expert.js';
import { factorize, invertFactorized, solveLower, solveUpper } from './cholesky.js';
import { denseGroups, type LogParameters, MEAN_VARIANCE, MIN_NOISE, matern52, matern52Slope } from './kernel.js';

/** Normal priors on the log parameters. They keep a handful of trials from being explained by length scales alone. */
export interface Priors {
  /** Median length scale of a parameter is this times the root of the number of parameters (after Hvarfner et al. 2024). */
  readonly lengthScale: number;
  readonly lengthScaleSpread: number;
  readonly signal: number;
  readonly signalSpread: number;
  readonly noise: number;
  readonly noiseSpread: number;
}

/** Means and standard deviations of the priors, in the order of the parameters. */
export interface LogPriors {
  readonly mean: LogParameters;
  readonly sd: Float64Array;
}

/** Lays the priors out for `groups` parameters. */
export function logPriors(priors: Priors, groups: number): LogPriors {
  const mean = new Float64Array(groups + 2).fill(Math.log(priors.lengthScale * Math.sqrt(Math.max(1, groups))));
  const sd = new Float64Array(groups + 2).fill(priors.lengthScaleSpread);
  mean.set([Math.log(priors.signal), Math.log(priors.noise)], groups);
  sd.set([priors.signalSpread, priors.noiseSpread], groups);
  return { mean, sd };
}

/** The posterior of the kernel parameters on one set of rows. Distances are computed once, for every evaluation. */
export class KernelPosterior {
  readonly groups: number;
  private readonly n: number;
  /** Squared distance of each pair i > k in each group: [pair * groups + group]. */
  private readonly squares: Float64Array;
  private readonly factor: Float64Array;
  private readonly inverse: Float64Array;
  private readonly scratch: Float64Array;
  private readonly slopes: Float64Array;

  constructor(
    features: FeatureMatrix,
    private readonly y: Float64Array,
    private readonly priors: LogPriors,
  ) {
    this.n = features.rows;
    const { groupOf, count } = denseGroups(features.groups);
    this.groups = count;
    this.squares = pairwiseSquares(features, groupOf, count);
    const cells = this.n * this.n;
    this.factor = new Float64Array(cells);
    this.inverse = new Float64Array(cells);
    this.scratch = new Float64Array(cells);
    this.slopes = new Float64Array((this.n * (this.n - 1)) / 2);
  }

  /** Minus the log posterior (up to a constant) at `parameters`; its gradient goes into `gradient`. Infinity where it can't be computed. */
  negativeLog(parameters: LogParameters, gradient: Float64Array): number {
    const { n, groups, y, factor, priors } = this;
    const signal = Math.exp(parameters[groups]!);
    const noise = Math.exp(parameters[groups + 1]!);
    this.fillCovariance(parameters, signal, noise + MIN_NOISE);
    if (!factorize(factor, n)) return Number.POSITIVE_INFINITY;
    const alpha = y.slice();
    solveLower(factor, n, alpha);
    let value = (n / 2) * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) value += 0.5 * alpha[i]! ** 2 + Math.log(factor[i * n + i]!);
    solveUpper(factor, n, alpha);
    this.fillGradient(parameters, noise, alpha, gradient);
    for (let p = 0; p < gradient.length; p++) {
      const z = (parameters[p]! - priors.mean[p]!) / priors.sd[p]!;
      value += 0.5 * z * z;
      gradient[p]! += z / priors.sd[p]!;
    }
    return value;
  }

  private fillCovariance(parameters: LogParameters, signal: number, noise: number): void {
    const { n, groups, squares, factor, slopes } = this;
    const weights = new Float64Array(groups);
    for (let g = 0; g < groups; g++) weights[g] = Math.exp(-2 * parameters[g]!);
    for (let i = 0, pair = 0; i < n; i++) {
      for (let k = 0; k < i; k++, pair++) {
        let squared = 0;
        for (let g = 0, at = pair * groups; g < groups; g++) squared += weights[g]! * squares[at + g]!;
        factor[i * n + k] = signal * matern52(squared) + MEAN_VARIANCE;
        slopes[pair] = signal * matern52Slope(squared);
      }
      factor[i * n + i] = signal + MEAN_VARIANCE + noise;
    }
  }

  /** Gradient of the negative log likelihood: −½ tr((ααᵀ − K⁻¹) ∂K/∂θ). */
  private fillGradient(parameters: LogParameters, noise: number, alpha: Float64Array, gradient: Float64Array): void {
    const { n, groups, squares, factor, inverse, slopes } = this;
    invertFactorized(factor, n, inverse, this.scratch);
    gradient.fill(0);
    let trace = 0;
    let total = 0;
    let weightedTotal = 0;
    for (let i = 0, pair = 0; i < n; i++) {
      const ai = alpha[i]!;
      for (let k = 0; k < i; k++, pair++) {
        // Each pair stands for both triangles, which cancels the ½.
        const w = ai * alpha[k]! - inverse[i * n + k]!;
        total += 2 * w;
        const slope = w * slopes[pair]!;
        for (let g = 0, at = pair * groups; g < groups; g++) gradient[g]! -= slope * squares[at + g]!;
      }
      const diagonal = ai * ai - inverse[i * n + i]!;
      trace += diagonal;
      total += diagonal;
      weightedTotal += ai * this.y[i]! - 1;
    }
    for (let g = 0; g < groups; g++) gradient[g]! *= Math.exp(-2 * parameters[g]!);
    // Signal: ∂K/∂log s² = K − constant − noise, and tr((ααᵀ − K⁻¹) K) = Σ (αᵢ yᵢ − 1).
    gradient[groups] = -0.5 * (weightedTotal - MEAN_VARIANCE * total - (noise + MIN_NOISE) * trace);
    gradient[groups + 1] = -0.5 * noise * trace;
  }
}

function pairwiseSquares(features: FeatureMatrix, groupOf: Int32Array, groups: number): Float64Array {
  const { rows, columns, values } = features;
  const squares = new Float64Array(((rows * (rows - 1)) / 2) * groups);
  for (let i = 0, pair = 0; i < rows; i++) {
    for (let k = 0; k < i; k++, pair++) {
      for (let j = 0; j < columns; j++) {
        const difference = values[i * columns + j]! - values[k * columns + j]!;
        squares[pair * groups + groupOf[j]!]! += difference * difference;
      }
    }
  }
  return squares;
}

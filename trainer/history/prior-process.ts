// A Gaussian process whose prior is learned from related studies: its mean is theirs, and functions vary as they vary from one
// study to the next. After HyperBO (Wang et al., arXiv 2109.08215): an empirical prior, with a stationary part for what is new.
import type { FeatureMatrix } from '../experts/expert.js';
import { factorize, invertFactorized, leaveOneOut, solveLower, solveUpper } from '../experts/gp/cholesky.js';
import { denseGroups, matern52, matern52Slope } from '../experts/gp/kernel.js';
import { minimize } from '../experts/gp/lbfgs.js';

/** Priors of the log parameters, as [mean, standard deviation]; variances in units of that of all relatives' trials. Chosen on `train+evaluate` families. */
const PRIORS = {
  /** Factor of the relatives' own covariance. */
  covariance: [0, 0.7],
  /** Variance of a constant that is added: a level of its own. */
  constant: [-3, 1],
  /** Variance of the factor of the relatives' mean, around 1. */
  slope: [-2.3, 1],
  /** Variance of what no relative shows: a Matérn 5/2 over the parameters. */
  novelty: [-2.3, 1.2],
  noise: [-3.5, 1.5],
} as const;
/** Median length scale of a parameter is this times the root of their number; and the standard deviation of its logarithm. */
const LENGTH_SCALE = 4;
const LENGTH_SCALE_SPREAD = 1.2;

/** Rows that the parameters are learned on, at most, and evaluations of their likelihood. */
const LEARNING_ROWS = 80;
const EVALUATIONS = 20;
const MAX_MOVE = 1;
const TOLERANCE = 1e-3;
/** Added to the noise, in units: equal rows never make the covariance singular. */
const MIN_NOISE = 1e-7;

/** Some points as the prior sees them: what each relative says of them, and their parameters. */
export interface PriorPoints {
  /** [relatives][points], on the common scale. */
  readonly said: readonly Float64Array[];
  readonly features: FeatureMatrix;
}

export interface Prior {
  /** Of each relative, summing to 1. */
  readonly weights: Float64Array;
  /** Variance of the relatives' trials, within studies and between them. */
  readonly unit: number;
  /** Mean of what the relatives say, over all of their trials. */
  readonly level: number;
  /** Added to what the relatives say: where the study's metadata puts it. */
  readonly shift: number;
}

export interface Normals {
  mean: Float64Array;
  sd: Float64Array;
}

/** Parameters by place: five of the prior, then a log length scale a parameter. */
const [COVARIANCE, CONSTANT, SLOPE, NOVELTY, NOISE, FIRST_LENGTH] = [0, 1, 2, 3, 4, 5];

/** The parts of the covariance that no parameter changes, for each pair of some rows. */
interface Parts {
  readonly n: number;
  /** [n × n], lower triangles. */
  readonly relatives: Float64Array;
  readonly slopes: Float64Array;
  /** [pair i > k][group]. */
  readonly squares: Float64Array;
}

export class PriorProcess {
  private readonly rows: number;
  private readonly groupOf: Int32Array;
  private readonly groups: number;
  private readonly mean: Float64Array;
  /** Deviations of each relative from the mean, times the root of its weight. */
  private readonly deviations: Float64Array[];
  private readonly parameters: Float64Array;
  private readonly factor: Float64Array;
  /** K⁻¹ (z − mean). */
  private readonly alpha: Float64Array;

  /**
   * @param points at least one, with the measurements z there on the common scale; the first ones should be a fair sample of all
   * @param parameters log parameters, five and a length scale a parameter; learned from the points where none are given
   */
  constructor(
    private readonly prior: Prior,
    private readonly points: PriorPoints,
    private readonly z: Float64Array,
    parameters?: Float64Array,
  ) {
    this.rows = z.length;
    const { groupOf, count } = denseGroups(points.features.groups);
    this.groupOf = groupOf;
    this.groups = count;
    ({ mean: this.mean, deviations: this.deviations } = summarize(prior, points.said));
    const residual = z.map((value, i) => value - this.mean[i]!);
    this.parameters = parameters ?? this.learn();
    const parts = this.partsOf(this.rows);
    this.factor = this.factorizeCovariance(parts);
    this.alpha = residual;
    solveLower(this.factor, this.rows, this.alpha);
    solveUpper(this.factor, this.rows, this.alpha);
  }

  /** Mean and standard deviation of a new measurement at each of the points. */
  predict(asked: PriorPoints): Normals {
    const { mean: means, deviations } = summarize(this.prior, asked.said);
    const n = means.length;
    const mean = new Float64Array(n);
    const sd = new Float64Array(n);
    const row = new Float64Array(this.rows);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < this.rows; k++) row[k] = this.covariance(means, deviations, asked.features, i, k);
      let sum = means[i]!;
      for (let k = 0; k < this.rows; k++) sum += row[k]! * this.alpha[k]!;
      mean[i] = sum;
      solveLower(this.factor, this.rows, row);
      const noise = Math.exp(this.parameters[NOISE]!);
      let variance = this.variance(means[i]!, deviations, i);
      for (let k = 0; k < this.rows; k++) variance -= row[k]! ** 2;
      sd[i] = Math.sqrt(Math.max(variance, noise));
    }
    return { mean, sd };
  }

  /** What it would say of each of its own points had it not seen that one, its parameters unchanged. */
  leaveOneOut(): Normals {
    return leaveOneOut(this.factor, this.z, this.alpha);
  }

  /** Log parameters: of the relatives' covariance, constant, slope, novelty and noise, then of the length scales. */
  get learned(): Float64Array {
    return this.parameters;
  }

  /** Of the rows that parameters are learned on. */
  likelihood(): PriorLikelihood {
    const n = Math.min(this.rows, LEARNING_ROWS);
    const residual = this.z.subarray(0, n).map((value, i) => value - this.mean[i]!);
    return new PriorLikelihood(this.partsOf(n), this.groups, residual, this.prior.unit);
  }

  private learn(): Float64Array {
    const { mean, sd } = this.parameterPriors();
    const likelihood = this.likelihood();
    const objective = (x: Float64Array, gradient: Float64Array): number => {
      let value = likelihood.negativeLog(x, gradient);
      for (let p = 0; p < x.length; p++) {
        const distance = (x[p]! - mean[p]!) / sd[p]!;
        value += 0.5 * distance * distance;
        gradient[p]! += distance / sd[p]!;
      }
      return value;
    };
    return minimize(objective, mean, { maxEvaluations: EVALUATIONS, maxMove: MAX_MOVE, tolerance: TOLERANCE }).x;
  }

  private parameterPriors(): { mean: Float64Array; sd: Float64Array } {
    const { covariance, constant, slope, novelty, noise } = PRIORS;
    const unit = Math.log(this.prior.unit);
    const lengths = new Array<number>(this.groups).fill(Math.log(LENGTH_SCALE * Math.sqrt(Math.max(1, this.groups))));
    const five = [covariance, constant, slope, novelty, noise];
    const inUnits = [0, unit, 0, unit, unit];
    return {
      mean: Float64Array.from([...five.map(([mean], p) => mean + inUnits[p]!), ...lengths]),
      sd: Float64Array.from([...five.map(([, sd]) => sd), ...lengths.map(() => LENGTH_SCALE_SPREAD)]),
    };
  }

  private partsOf(n: number): Parts {
    const { groups, points, deviations, mean } = this;
    const relatives = new Float64Array(n * n);
    const slopes = new Float64Array(n * n);
    const squares = new Float64Array(((n * (n - 1)) / 2) * groups);
    const { level, shift } = this.prior;
    for (let i = 0, pair = 0; i < n; i++) {
      for (let k = 0; k <= i; k++) {
        let sum = 0;
        for (const deviation of deviations) sum += deviation[i]! * deviation[k]!;
        relatives[i * n + k] = sum;
        slopes[i * n + k] = (mean[i]! - level - shift) * (mean[k]! - level - shift);
        if (k < i) addSquares(points.features, i, points.features, k, this.groupOf, squares, pair++ * groups);
      }
    }
    return { n, relatives, slopes, squares };
  }

  private factorizeCovariance(parts: Parts): Float64Array {
    for (let jitter = MIN_NOISE; ; jitter *= 10) {
      const matrix = new Float64Array(this.rows * this.rows);
      fillCovariance(parts, this.groups, this.parameters, jitter * this.prior.unit, matrix);
      if (factorize(matrix, this.rows)) return matrix;
    }
  }

  /** Between row i of `features`, of which the relatives say `means` and `deviations`, and the k-th own point. */
  private covariance(
    means: Float64Array,
    deviations: readonly Float64Array[],
    features: FeatureMatrix,
    i: number,
    k: number,
  ): number {
    const { parameters, groups, prior } = this;
    let relatives = 0;
    for (let t = 0; t < deviations.length; t++) relatives += deviations[t]![i]! * this.deviations[t]![k]!;
    const squares = new Float64Array(groups);
    addSquares(features, i, this.points.features, k, this.groupOf, squares, 0);
    let squared = 0;
    for (let g = 0; g < groups; g++) squared += Math.exp(-2 * parameters[FIRST_LENGTH + g]!) * squares[g]!;
    const level = prior.level + prior.shift;
    return (
      Math.exp(parameters[COVARIANCE]!) * relatives +
      Math.exp(parameters[CONSTANT]!) +
      Math.exp(parameters[SLOPE]!) * (means[i]! - level) * (this.mean[k]! - level) +
      Math.exp(parameters[NOVELTY]!) * matern52(squared)
    );
  }

  /** Of a new measurement at a point, before any is known. */
  private variance(mean: number, deviations: readonly Float64Array[], i: number): number {
    const { parameters, prior } = this;
    let relatives = 0;
    for (const deviation of deviations) relatives += deviation[i]! ** 2;
    return (
      Math.exp(parameters[COVARIANCE]!) * relatives +
      Math.exp(parameters[CONSTANT]!) +
      Math.exp(parameters[SLOPE]!) * (mean - prior.level - prior.shift) ** 2 +
      Math.exp(parameters[NOVELTY]!) +
      Math.exp(parameters[NOISE]!)
    );
  }
}

/** Before anything was measured: the relatives' mean, and how far they stand from it. */
export function priorAlone(prior: Prior, said: readonly Float64Array[]): Normals {
  const { mean, deviations } = summarize(prior, said);
  const rest = (Math.exp(PRIORS.constant[0]) + Math.exp(PRIORS.novelty[0]) + Math.exp(PRIORS.noise[0])) * prior.unit;
  const sd = mean.map((_, i) => Math.sqrt(deviations.reduce((sum, deviation) => sum + deviation[i]! ** 2, rest)));
  return { mean, sd };
}

function summarize({ weights, shift }: Prior, said: readonly Float64Array[]) {
  const mean = new Float64Array(said[0]!.length);
  said.forEach((values, t) => {
    for (let i = 0; i < mean.length; i++) mean[i]! += weights[t]! * values[i]!;
  });
  const deviations = said.map((values, t) => values.map((value, i) => Math.sqrt(weights[t]!) * (value - mean[i]!)));
  return { mean: mean.map((value) => value + shift), deviations };
}

/** The negative log marginal likelihood of residuals and its gradient by the log parameters (Rasmussen & Williams, eq. 5.9). */
export class PriorLikelihood {
  private readonly factor: Float64Array;
  private readonly inverse: Float64Array;
  private readonly scratch: Float64Array;
  private readonly matern: Float64Array;
  private readonly slope: Float64Array;

  constructor(
    private readonly parts: Parts,
    private readonly groups: number,
    private readonly residual: Float64Array,
    private readonly unit: number,
  ) {
    const { n } = parts;
    this.factor = new Float64Array(n * n);
    this.inverse = new Float64Array(n * n);
    this.scratch = new Float64Array(n * n);
    this.matern = new Float64Array((n * (n - 1)) / 2);
    this.slope = new Float64Array((n * (n - 1)) / 2);
  }

  /** Infinity where the covariance cannot be factorized. */
  negativeLog(parameters: Float64Array, gradient: Float64Array): number {
    const { parts, groups, factor, inverse, residual } = this;
    const { n } = parts;
    fillCovariance(parts, groups, parameters, MIN_NOISE * this.unit, factor, this.matern, this.slope);
    if (!factorize(factor, n)) return Number.POSITIVE_INFINITY;
    const alpha = residual.slice();
    solveLower(factor, n, alpha);
    let value = (n / 2) * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) value += 0.5 * alpha[i]! ** 2 + Math.log(factor[i * n + i]!);
    solveUpper(factor, n, alpha);
    invertFactorized(factor, n, inverse, this.scratch);
    this.fillGradient(parameters, alpha, gradient);
    return value;
  }

  /** −½ tr((ααᵀ − K⁻¹) ∂K/∂θ), each pair of rows standing for both triangles. */
  private fillGradient(parameters: Float64Array, alpha: Float64Array, gradient: Float64Array): void {
    const { parts, groups, inverse, matern, slope } = this;
    const { n, relatives, slopes, squares } = parts;
    gradient.fill(0);
    const sums = new Float64Array(FIRST_LENGTH);
    const novelty = Math.exp(parameters[NOVELTY]!);
    for (let i = 0, pair = 0; i < n; i++) {
      for (let k = 0; k < i; k++, pair++) {
        const weight = 2 * (alpha[i]! * alpha[k]! - inverse[i * n + k]!);
        sums[COVARIANCE]! += weight * relatives[i * n + k]!;
        sums[CONSTANT]! += weight;
        sums[SLOPE]! += weight * slopes[i * n + k]!;
        sums[NOVELTY]! += weight * matern[pair]!;
        const steep = (weight / 2) * novelty * slope[pair]!;
        for (let g = 0, at = pair * groups; g < groups; g++) gradient[FIRST_LENGTH + g]! -= steep * squares[at + g]!;
      }
      const weight = alpha[i]! ** 2 - inverse[i * n + i]!;
      sums[COVARIANCE]! += weight * relatives[i * n + i]!;
      sums[CONSTANT]! += weight;
      sums[SLOPE]! += weight * slopes[i * n + i]!;
      sums[NOVELTY]! += weight;
      sums[NOISE]! += weight;
    }
    for (let p = 0; p < FIRST_LENGTH; p++) gradient[p] = -0.5 * Math.exp(parameters[p]!) * sums[p]!;
    for (let g = 0; g < groups; g++) gradient[FIRST_LENGTH + g]! *= Math.exp(-2 * parameters[FIRST_LENGTH + g]!);
  }
}

/** Lower triangle of the covariance with noise; `matern` and its slope by pair for the gradient. */
function fillCovariance(
  { n, relatives, slopes, squares }: Parts,
  groups: number,
  parameters: Float64Array,
  jitter: number,
  matrix: Float64Array,
  matern?: Float64Array,
  slope?: Float64Array,
): void {
  const [covariance, constant, steepness, novelty, noise] = Array.from(parameters.subarray(0, FIRST_LENGTH), Math.exp);
  const inverseSquares = parameters.slice(FIRST_LENGTH).map((log) => Math.exp(-2 * log));
  for (let i = 0, pair = 0; i < n; i++) {
    for (let k = 0; k <= i; k++) {
      const at = i * n + k;
      let value = covariance! * relatives[at]! + constant! + steepness! * slopes[at]!;
      if (k === i) value += novelty! + noise! + jitter;
      else {
        let squared = 0;
        for (let g = 0, first = pair * groups; g < groups; g++) squared += inverseSquares[g]! * squares[first + g]!;
        const correlation = matern52(squared);
        value += novelty! * correlation;
        if (matern && slope) {
          matern[pair] = correlation;
          slope[pair] = matern52Slope(squared);
        }
        pair++;
      }
      matrix[at] = value;
    }
  }
}

function addSquares(
  a: FeatureMatrix,
  i: number,
  b: FeatureMatrix,
  k: number,
  groupOf: Int32Array,
  squares: Float64Array,
  at: number,
): void {
  for (let j = 0; j < a.columns; j++) {
    const difference = a.values[i * a.columns + j]! - b.values[k * b.columns + j]!;
    squares[at + groupOf[j]!]! += difference * difference;
  }
}

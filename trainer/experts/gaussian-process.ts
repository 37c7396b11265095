// Gaussian process regression with learned length scales. Cross-fitted by the closed form of leave-one-out (Rasmussen & Williams, section 5.4.2).

import { Random } from '../random.js';
import type { Expert, FeatureMatrix, FittedExpert, PointPredictions, TrainingSet } from './expert.js';
import { factorize, invertFactorized, solveLower, solveUpper } from './gp/cholesky.js';
import {
  covarianceMatrix,
  crossCovariance,
  denseGroups,
  type LogParameters,
  MEAN_VARIANCE,
  MIN_NOISE,
} from './gp/kernel.js';
import { minimize } from './gp/lbfgs.js';
import { KernelPosterior, logPriors } from './gp/marginal-likelihood.js';
import { candidateWarps, type Warp } from './gp/warp.js';
import { permutation } from './sampling.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const PROCESS_DEFAULTS = {
  /** Rows that the kernel parameters are learned on, at most: the cost is cubic. */
  learningRows: 100,
  /** Rows that predictions are made from, at most. */
  rows: 300,
  /** Evaluations of the marginal likelihood for each warp of y. */
  evaluations: 40,
  lengthScale: 3,
  lengthScaleSpread: 1.2,
  signal: 1,
  signalSpread: 1,
  noise: 0.03,
  noiseSpread: 1.5,
};

export type ProcessOptions = typeof PROCESS_DEFAULTS;

/** The Gaussian process as an expert. */
export function gaussianProcess(options: Partial<ProcessOptions> = {}): Expert {
  const settings = { ...PROCESS_DEFAULTS, ...options };
  return { name: 'gaussian_process', reads: 'metric', fit: (data, seed) => fitProcess(data, seed, settings) };
}

function fitProcess({ features, y }: TrainingSet, seed: number, options: ProcessOptions): FittedExpert {
  // A random order, so that the first rows are a fair sample of them all.
  const order = permutation(features.rows, new Random(seed));
  const { warp, parameters } = learn(features, y, order.subarray(0, options.learningRows), options);
  const kept = order.slice(0, options.rows).sort();
  const posterior = new ProcessPosterior(selectRows(features, kept), pick(y, kept).map(warp.forward), parameters);
  const predict = (rows: FeatureMatrix): PointPredictions => unwarp(posterior.predict(rows), warp);
  return { predict, crossFitted: crossFit(features, kept, posterior, warp, predict) };
}

/** Learns kernel parameters for each warp and takes the warp under which the data are most likely. */
function learn(
  features: FeatureMatrix,
  y: Float64Array,
  rows: Int32Array,
  options: ProcessOptions,
): { warp: Warp; parameters: LogParameters } {
  const sample = selectRows(features, rows);
  const priors = logPriors(options, denseGroups(features.groups).count);
  let best: { warp: Warp; parameters: LogParameters; value: number } | undefined;
  for (const warp of candidateWarps(y)) {
    const posterior = new KernelPosterior(sample, pick(y, rows).map(warp.forward), priors);
    const found = minimize((x, gradient) => posterior.negativeLog(x, gradient), priors.mean, {
      maxEvaluations: options.evaluations,
      maxMove: 1,
      tolerance: 1e-3,
    });
    const value = found.value - (warp.logJacobian * rows.length) / y.length;
    if (!best || value < best.value) best = { warp, parameters: found.x, value };
  }
  return best!;
}

/** Leave-one-out where a row is among those kept; the others were never seen and are simply predicted. */
function crossFit(
  features: FeatureMatrix,
  kept: Int32Array,
  posterior: ProcessPosterior,
  warp: Warp,
  predict: (rows: FeatureMatrix) => PointPredictions,
): PointPredictions {
  if (features.rows === 1) return { mean: new Float64Array(1), sd: new Float64Array(1) };
  const leaveOneOut = unwarp(posterior.leaveOneOut(), warp);
  if (kept.length === features.rows) return leaveOneOut;
  const { mean, sd } = predict(features);
  kept.forEach((row, i) => {
    mean[row] = leaveOneOut.mean[i]!;
    sd![row] = leaveOneOut.sd![i]!;
  });
  return { mean, sd };
}

/** The process given data and parameters, on the warped scale. */
export class ProcessPosterior {
  private readonly n: number;
  private readonly signal: number;
  private readonly noise: number;
  private readonly columnScale: Float64Array;
  /** Cholesky factor of the covariance. */
  private readonly factor: Float64Array;
  /** K⁻¹ y. */
  private readonly alpha: Float64Array;

  constructor(
    private readonly training: FeatureMatrix,
    private readonly y: Float64Array,
    parameters: LogParameters,
  ) {
    const { groupOf, count } = denseGroups(training.groups);
    this.n = training.rows;
    this.signal = Math.exp(parameters[count]!);
    this.noise = Math.exp(parameters[count + 1]!) + MIN_NOISE;
    this.columnScale = Float64Array.from(groupOf, (group) => Math.exp(-parameters[group]!));
    this.factor = this.factorizeCovariance();
    this.alpha = y.slice();
    solveLower(this.factor, this.n, this.alpha);
    solveUpper(this.factor, this.n, this.alpha);
  }

  /** Mean and standard deviation of a new measurement at each row. */
  predict(rows: FeatureMatrix): { mean: Float64Array; sd: Float64Array } {
    const mean = new Float64Array(rows.rows);
    const sd = new Float64Array(rows.rows);
    const prior = this.signal + MEAN_VARIANCE + this.noise;
    for (let i = 0; i < rows.rows; i++) {
      const covariance = crossCovariance(this.training, rows, i, this.columnScale, this.signal);
      for (let k = 0; k < this.n; k++) mean[i]! += covariance[k]! * this.alpha[k]!;
      solveLower(this.factor, this.n, covariance);
      let variance = prior;
      for (let k = 0; k < this.n; k++) variance -= covariance[k]! ** 2;
      sd[i] = Math.sqrt(Math.max(variance, this.noise));
    }
    return { mean, sd };
  }

  /** What the process would say of each training row had it not seen it, its parameters unchanged. */
  leaveOneOut(): { mean: Float64Array; sd: Float64Array } {
    const cells = this.n * this.n;
    const inverse = new Float64Array(cells);
    invertFactorized(this.factor, this.n, inverse, new Float64Array(cells));
    const precision = (i: number): number => inverse[i * this.n + i]!;
    return {
      mean: this.y.map((value, i) => value - this.alpha[i]! / precision(i)),
      sd: this.y.map((_, i) => 1 / Math.sqrt(precision(i))),
    };
  }

  /** Rounding may cost positive definiteness where rows are nearly equal; a little more noise restores it. */
  private factorizeCovariance(): Float64Array {
    for (let jitter = 0; ; jitter = Math.max(10 * jitter, MIN_NOISE)) {
      const matrix = covarianceMatrix(this.training, this.columnScale, this.signal, this.noise + jitter);
      if (factorize(matrix, this.n)) return matrix;
    }
  }
}

/** Back to the scale of y: the median, and half of the width of the central 68%. */
function unwarp(predictions: { mean: Float64Array; sd: Float64Array }, warp: Warp): PointPredictions {
  const { mean, sd } = predictions;
  return {
    mean: mean.map(warp.inverse),
    sd: sd.map((s, i) => warp.inverse(mean[i]! + s) / 2 - warp.inverse(mean[i]! - s) / 2),
  };
}

function selectRows(features: FeatureMatrix, rows: Int32Array): FeatureMatrix {
  const d = features.columns;
  const values = new Float64Array(rows.length * d);
  rows.forEach((row, i) => {
    values.set(features.values.subarray(row * d, (row + 1) * d), i * d);
  });
  return { rows: rows.length, columns: d, values, groups: features.groups };
}

function pick(y: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => y[row]!);
}

// Gaussian process regression with learned length scales. Cross-fitted by the closed form of leave-one-out (Rasmussen & Williams, section 5.4.2).

import { Random } from '../random.js';
import type { Expert, FeatureMatrix, FittedExpert, PointPredictions, TrainingSet } from './expert.js';
import { factorize, leaveOneOut, solveLower, solveUpper } from './gp/cholesky.js';
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
  /** Evaluations of the marginal likelihood, once the warp of y is chosen. */
  evaluations: 20,
  /** Evaluations for each warp before one is chosen. */
  trialEvaluations: 5,
  /** The same for each fold of the cross-fitted predictions. */
  foldLearningRows: 50,
  foldEvaluations: 6,
  /** Rows that predictions are made from, at most. */
  rows: 300,
  lengthScale: 4,
  lengthScaleSpread: 1.2,
  signal: 1,
  signalSpread: 1,
  noise: 0.05,
  noiseSpread: 1.5,
};

export type ProcessOptions = typeof PROCESS_DEFAULTS;

/** Folds of the cross-fitted predictions; from `MANY_ROWS` on, half of the rows teach as much as the cost allows. */
const FOLDS = 5;
const MANY_ROWS = 100;
/** No log parameter moves further than this in one step of the optimizer. */
const MAX_MOVE = 1;
/** What rounding leaves of the function's variance where it was measured. */
const MIN_VARIANCE = 1e-9;
/** The optimizer stops once a step gains less than this, in nats. */
const TOLERANCE = 1e-3;

/** The Gaussian process as an expert. */
export function gaussianProcess(options: Partial<ProcessOptions> = {}): Expert {
  const settings = { ...PROCESS_DEFAULTS, ...options };
  return { name: 'gaussian_process', reads: 'metric', fit: (data, seed) => fitProcess(data, seed, settings) };
}

/** A process without cross-fitted predictions, which take four fifths of the time, on the scale on which y is most nearly normal. */
export interface Process {
  /** Whether that scale is other than y, shifted and stretched. */
  readonly bent: boolean;
  /** From y to that scale, increasing. */
  toScale(y: number): number;
  /** Back to y; values far beyond all that was measured come back as the last that is finite and plausible. */
  fromScale(z: number): number;
  /** Mean and standard deviation of the function itself on that scale: the noise of a measurement is left out. */
  predictFunction(rows: FeatureMatrix): NormalPredictions;
}

export function fitProcessAlone(data: TrainingSet, seed: number, options: Partial<ProcessOptions> = {}): Process {
  const { posterior, warp } = fitPosterior(data, seed, { ...PROCESS_DEFAULTS, ...options });
  return {
    bent: warp.name !== 'linear',
    toScale: warp.forward,
    fromScale: warp.inverse,
    predictFunction: (rows) => posterior.predict(rows, false),
  };
}

function fitPosterior({ features, y }: TrainingSet, seed: number, options: ProcessOptions) {
  // A random order, so that the first rows are a fair sample of them all.
  const order = permutation(features.rows, new Random(seed));
  const kept = order.slice(0, options.rows).sort();
  const learned = learn(features, y, order.subarray(0, options.learningRows), options);
  return { order, kept, warp: learned.warp, posterior: condition(features, y, kept, learned) };
}

function fitProcess(data: TrainingSet, seed: number, options: ProcessOptions): FittedExpert {
  const { features, y } = data;
  const { order, kept, warp, posterior } = fitPosterior(data, seed, options);
  const predict = (rows: FeatureMatrix): NormalPredictions => unwarp(posterior.predict(rows), warp);
  // The rows that were not kept have not been seen at all.
  const crossFitted =
    kept.length === features.rows
      ? { mean: new Float64Array(features.rows), sd: new Float64Array(features.rows).fill(1) }
      : predict(features);
  // What was not kept has not been seen by the whole either.
  const rows = new Uint8Array(features.rows).fill(isLogarithm(warp));
  crossFit(features, y, order, kept, options, crossFitted, rows);
  // Learned from a sample, or without a fold: another row may have no logarithm.
  if (!y.every((value) => value > 0)) return { predict, crossFitted };
  return { predict, crossFitted, choice: { scale: LOGARITHM, whole: isLogarithm(warp) === 1, rows } };
}

/** Others are offered the logarithm alone: it has nothing fitted to y that could carry a row's own to what is said of it without it. */
const LOGARITHM = { to: Math.log, from: Math.exp };
const isLogarithm = (warp: Warp): 0 | 1 => (warp.name === 'log' ? 1 : 0);

type NormalPredictions = Required<Pick<PointPredictions, 'mean' | 'sd'>>;

interface Learned {
  readonly warp: Warp;
  readonly parameters: LogParameters;
}

/** Learns from the given rows alone: the warp of y under which they are most likely, and the kernel parameters that go with it. */
function learn(features: FeatureMatrix, y: Float64Array, rows: Int32Array, options: ProcessOptions): Learned {
  const sample = selectRows(features, rows);
  const measured = pick(y, rows);
  const priors = logPriors(options, denseGroups(features.groups).count);
  const trials = candidateWarps(measured).map((warp) => {
    const posterior = new KernelPosterior(sample, measured.map(warp.forward), priors);
    const improve = (from: LogParameters, maxEvaluations: number) =>
      minimize((x, gradient) => posterior.negativeLog(x, gradient), from, {
        maxEvaluations,
        maxMove: MAX_MOVE,
        tolerance: TOLERANCE,
      });
    return { warp, improve, ...improve(priors.mean, options.trialEvaluations) };
  });
  const best = trials.reduce((a, b) => (b.value - b.warp.logJacobian < a.value - a.warp.logJacobian ? b : a));
  return { warp: best.warp, parameters: best.improve(best.x, options.evaluations).x };
}

/**
 * Leave-one-out predictions of the kept rows, written into `out`. Left to one process for all rows, a row's y would still reach its own
 * prediction through the kernel parameters, and a dozen length scales fitted on ten trials make that a lot: so each fold of rows is left out
 * of the learning as well.
 */
function crossFit(
  features: FeatureMatrix,
  y: Float64Array,
  order: Int32Array,
  kept: Int32Array,
  options: ProcessOptions,
  out: NormalPredictions,
  inLogs: Uint8Array,
): void {
  if (features.rows === 1) return;
  const folds = features.rows < MANY_ROWS ? Math.min(FOLDS, features.rows) : 2;
  const foldOf = new Int32Array(features.rows);
  order.forEach((row, place) => {
    foldOf[row] = place % folds;
  });
  const foldOptions = { ...options, evaluations: options.foldEvaluations };
  for (let fold = 0; fold < folds; fold++) {
    const others = order.filter((row) => foldOf[row] !== fold).subarray(0, options.foldLearningRows);
    const learned = learn(features, y, others, foldOptions);
    const { mean, sd } = unwarp(condition(features, y, kept, learned).leaveOneOut(), learned.warp);
    kept.forEach((row, i) => {
      if (foldOf[row] !== fold) return;
      out.mean[row] = mean[i]!;
      out.sd[row] = sd[i]!;
      inLogs[row] = isLogarithm(learned.warp);
    });
  }
}

function condition(features: FeatureMatrix, y: Float64Array, rows: Int32Array, learned: Learned): ProcessPosterior {
  return new ProcessPosterior(selectRows(features, rows), pick(y, rows).map(learned.warp.forward), learned.parameters);
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

  /** Mean and standard deviation at each row: of a new measurement, or without its noise. */
  predict(rows: FeatureMatrix, withNoise = true): NormalPredictions {
    const mean = new Float64Array(rows.rows);
    const sd = new Float64Array(rows.rows);
    const prior = this.signal + MEAN_VARIANCE + this.noise;
    for (let i = 0; i < rows.rows; i++) {
      const covariance = crossCovariance(this.training, rows, i, this.columnScale, this.signal);
      for (let k = 0; k < this.n; k++) mean[i]! += covariance[k]! * this.alpha[k]!;
      solveLower(this.factor, this.n, covariance);
      let variance = prior;
      for (let k = 0; k < this.n; k++) variance -= covariance[k]! ** 2;
      sd[i] = Math.sqrt(withNoise ? Math.max(variance, this.noise) : Math.max(variance - this.noise, MIN_VARIANCE));
    }
    return { mean, sd };
  }

  /** What the process would say of each training row had it not seen it, its parameters unchanged. */
  leaveOneOut(): NormalPredictions {
    return leaveOneOut(this.factor, this.y, this.alpha);
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
function unwarp({ mean, sd }: NormalPredictions, warp: Warp): NormalPredictions {
  const centre = mean.map(warp.clampCentre);
  return {
    mean: centre.map(warp.inverse),
    sd: sd.map((s, i) => warp.inverse(centre[i]! + s) / 2 - warp.inverse(centre[i]! - s) / 2),
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

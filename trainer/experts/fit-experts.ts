// The experts' front door: fits them all on a study's trials and answers in one place. Knows JSON parameters; the experts know matrices.
import type { JsonObject } from '../types.js';
import { nearestRows } from './distances.js';
import { ExpertsError } from './errors.js';
import {
  EXPERT_NAMES,
  type Expert,
  type ExpertName,
  type FeatureMatrix,
  type FittedExpert,
  type PointPredictions,
} from './expert.js';
import { Featurizer } from './features/featurizer.js';
import { gaussianProcess } from './gaussian-process.js';
import { gradientBoosting } from './gradient-boosting.js';
import { fitMedian } from './median.js';
import { nearestNeighbours } from './nearest-neighbours.js';
import { fitOnScale } from './on-scale.js';
import { randomForest } from './random-forest.js';
import { relevanceFactors, stretch } from './relevance.js';
import { type Bounds, conformalRadius, empiricalBounds } from './residual-interval.js';

/** Measurements of this size and above are refused everywhere in the project. */
const TOO_LARGE = 1e31;

const EXPERTS: Record<ExpertName, Expert> = {
  nearest_neighbours: nearestNeighbours(),
  random_forest: randomForest(),
  gradient_boosting: gradientBoosting(),
  gaussian_process: gaussianProcess(),
};

/** Whose scale of y the others take, where it is fitted. */
const CHOOSES: ExpertName = 'gaussian_process';

/** Whoever predicts: an expert, or the median that they are compared with. */
export type PredictorName = ExpertName | 'median';

export interface FitOptions {
  /** The same data and seed give the same predictions, bit for bit. */
  readonly seed: number;
  /** Experts to fit, all by default. The median is always there. */
  readonly which?: readonly ExpertName[];
}

/** A training row near a query. */
export interface Neighbour {
  /** Place of the row in the trials that the experts were fitted on. */
  readonly index: number;
  /** Euclidean, each column in its standard deviations times its relevance: 0 for equal parameters, otherwise only to be compared. */
  readonly distance: number;
}

/** Predictions by name; experts that were not fitted are absent. */
export type PredictionsByName = { median: PointPredictions } & { [name in ExpertName]?: PointPredictions };

/**
 * Fits experts on finished trials: parameters `xs[i]` gave `y[i]`.
 * @throws ExpertsError EXPERTS_NO_TRIALS, EXPERTS_LENGTH_MISMATCH, EXPERTS_BAD_Y, EXPERTS_BAD_OPTION
 */
export function fitExperts(xs: readonly JsonObject[], y: ArrayLike<number>, options: FitOptions): FittedExperts {
  const names = checkOptions(options);
  const measured = checkMeasurements(xs, y);
  return new FittedExperts(xs, measured, options.seed, names);
}

/** Experts fitted on the same trials. */
export class FittedExperts {
  private readonly featurizer: Featurizer;
  private readonly training: ReturnType<Featurizer['transform']>;
  private readonly fitted: ReadonlyMap<PredictorName, FittedExpert>;
  private readonly sortedY: Float64Array;
  /** The training rows as distances see them; made when first asked for. */
  private stretched: { factors: Float64Array; rows: FeatureMatrix } | undefined;
  private readonly scores = new Map<string, Float64Array>();

  constructor(
    xs: readonly JsonObject[],
    private readonly y: Float64Array,
    seed: number,
    readonly names: readonly ExpertName[],
  ) {
    this.featurizer = Featurizer.fit(xs);
    this.training = this.featurizer.transform(xs);
    this.sortedY = y.slice().sort();
    const fitted = new Map<PredictorName, FittedExpert>([['median', fitMedian(y)]]);
    // The process first: by its likelihood it says whether y is one of factors, and the others take its word for it.
    for (const name of [...names].sort((a, b) => Number(b === CHOOSES) - Number(a === CHOOSES))) {
      const expert = EXPERTS[name];
      const data = { features: this.training[expert.reads], y };
      const choice = fitted.get(CHOOSES)?.choice;
      fitted.set(name, choice ? fitOnScale(expert, data, seed, choice) : expert.fit(data, seed));
    }
    this.fitted = fitted;
  }

  /** What each expert (and the median) says of each of `xs`. */
  predict(xs: readonly JsonObject[]): PredictionsByName {
    const features = this.featurizer.transform(xs);
    const predictions: PredictionsByName = { median: this.find('median').predict(features.tree) };
    for (const name of this.names) predictions[name] = this.find(name).predict(features[EXPERTS[name].reads]);
    return predictions;
  }

  /**
   * Out-of-sample predictions of one expert for the trials it was fitted on, in their order.
   * @throws ExpertsError EXPERTS_NOT_FITTED
   */
  crossFitted(name: PredictorName): PointPredictions {
    return this.find(name).crossFitted;
  }

  /** For each of `xs` the `k` nearest training rows, nearest first; fewer if there are fewer. Columns that matter for y count more. */
  nearest(xs: readonly JsonObject[], k: number): Neighbour[][] {
    checkCount(k);
    const { factors, rows } = this.stretchedRows();
    const queries = stretch(this.featurizer.transform(xs).metric, factors);
    return xs.map((_, i) => toList(nearestRows(rows, queries, i, k)));
  }

  private stretchedRows() {
    if (!this.stretched) {
      const factors = relevanceFactors(this.training.metric, this.y, Int32Array.from(this.y.keys()));
      this.stretched = { factors, rows: stretch(this.training.metric, factors) };
    }
    return this.stretched;
  }

  /**
   * The interval of probability `level` around one expert's prediction, from its cross-fitted errors. Given the prediction's own `sd`, the errors
   * are taken relative to theirs, so that the interval is wider where the expert is less sure. For the median: quantiles of the measurements.
   * @throws ExpertsError EXPERTS_NOT_FITTED, EXPERTS_BAD_OPTION (level outside (0, 1))
   */
  interval(name: PredictorName, mean: number, level: number, sd?: number): Bounds {
    if (!(level > 0 && level < 1)) {
      throw new ExpertsError('EXPERTS_BAD_OPTION', `interval: level is ${level}; give a probability between 0 and 1.`);
    }
    if (name === 'median') return empiricalBounds(this.sortedY, level);
    const crossFitted = this.find(name).crossFitted;
    const relative = sd !== undefined && crossFitted.sd !== undefined && this.y.length > 1;
    const radius = conformalRadius(this.scoresOf(name, relative), level) * (relative ? sd : 1);
    return { lower: mean - radius, upper: mean + radius };
  }

  /** Sizes of an expert's cross-fitted errors, sorted; relative to its own standard deviations if wanted. */
  private scoresOf(name: ExpertName, relative: boolean): Float64Array {
    const key = relative ? `${name}/sd` : name;
    const known = this.scores.get(key);
    if (known) return known;
    // A single trial leaves no error to measure: its own size is the only scale there is.
    if (this.y.length === 1) return Float64Array.of(Math.abs(this.y[0]!) || 1);
    const { mean, sd } = this.find(name).crossFitted;
    const scores = mean.map((value, i) => Math.abs(this.y[i]! - value) / (relative ? sd![i]! : 1)).sort();
    this.scores.set(key, scores);
    return scores;
  }

  private find(name: PredictorName): FittedExpert {
    const fitted = this.fitted.get(name);
    if (fitted) return fitted;
    throw new ExpertsError(
      'EXPERTS_NOT_FITTED',
      `'${name}' is not among those fitted (${this.names.join(', ')}); add it to fitExperts' option 'which'.`,
    );
  }
}

function toList({ indices, distances }: ReturnType<typeof nearestRows>): Neighbour[] {
  return Array.from(indices, (index, i) => ({ index, distance: distances[i]! }));
}

function checkOptions({ seed, which = EXPERT_NAMES, ...unknown }: FitOptions): readonly ExpertName[] {
  const [surplus] = Object.keys(unknown);
  if (surplus !== undefined) {
    throw new ExpertsError(
      'EXPERTS_BAD_OPTION',
      `fitExperts: there is no option '${surplus}'; known are seed and which.`,
    );
  }
  if (!Number.isSafeInteger(seed)) {
    throw new ExpertsError('EXPERTS_BAD_OPTION', `fitExperts: seed is ${seed}; give an integer.`);
  }
  for (const name of which) {
    if (!EXPERT_NAMES.includes(name)) {
      throw new ExpertsError(
        'EXPERTS_BAD_OPTION',
        `fitExperts: which names '${name}'; known are ${EXPERT_NAMES.join(', ')}.`,
      );
    }
  }
  return which;
}

function checkMeasurements(xs: readonly JsonObject[], y: ArrayLike<number>): Float64Array {
  if (xs.length !== y.length) {
    throw new ExpertsError(
      'EXPERTS_LENGTH_MISMATCH',
      `There are ${xs.length} rows of parameters and ${y.length} measurements.`,
    );
  }
  if (xs.length === 0) {
    throw new ExpertsError('EXPERTS_NO_TRIALS', 'fitExperts was given 0 trials; give at least one with a measurement.');
  }
  const measured = Float64Array.from(y);
  const bad = measured.findIndex((value) => !(Math.abs(value) < TOO_LARGE));
  if (bad >= 0) {
    throw new ExpertsError(
      'EXPERTS_BAD_Y',
      `y[${bad}] is ${measured[bad]}; leave failed trials out and rescale larger ones.`,
    );
  }
  return measured;
}

function checkCount(k: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new ExpertsError('EXPERTS_BAD_OPTION', `nearest: k is ${k}; give a positive integer.`);
  }
}

// What an evaluation takes and gives back: plain data, as the job stores it and the service sends it.
import type { Json, StudySource, TrainEvent } from '../types.js';

/**
 * `out_of_distribution`: the model knows nothing of the study but its local trials. `in_distribution`: it was first trained on
 * the other studies, those of the study's own fold left out.
 */
export const PROTOCOLS = ['out_of_distribution', 'in_distribution'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** The model, and what it is compared with. Pooled boosting is there in distribution only. */
export const METHODS = [
  'omnireg',
  'median',
  'nearest_neighbours',
  'random_forest',
  'gradient_boosting',
  'gaussian_process',
  'expert_average',
  'pooled_boosting',
] as const;
export type Method = (typeof METHODS)[number];

/** A study to be evaluated on, and the family over which its figures are averaged. */
export interface EvaluatedStudy {
  family: string;
  source: StudySource;
}

export interface EvaluationConfig {
  protocols: readonly Protocol[];
  /** Numbers of local trials; each holds the trials of the smaller ones. */
  localTrials: readonly number[];
  /** Trials that are predicted, the same ones for all numbers of local trials; fewer where a study is small. */
  testTrials: number;
  /** Studies of each family that are predicted, at even distances; the others are only learned from. 0: all. */
  askedStudies: number;
  /** In distribution: groups of studies, each predicted by a model that was trained on the other groups. */
  folds: number;
  /** Whether free text is taken out of all studies, for every method alike: see without-text.ts. */
  withoutText: boolean;
  seed: number;
  /** Draws of the bootstrap. */
  resamples: number;
  /** Processes that predict side by side; 0: one a core. */
  processes: number;
}

export const EVALUATION_DEFAULTS: EvaluationConfig = {
  protocols: ['out_of_distribution'],
  localTrials: [0, 5, 10, 20, 50, 200],
  testTrials: 100,
  askedStudies: 0,
  folds: 2,
  withoutText: false,
  seed: 0,
  resamples: 2000,
  processes: 0,
};

/** Level of the interval whose coverage and width are reported. */
export const LEVEL = 0.9;

export interface EvaluationRequest {
  studies: readonly EvaluatedStudy[];
  /** The model that is judged, and the parent of what is trained in distribution. */
  modelDir: string;
  /** Scratch space: rows that are done, and models. Evaluating again with the same folder goes on where it was stopped. */
  workDir: string;
  config?: Partial<EvaluationConfig>;
  /** Hyperparameters of the trainings in distribution, as `train` takes them. */
  training?: Record<string, Json>;
}

export type EvaluationEvent = TrainEvent | { type: 'progress'; done: number; total: number; etaSeconds: number };

export interface EvaluationHooks {
  onEvent?: (event: EvaluationEvent) => void;
  /** Stops soon; `evaluate` then rejects with an AbortError, and goes on from there when called again. */
  signal?: AbortSignal;
}

/** How good one method is. Sizes are in ranges of y over the whole study; see metrics.ts. */
export interface Metrics {
  error: number;
  spearman: number;
  crps: number;
  coverage: number;
  width: number;
}

/** One method on one study with one number of local trials. */
export interface EvaluationRow extends Metrics {
  protocol: Protocol;
  family: string;
  study: string;
  trials: number;
  method: Method;
}

/** A ratio with the central 95% of its bootstrap distribution. */
export interface Ratio {
  value: number;
  lower: number;
  upper: number;
}

/** Means of one method: over the tasks of a family or, where `family` is null, over families. */
export interface SummaryRow extends Metrics {
  protocol: Protocol;
  trials: number;
  family: string | null;
  method: Method;
  tasks: number;
  families: number;
  /** The model's error and CRPS divided by this method's, tasks paired; null for the model itself. */
  errorRatio: Ratio | null;
  crpsRatio: Ratio | null;
  /** Of the local baselines the one of least error over all families. */
  best: boolean;
}

/** A study that was not predicted, and why. */
export interface Skipped {
  study: string;
  reason: string;
}

export interface EvaluationReport {
  config: EvaluationConfig;
  /** What became of the trainings in distribution. */
  trainings: { fold: number; studies: number; outcome: 'published' | 'kept_parent'; reason: string }[];
  /** Studies that could not be used at all, then those that could not be predicted, some of them in distribution alone. */
  skipped: Skipped[];
  /** Studies that the model had been trained on before, so that what it says of them is not out of distribution. */
  seen: string[];
  summary: SummaryRow[];
  rows: EvaluationRow[];
}

/** What a method says of the test trials. */
export interface Stated {
  /** Point estimates. */
  points: ArrayLike<number>;
  /** Central intervals of each test trial, at `levelsFor`'s levels in their order. */
  intervals: { lower: number; upper: number }[][];
}

// What an expert is: a small regressor fitted on one study's own trials. Interfaces only; each method has its own file.

/** Names of the experts, in the order in which they are reported. */
export const EXPERT_NAMES = ['nearest_neighbours', 'random_forest', 'gradient_boosting', 'gaussian_process'] as const;

export type ExpertName = (typeof EXPERT_NAMES)[number];

/** Features of some rows: `values[row * columns + column]`. */
export interface FeatureMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
  /** For each column, the number of the parameter it was made from. Columns of one parameter stand together and count as one for a distance. */
  readonly groups: Int32Array;
}

/**
 * One set of rows in the two forms that experts read:
 * - `tree`: raw numbers, NaN where missing. Only the order of the values matters;
 * - `metric`: no NaN, each parameter scaled to unit variance over the rows the featurizer was fitted on, so that distances mean something.
 */
export interface Features {
  readonly tree: FeatureMatrix;
  readonly metric: FeatureMatrix;
}

/** What an expert is fitted on: features of n rows in the form that it reads, and n finite measurements. */
export interface TrainingSet {
  readonly features: FeatureMatrix;
  readonly y: Float64Array;
}

/** Predictions for some rows, in the unit of y. */
export interface PointPredictions {
  /** Centre of the prediction for each row. */
  readonly mean: Float64Array;
  /** Standard deviation of a new measurement, noise included, where the expert has one of its own. */
  readonly sd?: Float64Array;
  /** How far the parts of an ensemble stand from their mean, as a standard deviation: more where the trials say less. */
  readonly spread?: Float64Array;
}

export interface FittedExpert {
  /** Predicts rows featurized like those of the training set. Always finite. */
  predict(rows: FeatureMatrix): PointPredictions;
  /**
   * Out-of-sample prediction for each training row (leave-one-out, out-of-bag or k-fold). With a single trial there is nothing else to
   * predict from, and it is 0.
   */
  readonly crossFitted: PointPredictions;
  /** Of one that may see y on another scale. */
  readonly choice?: ScaleChoice;
}

/** An increasing function of y and its inverse. */
export interface Scale {
  to(y: number): number;
  from(z: number): number;
}

/** Where the training rows are likelier on a scale than as they are. */
export interface ScaleChoice {
  readonly scale: Scale;
  /** By all of them. */
  readonly whole: boolean;
  /** For each row 1 where it is so by others without it, else 0. */
  readonly rows: Uint8Array;
}

export interface Expert {
  readonly name: ExpertName;
  /** The form of the features that it reads. */
  readonly reads: keyof Features;
  /** Fits on n ≥ 1 trials. The same data and seed give the same expert, bit for bit. */
  fit(data: TrainingSet, seed: number): FittedExpert;
}

// What the trainer takes and gives back: plain data, no HTTP, no database. The service speaks to the trainer in these types.

/** Any JSON value, as parameters and metadata are made of. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What is measured: its name, whether less or more is better, and its unit, all of which the model reads. */
export interface Objective {
  name: string;
  goal?: 'minimize' | 'maximize';
  unit?: string;
}

/** Measured values by name of the objective. */
export type Measured = { readonly [objective: string]: number };

/** One finished experiment. `y` is null where it failed (infeasible). */
export interface Trial {
  x: JsonObject;
  y: number | null;
  /** y of every objective of the study; absent where it has but one, and where the experiment failed. */
  measured?: Measured;
  /** Other objectives' y that are taken as known, as x is: see given.ts. */
  given?: Measured;
}

/** What a study is about, seen through one of its objectives, without its trials. */
export interface StudyHead {
  id: string;
  /** Title, description, anything: read by the model as text. */
  metadata: JsonObject;
  objective: Objective;
  /** Names of the study's other objectives, in the study's order; absent where there are none. */
  others?: readonly string[];
}

/** One study seen through one of its objectives, its trials in memory. */
export interface StudyData extends StudyHead {
  trials: Trial[];
  /** Names the trials: the same id and version, the same trials. Absent: they are told apart by what they are. */
  version?: string;
  /** Objectives whose values are known of every trial and of whatever is asked about: see given.ts. */
  given?: readonly string[];
}

/** A study of any size, whose trials are read when they are needed. They have positions from 0 and never change. */
export interface StudySource extends StudyHead {
  /** Number of its trials. */
  trials: number;
  /** Names the trials: the same version, the same trials. */
  version: string;
  /** y of every trial in order, NaN where it failed. Not to be changed. */
  outcomes(): Promise<Float64Array>;
  /** The trials at these positions, in this order. */
  read(positions: ArrayLike<number>): Promise<Trial[]>;
}

/** Progress of a training, as it is stored with the job and streamed to clients. */
export type TrainEvent =
  | { type: 'phase'; phase: 'prepare' | 'train' | 'validate' | 'save'; message: string }
  | { type: 'prepare'; done: number; total: number; etaSeconds: number }
  | {
      type: 'step';
      step: number;
      steps: number;
      /** Mean place-weighted cross-entropy in nats over the steps since the last event. */
      loss: number;
      learningRate: number;
      /** Encoder tokens, padding left out. */
      tokensPerSecond: number;
      etaSeconds: number;
    }
  /** On trials held back: see `ValidationAnswers`. */
  | { type: 'validation'; step: number; score: number; error: number }
  | { type: 'checkpoint'; step: number }
  | { type: 'log'; level: 'info' | 'warn'; message: string };

export interface TrainHooks {
  onEvent?: (event: TrainEvent) => void;
  /** Stops between runs of K steps, after a checkpoint; `train` then rejects with an AbortError. */
  signal?: AbortSignal;
}

export interface TrainRequest {
  /** Small ones may be given with their trials, large ones as a source of them. */
  studies: (StudyData | StudySource)[];
  /** Model directory to start from, or that of a stock T5 v1.1 or FLAN-T5; absent: from random weights. */
  parentDir?: string;
  /** Where the model directory is written; appears whole or not at all. */
  outDir: string;
  /** Scratch space of this job: examples and checkpoints. Calling `train` again with the same folder resumes. */
  workDir: string;
  /** Overrides of `TrainConfig`; unknown keys are an error. */
  config?: Record<string, Json>;
}

export interface TrainResult {
  /**
   * `kept_parent`: the fine-tune did not surely beat its parent (do-no-harm.ts), and outDir holds the parent's weights, with what the
   * studies measured.
   */
  outcome: 'published' | 'kept_parent';
  reason: string;
  /** What was written is an adapter: it answers together with its parent, or its parent's base. */
  adapter: boolean;
  metrics: Record<string, number>;
  /** The configuration with every default resolved. */
  config: Record<string, Json>;
}

/** A central interval that holds the truth with probability `level`. */
export interface PredictionInterval {
  level: number;
  lower: number;
  upper: number;
}

/** What one local expert says of a query, beside the model. */
export interface ExpertPrediction {
  name: 'median' | 'nearest_neighbours' | 'random_forest' | 'gradient_boosting' | 'gaussian_process';
  mean: number;
  intervals: PredictionInterval[];
}

/** The model's answer for one x. */
export interface Prediction {
  /** Point estimate. */
  median: number;
  mean: number;
  /** Half the width of the calibrated interval that holds the central 68.27%: the standard deviation of a normal distribution. */
  sd: number;
  /** Probability that the experiment fails; 0 where another objective is given, as it was measured. */
  pInfeasible: number;
  intervals: PredictionInterval[];
  experts?: ExpertPrediction[];
}

export interface PredictRequest {
  /** The study with the trials measured so far: the context of every query. */
  study: StudyData;
  queries: JsonObject[];
  /** What is known of each query beside x, where the study is conditioned on other objectives (`conditionOn`). */
  given?: readonly Measured[];
  /** Levels of the intervals wanted, each in (0, 1). */
  levels: number[];
  includeExperts: boolean;
}

export interface PredictResult {
  predictions: Prediction[];
  /** Whether the intervals were corrected, on what, and if not, why not. */
  calibration: { calibrated: boolean; basis: 'study' | 'model' | 'none'; trials: number; reason: string };
}

// What the training loop asks of whatever takes the steps: the CPU, CUDA or WebGPU.
import type { Weights } from '../model/parameters.js';
import type { TrainableModel } from '../model/trainable.js';
import type { BatchShape } from '../model/training-graph.js';
import type { GradientTransformation } from '../optimizers/transformation.js';

/** K batches of one shape, stacked: [K, batch, length] and [K, batch, steps]; see `trainingGraph` for each array. */
export interface StackedBatches {
  shape: BatchShape;
  runSteps: number;
  inputIds: Int32Array;
  decoderIds: Int32Array;
  targets: Int32Array;
  weights: Float32Array;
}

/** Everything that a checkpoint must hold to go on bit for bit. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** The trained parameters: the model's, or its adapter's. */
  weights: Weights;
  optimizer: Map<string, Float32Array>;
}

export interface RunResult {
  /** Loss of each step, nats. */
  loss: Float32Array;
  /** Global norm of each step's gradient before clipping. */
  gradientNorm: Float32Array;
}

export interface Executor {
  /** State before the first step. */
  initialState(weights: Weights): TrainingState;
  /** Puts a state where the steps are taken. */
  load(state: TrainingState): Promise<void>;
  /** Steps taken so far, those of the loaded state among them. */
  readonly step: number;
  /** Takes `batches.runSteps` steps. `learningRates`: one a step. */
  run(batches: StackedBatches, learningRates: Float32Array): Promise<RunResult>;
  /** The state after the last run, in memory of the host. */
  state(): Promise<TrainingState>;
  release(): Promise<void>;
}

export interface ExecutorOptions {
  model: TrainableModel;
  /** Parameters that are read and not trained: those of `frozenSpecs(model)`. */
  frozen?: Weights;
  optimizer: GradientTransformation;
  /** Intra-op threads; the sums' order depends on it, so a resumed job must keep it. */
  threads: number;
  /** Micro-batches a step: divides the batch. */
  accumulate?: number;
}

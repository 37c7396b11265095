// Trains on the CPU (and CUDA): K steps a run inside an ONNX Loop, one compiled session a batch shape.
import { OrtSession } from '../graph/session.js';
import type { ModelConfig } from '../model/config.js';
import { parameterSpecs, sizeOf, type Weights } from '../model/parameters.js';
import { type BatchShape, trainingGraph } from '../model/training-graph.js';
import type { GradientTransformation, StateSpec } from '../optimizers/transformation.js';

/** K batches of one shape, stacked: see `trainingGraph` for the layout of each array. */
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
  weights: Weights;
  optimizer: Map<string, Float32Array>;
}

export interface RunResult {
  /** Loss of each step, nats. */
  loss: Float32Array;
  /** Global norm of each step's gradient before clipping. */
  gradientNorm: Float32Array;
}

export interface LoopExecutorOptions {
  config: ModelConfig;
  optimizer: GradientTransformation;
  /** Intra-op threads; the sums' order depends on it, so a resumed job must keep it. */
  threads: number;
}

export class LoopExecutor {
  private readonly sessions = new Map<string, Promise<OrtSession>>();
  private readonly stateSpecs: StateSpec[];

  constructor(private readonly options: LoopExecutorOptions) {
    this.stateSpecs = options.optimizer.init(parameterSpecs(options.config));
  }

  /** State before the first step. */
  initialState(weights: Weights): TrainingState {
    const zeros = (s: StateSpec) => new Float32Array(s.shape.reduce((a, b) => a * b, 1));
    return { step: 0, weights, optimizer: new Map(this.stateSpecs.map((s) => [s.name, zeros(s)])) };
  }

  /** Takes `batches.runSteps` steps and replaces the tensors of `state`. `learningRates`: one a step. */
  async run(state: TrainingState, batches: StackedBatches, learningRates: Float32Array): Promise<RunResult> {
    const { shape, runSteps } = batches;
    const { batch, length, steps } = shape;
    const session = await this.session(
      `train ${batch}×${length}×${steps}×${runSteps}`,
      () => trainingGraph(this.options.config, shape, runSteps, this.options.optimizer).graph,
    );
    const feeds = this.parameterFeeds(state.weights);
    for (const s of this.stateSpecs) feeds[`state.${s.name}`] = { data: state.optimizer.get(s.name)!, dims: s.shape };
    feeds.first_step = { data: Float32Array.of(state.step + 1), dims: [] };
    feeds.learning_rate = { data: learningRates, dims: [runSteps] };
    feeds.input_ids = { data: batches.inputIds, dims: [runSteps, batch, length] };
    feeds.decoder_ids = { data: batches.decoderIds, dims: [runSteps, batch, steps] };
    feeds.targets = { data: batches.targets, dims: [runSteps, batch, steps] };
    feeds.weights = { data: batches.weights, dims: [runSteps, batch, steps] };
    const result = await session.run(feeds);
    const floats = (name: string) => result[name]!.data as Float32Array;
    for (const s of parameterSpecs(this.options.config)) state.weights.set(s.name, floats(`new.param.${s.name}`));
    for (const s of this.stateSpecs) state.optimizer.set(s.name, floats(`new.state.${s.name}`));
    state.step += runSteps;
    return { loss: floats('loss'), gradientNorm: floats('gradient_norm') };
  }

  async release(): Promise<void> {
    const sessions = await Promise.all(this.sessions.values());
    this.sessions.clear();
    await Promise.all(sessions.map((s) => s.release()));
  }

  private parameterFeeds(weights: Weights): Parameters<OrtSession['run']>[0] {
    const feeds: Parameters<OrtSession['run']>[0] = {};
    for (const spec of parameterSpecs(this.options.config)) {
      const data = weights.get(spec.name);
      if (data?.length !== sizeOf(spec))
        throw new Error(`LoopExecutor: ${spec.name} has ${data?.length} values, not ${sizeOf(spec)}`);
      feeds[`param.${spec.name}`] = { data, dims: spec.shape };
    }
    return feeds;
  }

  private session(key: string, build: () => Parameters<typeof OrtSession.create>[0]): Promise<OrtSession> {
    let session = this.sessions.get(key);
    if (!session) {
      session = OrtSession.create(build(), { threads: this.options.threads });
      this.sessions.set(key, session);
    }
    return session;
  }
}

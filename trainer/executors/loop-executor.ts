// Trains on the CPU (and CUDA): K steps a run inside an ONNX Loop, one compiled session a batch shape.
import { type Device, sessionOptions } from '../devices/device.js';
import { type HostTensor, OrtSession, releaseAll } from '../graph/session.js';
import type { ParameterSpec, Weights } from '../model/parameters.js';
import { frozenSpecs, trainableSpecs } from '../model/trainable.js';
import { trainingGraph } from '../model/training-graph.js';
import type { StateSpec } from '../optimizers/transformation.js';
import type { Executor, ExecutorOptions, RunResult, StackedBatches, TrainingState } from './executor.js';
import { batchFeeds, stateFeeds, weightFeeds, zeroState } from './feeds.js';

export class LoopExecutor implements Executor {
  private readonly sessions = new Map<string, Promise<OrtSession>>();
  private readonly trainable: ParameterSpec[];
  private readonly stateSpecs: StateSpec[];
  private readonly frozenFeeds: Record<string, HostTensor>;
  private current: TrainingState | undefined;

  constructor(
    private readonly options: ExecutorOptions,
    private readonly device: Exclude<Device, 'webgpu'> = 'cpu',
  ) {
    this.trainable = trainableSpecs(options.model);
    this.stateSpecs = options.optimizer.init(this.trainable);
    this.frozenFeeds = weightFeeds('frozen', frozenSpecs(options.model), options.frozen ?? new Map());
  }

  initialState(weights: Weights): TrainingState {
    return { step: 0, weights, optimizer: zeroState(this.stateSpecs) };
  }

  async load(state: TrainingState): Promise<void> {
    this.current = { ...state, weights: new Map(state.weights), optimizer: new Map(state.optimizer) };
  }

  get step(): number {
    return this.loaded().step;
  }

  async run(batches: StackedBatches, learningRates: Float32Array): Promise<RunResult> {
    const state = this.loaded();
    const session = await this.session(batches);
    const feeds = {
      ...this.frozenFeeds,
      ...weightFeeds('param', this.trainable, state.weights),
      ...stateFeeds(this.stateSpecs, state.optimizer),
      ...batchFeeds(batches, this.options.accumulate ?? 1, state.step, learningRates),
    };
    const result = await session.run(feeds);
    const floats = (name: string) => result[name]!.data as Float32Array;
    for (const s of this.trainable) state.weights.set(s.name, floats(`new.param.${s.name}`));
    for (const s of this.stateSpecs) state.optimizer.set(s.name, floats(`new.state.${s.name}`));
    state.step += batches.runSteps;
    return { loss: floats('loss'), gradientNorm: floats('gradient_norm') };
  }

  /** Tensors are replaced by a run, never written into, so what is handed out stays as it is. */
  async state(): Promise<TrainingState> {
    const { step, weights, optimizer } = this.loaded();
    return { step, weights: new Map(weights), optimizer: new Map(optimizer) };
  }

  async release(): Promise<void> {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    await releaseAll(sessions);
  }

  private loaded(): TrainingState {
    if (!this.current) throw new Error('Executor: load a state first');
    return this.current;
  }

  private session({ shape, runSteps }: StackedBatches): Promise<OrtSession> {
    const { batch, length, steps } = shape;
    const key = `train ${batch}×${length}×${steps}×${runSteps}`;
    let session = this.sessions.get(key);
    if (!session) {
      const { model, optimizer, threads, accumulate = 1 } = this.options;
      const micro = { ...shape, batch: batch / accumulate };
      const { graph } = trainingGraph(model, micro, { runSteps, accumulate, form: 'loop' }, optimizer);
      session = OrtSession.create(graph, sessionOptions(this.device, threads));
      this.sessions.set(key, session);
    }
    return session;
  }
}

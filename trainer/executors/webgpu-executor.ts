// Trains through WebGPU: one unrolled step a run, with parameters, optimizer state and frozen weights on the GPU throughout.
import { sessionOptions } from '../devices/device.js';
import { type DeviceTensor, disposeAll } from '../graph/device-tensor.js';
import { Graph } from '../graph/graph.js';
import { Concat } from '../graph/ops/shape.js';
import { OrtSession, releaseAll } from '../graph/session.js';
import { Transfer } from '../graph/transfer.js';
import type { ParameterSpec, Weights } from '../model/parameters.js';
import { frozenSpecs, trainableSpecs } from '../model/trainable.js';
import { type BatchShape, trainingGraph } from '../model/training-graph.js';
import type { StateSpec } from '../optimizers/transformation.js';
import type { Executor, ExecutorOptions, RunResult, StackedBatches, TrainingState } from './executor.js';
import { batchFeeds, stateFeeds, weightFeeds, zeroState } from './feeds.js';

/** Steps whose losses are read back together: reading waits for the GPU, which in between is given work without a pause. */
const READ_TOGETHER = 32;
const OPTIONS = sessionOptions('webgpu', 1);
const SCALARS = ['loss', 'gradient_norm'] as const;

export class WebGpuExecutor implements Executor {
  private readonly sessions = new Map<string, Promise<OrtSession>>();
  private readonly trainable: ParameterSpec[];
  private readonly stateSpecs: StateSpec[];
  private readonly frozenTransfer: Transfer;
  private readonly stateTransfer: Transfer;
  /** By the name of the training graph's input. */
  private frozen: Map<string, DeviceTensor> | undefined;
  private resident: Map<string, DeviceTensor> | undefined;
  private stepsTaken = 0;

  constructor(private readonly options: ExecutorOptions) {
    this.trainable = trainableSpecs(options.model);
    this.stateSpecs = options.optimizer.init(this.trainable);
    const shapes = (prefix: string, specs: readonly StateSpec[]) =>
      specs.map((s) => [`${prefix}.${s.name}`, s.shape] as const);
    this.frozenTransfer = new Transfer(new Map(shapes('frozen', frozenSpecs(options.model))), OPTIONS);
    const state = [...shapes('param', this.trainable), ...shapes('state', this.stateSpecs)];
    this.stateTransfer = new Transfer(new Map(state), OPTIONS);
  }

  initialState(weights: Weights): TrainingState {
    return { step: 0, weights, optimizer: zeroState(this.stateSpecs) };
  }

  async load({ step, weights, optimizer }: TrainingState): Promise<void> {
    const { model, frozen = new Map() } = this.options;
    this.frozen ??= await this.frozenTransfer.upload(weightFeeds('frozen', frozenSpecs(model), frozen));
    const feeds = { ...weightFeeds('param', this.trainable, weights), ...stateFeeds(this.stateSpecs, optimizer) };
    const loaded = await this.stateTransfer.upload(feeds);
    disposeAll(this.resident?.values() ?? []);
    this.resident = loaded;
    this.stepsTaken = step;
  }

  get step(): number {
    return this.stepsTaken;
  }

  async run(batches: StackedBatches, learningRates: Float32Array): Promise<RunResult> {
    const { runSteps, shape } = batches;
    const session = await this.session(`train ${Object.values(shape)}`, () => this.stepGraph(shape), 'device');
    const result = { loss: new Float32Array(runSteps), gradientNorm: new Float32Array(runSteps) };
    for (let begin = 0; begin < runSteps; begin += READ_TOGETHER) {
      const end = Math.min(runSteps, begin + READ_TOGETHER);
      const taken: Record<string, DeviceTensor>[] = [];
      try {
        for (let i = begin; i < end; i++) taken.push(await this.takeStep(session, batches, learningRates, i));
        const read = await this.read(taken);
        result.loss.set(read.loss!.data as Float32Array, begin);
        result.gradientNorm.set(read.gradient_norm!.data as Float32Array, begin);
      } finally {
        for (const scalars of taken) disposeAll(Object.values(scalars));
      }
    }
    return result;
  }

  async state(): Promise<TrainingState> {
    const read = await this.stateTransfer.download(this.loaded());
    return {
      step: this.stepsTaken,
      weights: new Map(this.trainable.map((s) => [s.name, read.get(`param.${s.name}`)!])),
      optimizer: new Map(this.stateSpecs.map((s) => [s.name, read.get(`state.${s.name}`)!])),
    };
  }

  async release(): Promise<void> {
    disposeAll([...(this.resident?.values() ?? []), ...(this.frozen?.values() ?? [])]);
    this.resident = undefined;
    this.frozen = undefined;
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    await Promise.all([releaseAll(sessions), this.frozenTransfer.release(), this.stateTransfer.release()]);
  }

  private loaded(): Map<string, DeviceTensor> {
    if (!this.resident) throw new Error('Executor: load a state first');
    return this.resident;
  }

  private stepGraph(shape: BatchShape): Graph {
    const { model, optimizer, accumulate = 1 } = this.options;
    const micro = { ...shape, batch: shape.batch / accumulate };
    return trainingGraph(model, micro, { runSteps: 1, accumulate, form: 'unrolled' }, optimizer).graph;
  }

  /** Step `i` of the batches; what it replaces is disposed of. Returns its loss and gradient norm, still on the device. */
  private async takeStep(
    session: OrtSession,
    batches: StackedBatches,
    learningRates: Float32Array,
    i: number,
  ): Promise<Record<string, DeviceTensor>> {
    const resident = this.loaded();
    const outputs = await session.runResident({
      ...Object.fromEntries(this.frozen!),
      ...Object.fromEntries(resident),
      ...batchFeeds(
        batchOf(batches, i),
        this.options.accumulate ?? 1,
        this.stepsTaken,
        learningRates.subarray(i, i + 1),
      ),
    });
    for (const [name, previous] of resident) {
      resident.set(name, outputs[`new.${name}`]!);
      previous.dispose();
    }
    this.stepsTaken++;
    return Object.fromEntries(SCALARS.map((name) => [name, outputs[name]!]));
  }

  /** Losses and norms of some steps in one transfer. */
  private async read(taken: readonly Record<string, DeviceTensor>[]) {
    const build = () => {
      const g = new Graph('read');
      for (const name of SCALARS) {
        const each = taken.map((_, i) => g.input(`${name}.${i}`, 'float32', [1]));
        g.output(Concat(each, 0), name);
      }
      return g;
    };
    const session = await this.session(`read ${taken.length}`, build, 'host');
    const feeds = taken.flatMap((scalars, i) => SCALARS.map((name) => [`${name}.${i}`, scalars[name]!] as const));
    return session.run(Object.fromEntries(feeds));
  }

  private session(key: string, build: () => Graph, outputs: 'host' | 'device'): Promise<OrtSession> {
    let session = this.sessions.get(key);
    if (!session) {
      session = OrtSession.create(build(), { ...OPTIONS, outputs });
      this.sessions.set(key, session);
    }
    return session;
  }
}

/** The batch of one step, as views. */
function batchOf(batches: StackedBatches, i: number): StackedBatches {
  const { batch, length, steps } = batches.shape;
  const part = <T extends Int32Array | Float32Array>(all: T, size: number) =>
    all.subarray(i * size, (i + 1) * size) as T;
  return {
    shape: batches.shape,
    runSteps: 1,
    inputIds: part(batches.inputIds, batch * length),
    decoderIds: part(batches.decoderIds, batch * steps),
    targets: part(batches.targets, batch * steps),
    weights: part(batches.weights, batch * steps),
  };
}

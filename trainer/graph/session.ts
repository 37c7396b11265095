// A compiled model: ONNX Runtime behind typed arrays, with feeds checked before they reach native code.
import type * as Ort from 'onnxruntime-node';
import { DeviceTensor } from './device-tensor.js';
import { GraphError } from './errors.js';
import { DATA_CLASS, type DType, Graph, type TensorData } from './ir.js';
import { toModel } from './proto.js';

/** A tensor in memory, row-major; bool as bytes 0 and 1. */
export interface HostTensor {
  data: TensorData;
  /** The sizes of its axes; [] for a scalar. */
  dims: readonly number[];
}

export interface SessionOptions {
  /** Threads of one operator; 0 lets ONNX Runtime take the physical cores. */
  threads: number;
  /** How far ONNX Runtime rewrites the graph: 'disabled', 'basic', 'extended' or 'all'. */
  graphOptimizationLevel: NonNullable<Ort.InferenceSession.SessionOptions['graphOptimizationLevel']>;
  /** Where it runs, in order of preference. */
  executionProviders: readonly string[];
  /**
   * Whether ONNX Runtime plans one block of memory for each combination of input shapes that it meets: faster where they are
   * always the same, but where they vary every plan stays in memory.
   */
  memoryPattern: boolean;
  /** Whether a node that none of these providers can run may run on the CPU instead, which copies its tensors there and back. */
  cpuFallback: boolean;
  /** `host`: outputs come back to this process, by `run`. `device`: they stay on the GPU (WebGPU alone), by `runResident`. */
  outputs: 'host' | 'device';
}

export const SESSION_DEFAULTS: Readonly<SessionOptions> = {
  threads: 0,
  graphOptimizationLevel: 'all',
  executionProviders: ['cpu'],
  memoryPattern: true,
  cpuFallback: true,
  outputs: 'host',
};

/** Loads ONNX Runtime late, so that its telemetry is switched off before it looks. */
async function runtime(): Promise<typeof Ort> {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return import('onnxruntime-node');
}

const DTYPES = Object.keys(DATA_CLASS) as DType[];

/** A model ready to run. Runs block the thread they are called on: never the one that serves HTTP. */
export class OrtSession {
  /** Outputs on the device that have not been disposed of. */
  private residents = 0;

  private constructor(
    private readonly ort: typeof Ort,
    private session: Ort.InferenceSession | undefined,
    private readonly options: SessionOptions,
  ) {}

  /** Compiles a graph or the bytes of a model. Throws SESSION_INVALID_MODEL, GRAPH_INVALID_ARGUMENT for an unknown option. */
  static async create(model: Graph | Uint8Array, options: Partial<SessionOptions> = {}): Promise<OrtSession> {
    const unknown = Object.keys(options).find((key) => !(key in SESSION_DEFAULTS));
    if (unknown !== undefined) {
      const known = Object.keys(SESSION_DEFAULTS).join(', ');
      throw new GraphError('GRAPH_INVALID_ARGUMENT', `session option '${unknown}' is unknown: use ${known}`);
    }
    const resolved = { ...SESSION_DEFAULTS, ...options };
    const { threads, graphOptimizationLevel, executionProviders, memoryPattern, cpuFallback, outputs } = resolved;
    const ort = await runtime();
    const bytes = model instanceof Graph ? toModel(model) : model;
    try {
      const session = await ort.InferenceSession.create(bytes, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel,
        executionProviders: [...executionProviders],
        enableMemPattern: memoryPattern,
        // Fatal only: errors are thrown, with the same text.
        logSeverityLevel: 4,
        // Threads that wait by spinning hold each other up as soon as anything else wants a core: beside one busy process a
        // training on two cores took 1.45 times as long with it, alone 0.95 times.
        extra: { session: { intra_op: { allow_spinning: '0' }, disable_cpu_ep_fallback: cpuFallback ? '0' : '1' } },
        ...(outputs === 'device' && { preferredOutputLocation: 'gpu-buffer' }),
      });
      return new OrtSession(ort, session, resolved);
    } catch (cause) {
      throw new GraphError('SESSION_INVALID_MODEL', `ONNX Runtime refused the model: ${String(cause)}`, { cause });
    }
  }

  get inputNames(): readonly string[] {
    return this.open().inputNames;
  }

  get outputNames(): readonly string[] {
    return this.open().outputNames;
  }

  /**
   * Runs the model on one tensor for each input and returns its outputs by name.
   * Throws SESSION_INVALID_FEED with the input's name, and SESSION_RUN_FAILED.
   */
  async run(feeds: Record<string, HostTensor | DeviceTensor>): Promise<Record<string, HostTensor>> {
    const results = await this.runNative(feeds, 'host');
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as TensorData, dims }]),
    );
  }

  /** As `run`, for a session whose outputs stay on the device. The caller disposes of them; what is fed stays the caller's. */
  async runResident(feeds: Record<string, HostTensor | DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const results = await this.runNative(feeds, 'device');
    const onDispose = () => void this.residents--;
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => {
        this.residents++;
        return [name, new DeviceTensor(tensor, onDispose)];
      }),
    );
  }

  /**
   * Frees the native memory. The session cannot be used again. Throws SESSION_IN_USE while outputs of `runResident` live: to
   * touch one of them afterwards would end the process.
   */
  async release(): Promise<void> {
    const session = this.open();
    if (this.residents > 0) {
      throw new GraphError(
        'SESSION_IN_USE',
        `${this.residents} tensors that the session made are on the device: dispose of them first`,
      );
    }
    this.session = undefined;
    await session.release();
  }

  private async runNative(
    feeds: Record<string, HostTensor | DeviceTensor>,
    outputs: SessionOptions['outputs'],
  ): Promise<Ort.InferenceSession.OnnxValueMapType> {
    const session = this.open();
    // Reading a tensor of the device as if it were the host's ends the process, in native code.
    if (outputs !== this.options.outputs) {
      const method = this.options.outputs === 'host' ? 'run' : 'runResident';
      throw new GraphError(
        'GRAPH_INVALID_ARGUMENT',
        `outputs of this session are on the ${this.options.outputs}: use ${method}`,
      );
    }
    const unknown = Object.keys(feeds).find((name) => !session.inputNames.includes(name));
    if (unknown !== undefined) {
      throw invalidFeed(unknown, `is no input of the model: it has ${session.inputNames.join(', ') || 'none'}`);
    }
    const tensors: Record<string, Ort.Tensor> = {};
    for (const input of session.inputMetadata) tensors[input.name] = this.feed(input, feeds[input.name]);
    try {
      return await session.run(tensors);
    } catch (cause) {
      throw new GraphError('SESSION_RUN_FAILED', `ONNX Runtime failed: ${String(cause)}`, { cause });
    }
  }

  private open(): Ort.InferenceSession {
    if (this.session) return this.session;
    throw new GraphError('SESSION_RELEASED', 'the session has been released: create another');
  }

  private feed(input: Ort.InferenceSession.ValueMetadata, tensor: HostTensor | DeviceTensor | undefined): Ort.Tensor {
    if (!tensor) throw invalidFeed(input.name, 'is an input of the model and was not fed');
    if (!input.isTensor) throw invalidFeed(input.name, 'is not a tensor in the model');
    const { dims } = tensor;
    const fits =
      input.shape.length === dims.length && input.shape.every((n, i) => typeof n === 'string' || n === dims[i]);
    if (!fits) throw invalidFeed(input.name, `has the shape [${input.shape}], not [${dims}]`);
    if (tensor instanceof DeviceTensor) return this.residentFeed(input, tensor);
    const { data } = tensor;
    const size = dims.reduce((a, b) => a * b, 1);
    if (data.length !== size)
      throw invalidFeed(input.name, `[${dims}] holds ${size} elements, the data ${data.length}`);
    const dtype = DTYPES.find((name) => name === input.type);
    if (!dtype || !(data instanceof DATA_CLASS[dtype])) {
      throw invalidFeed(input.name, `is ${input.type}, which ${data.constructor.name} does not hold`);
    }
    return new this.ort.Tensor(dtype, data as Float32Array, dims);
  }

  private residentFeed(input: Ort.InferenceSession.ValueMetadata, tensor: DeviceTensor): Ort.Tensor {
    // Any other provider reads garbage from a GPU's buffer, without an error.
    if (!this.options.executionProviders.includes('webgpu')) {
      throw invalidFeed(input.name, 'lies on the GPU, which this session does not run on: read it back first');
    }
    const native = tensor.open();
    if (!input.isTensor || input.type !== native.type)
      throw invalidFeed(input.name, `is not ${native.type} in the model`);
    return native;
  }
}

/** Releases sessions that may still be under way, or may never have come to be: whoever waits for those has heard of it. */
export async function releaseAll(sessions: Iterable<Promise<OrtSession> | undefined>): Promise<void> {
  const created = await Promise.allSettled(sessions);
  await Promise.all(created.map((s) => (s.status === 'fulfilled' ? s.value?.release() : undefined)));
}

function invalidFeed(name: string, message: string): GraphError {
  return new GraphError('SESSION_INVALID_FEED', `feed '${name}' ${message}`);
}

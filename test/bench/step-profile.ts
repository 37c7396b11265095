// Where the time of a training step goes: ONNX Runtime's own profile of the step's graph, by kind of operator.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import { batchFeeds, stateFeeds, weightFeeds, zeroState } from '../../trainer/executors/feeds.js';
import { toModel } from '../../trainer/graph/proto.js';
import type { ModelConfig } from '../../trainer/model/config.js';
import { initialWeights } from '../../trainer/model/parameters.js';
import { trainingGraph } from '../../trainer/model/training-graph.js';
import type { GradientTransformation } from '../../trainer/optimizers/transformation.js';

const RUNS = 6;
export const PRODUCTS = 'matrix products';
const OPTIMIZER = 'clipping and optimizer';
const LOOP = 'loop and dispatch';
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^(Fused)?MatMul$|^Gemm$/, PRODUCTS],
  [/^Transpose$/, 'transposes'],
  [/^(Gather|Scatter)/, 'lookups, their gradients'],
  [/^Softmax$/, 'softmax'],
  [/^Reduce/, 'reductions'],
  [/^(Reshape|Unsqueeze|Squeeze|Expand|Identity|Split|Concat|Slice|Cast)$/, 'shapes and copies'],
];
const ELEMENTWISE = 'element by element';

export interface ProfileRow {
  name: string;
  /** Of one step. */
  milliseconds: number;
  /** Nodes run in one step. */
  nodes: number;
}

export interface ProductRow extends ProfileRow {
  /** Floating-point operations of one step. */
  operations: number;
}

export interface StepProfile {
  /** Of one step, with the profiler at work. */
  milliseconds: number;
  /** Kinds of operators, the dearest first; they add up to the step. */
  kinds: ProfileRow[];
  /** Single operators on inputs of one size, the dearest first, without the products. */
  operators: ProfileRow[];
  /** Matrix products by shape, the dearest first. */
  products: ProductRow[];
}

interface Event {
  cat: string;
  name: string;
  ts: number;
  dur: number;
  args: {
    op_name: string;
    input_type_shape: Record<string, number[]>[];
    output_type_shape: Record<string, number[]>[];
  };
}

/** Profiles runs of the training graph on the CPU and reads the fastest of them. */
export async function profileStep(
  config: ModelConfig,
  batches: StackedBatches,
  optimizer: GradientTransformation,
  threads: number,
): Promise<StepProfile> {
  let firstOfOptimizer = Number.POSITIVE_INFINITY;
  // Node ids grow in the order of creation: what comes after the gradients is the optimizer's.
  const marked: GradientTransformation = {
    ...optimizer,
    update(updates, state, context) {
      firstOfOptimizer = context.step.graph.takeId();
      return optimizer.update(updates, state, context);
    },
  };
  const { runSteps, shape } = batches;
  const options = { runSteps, accumulate: 1, form: 'loop' } as const;
  const { graph, trainable, stateSpecs } = trainingGraph({ config }, shape, options, marked);
  const feeds = {
    ...weightFeeds('param', trainable, initialWeights(config, 1)),
    ...stateFeeds(stateSpecs, zeroState(stateSpecs)),
    ...batchFeeds(batches, 1, 0, new Float32Array(runSteps).fill(1e-4)),
  };
  const events = await profiledRuns(toModel(graph), feeds, threads);
  const loops = events.filter((e) => e.args.op_name === 'Loop');
  const fastest = loops.slice(1).reduce((a, b) => (b.dur < a.dur ? b : a));
  const end = fastest.ts + fastest.dur;
  const nodes = events.filter((e) => e.args.op_name !== 'Loop' && e.ts >= fastest.ts && e.ts <= end);
  const each = (map: Map<string, ProductRow>, name: string, e: Event, operations = 0) => {
    const row = map.get(name) ?? { name, milliseconds: 0, nodes: 0, operations: 0 };
    row.milliseconds += e.dur / 1000 / runSteps;
    row.nodes += 1 / runSteps;
    row.operations += operations / runSteps;
    map.set(name, row);
  };
  const kinds = new Map<string, ProductRow>();
  const operators = new Map<string, ProductRow>();
  const products = new Map<string, ProductRow>();
  for (const e of nodes) {
    const id = Number(/_(\d+)/.exec(e.name)?.[1] ?? 0);
    const kind = id >= firstOfOptimizer ? OPTIMIZER : kindOf(e.args.op_name);
    each(kinds, kind, e);
    if (kind === PRODUCTS) {
      const { name, operations } = productOf(e);
      each(products, name, e, operations);
    } else if (kind !== OPTIMIZER) {
      each(operators, `${e.args.op_name} ${shapes(e.args.input_type_shape).map(formatShape).join(' ')}`, e);
    }
  }
  const milliseconds = fastest.dur / 1000 / runSteps;
  const inNodes = [...kinds.values()].reduce((sum, row) => sum + row.milliseconds, 0);
  kinds.set(LOOP, { name: LOOP, milliseconds: milliseconds - inNodes, nodes: 0, operations: 0 });
  const dearest = (rows: Map<string, ProductRow>) =>
    [...rows.values()]
      .map((row) => ({ ...row, nodes: Math.round(row.nodes) }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  return { milliseconds, kinds: dearest(kinds), operators: dearest(operators), products: dearest(products) };
}

function kindOf(op: string): string {
  return KINDS.find(([pattern]) => pattern.test(op))?.[1] ?? ELEMENTWISE;
}

const shapes = (list: Record<string, number[]>[]) => list.map((entry) => Object.values(entry)[0]!);
const formatShape = (dims: readonly number[]) => (dims.length === 0 ? '()' : dims.join('×'));
const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** A product as m×k·k×n, times so many of them; ᵀ where an operand is read transposed. */
function productOf({ args }: Event): { name: string; operations: number } {
  const [a, b] = shapes(args.input_type_shape) as [number[], number[]];
  const out = shapes(args.output_type_shape)[0]!;
  const n = out.at(-1)!;
  // The left operand is never stretched here: it has m·k elements for each of the products.
  const k = (size(a) * n) / size(out);
  // Where the right operand is one matrix for all, ONNX Runtime folds the batch into the rows.
  const batch = b.length === 2 ? 1 : size(out.slice(0, -2));
  const m = size(out) / n / batch;
  const transposed = (dims: readonly number[], rows: number) => (dims.at(-2) === rows ? '' : 'ᵀ');
  const left = a.length === 2 && a[0] === k && a[1] === m ? 'ᵀ' : '';
  const name = `${batch > 1 ? `${batch} of ` : ''}${m}×${k}${left} · ${k}×${n}${transposed(b, k)}`;
  return { name, operations: 2 * size(out) * k };
}

async function profiledRuns(
  model: Uint8Array,
  feeds: ReturnType<typeof batchFeeds>,
  threads: number,
): Promise<Event[]> {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort: typeof Ort = await import('onnxruntime-node');
  const folder = await mkdtemp(join(tmpdir(), 'omnireg-profile-'));
  try {
    // As OrtSession has it, and the profiler on.
    const session = await ort.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    const tensor = ({ data, dims }: (typeof feeds)[string]) =>
      new ort.Tensor(data instanceof Int32Array ? 'int32' : 'float32', data as Float32Array, dims);
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, tensor(value)]));
    for (let run = 0; run < RUNS; run++) await session.run(tensors);
    session.endProfiling();
    await session.release();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as Event[];
    return events.filter((e) => e.cat === 'Node' && e.name.endsWith('_kernel_time'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

// Speed of training in input tokens a second, and what a step costs beside its own matrix products alone, in one run.
// Usage: npm run bench:training [-- BATCH LENGTH]
import { cpus } from 'node:os';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { LoopExecutor } from '../../trainer/executors/loop-executor.js';
import { Graph } from '../../trainer/graph/graph.js';
import { MatMul } from '../../trainer/graph/ops/matmul.js';
import { OrtSession } from '../../trainer/graph/session.js';
import { DEFAULT_MODEL_CONFIG } from '../../trainer/model/config.js';
import { initialWeights, parameterSpecs, sizeOf } from '../../trainer/model/parameters.js';
import { adamW } from '../../trainer/optimizers/adamw.js';
import { Random } from '../../trainer/random.js';
import { DEFAULT_TRAIN_CONFIG } from '../../trainer/train-config.js';

const RUN_STEPS = 10;
const RUNS = 6;
const SIDE = 1024;

const config = DEFAULT_MODEL_CONFIG;
const parameters = parameterSpecs(config).reduce((sum, spec) => sum + sizeOf(spec), 0);
const threads = cpus().length;
console.log(`${cpus()[0]!.model}, ${threads} cores, Node ${process.version}`);
console.log(`${(parameters / 1e6).toFixed(2)} M parameters, float32, ${threads} threads`);

/** Floating-point operations a second of one large matrix product: what the library reaches at best on this machine. */
async function matrixProductRate(): Promise<number> {
  const g = new Graph('product');
  const [a, b] = ['a', 'b'].map((name) => g.input(name, 'float32', [SIDE, SIDE]));
  g.output(MatMul(a!, b!), 'c');
  const session = await OrtSession.create(g, { threads });
  const data = new Float32Array(SIDE * SIDE).fill(0.5);
  const feeds = { a: { data, dims: [SIDE, SIDE] }, b: { data, dims: [SIDE, SIDE] } };
  await session.run(feeds);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const begin = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - begin);
  }
  await session.release();
  return (2 * SIDE ** 3) / (best / 1000);
}

/** Multiply-adds × 2 of the linear layers and attention products of one step, backward twice the forward. */
function stepOperations(batch: number, length: number, steps: number): number {
  const { d_model: d, d_ff, num_heads, d_kv, num_layers, num_decoder_layers } = config;
  const inner = num_heads * d_kv;
  const feedForward = 3 * d * d_ff;
  const encoder = num_layers * length * (4 * d * inner + feedForward + 2 * length * inner);
  const decoder =
    num_decoder_layers *
    (steps * (6 * d * inner + feedForward + 2 * (steps + length) * inner) + length * 2 * d * inner);
  const head = steps * d * (config.number_token_end - config.number_token_begin);
  return 2 * 3 * batch * (encoder + decoder + head);
}

async function measure(batch: number, length: number, peak: number): Promise<void> {
  const { beta1, beta2, epsilon, weight_decay, clip_norm } = DEFAULT_TRAIN_CONFIG;
  const optimizer = adamW({ beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm });
  const executor = new LoopExecutor({ model: { config }, optimizer, threads });
  await executor.load(executor.initialState(initialWeights(config, 1)));
  const steps = 1 + new AbsoluteCodec().maxLength;
  const random = new Random(2);
  const ids = (count: number, below: number) => Int32Array.from({ length: count }, () => 1 + random.integer(below - 1));
  const examples = RUN_STEPS * batch;
  const tokens = config.number_token_end - config.number_token_begin;
  const batches = {
    shape: { batch, length, steps },
    runSteps: RUN_STEPS,
    inputIds: ids(examples * length, config.vocab_size),
    decoderIds: ids(examples * steps, tokens),
    targets: ids(examples * steps, tokens),
    weights: new Float32Array(examples * steps).fill(1 / (batch * steps)),
  };
  const rates = new Float32Array(RUN_STEPS).fill(1e-4);
  await executor.run(batches, rates);
  const milliseconds: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const begin = performance.now();
    await executor.run(batches, rates);
    milliseconds.push((performance.now() - begin) / RUN_STEPS);
  }
  await executor.release();
  const step = milliseconds.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
  const rate = stepOperations(batch, length, steps) / (step / 1000);
  console.log(
    `batch ${batch} × ${length} + ${steps}: ${step.toFixed(1)} ms a step, ${Math.round((batch * length) / (step / 1000))} input tokens/s, ` +
      `${((100 * rate) / peak).toFixed(0)}% of the rate of one ${SIDE}³ matrix product`,
  );
}

const peak = await matrixProductRate();
console.log(`One ${SIDE}³ matrix product: ${(peak / 1e9).toFixed(0)} GFLOP/s`);
const [batch, length] = process.argv.slice(2).map(Number);
const shapes =
  batch && length
    ? [[batch, length]]
    : [
        [64, 48],
        [32, 112],
        [32, 176],
      ];
for (const [b, l] of shapes) await measure(b!, l!, peak);

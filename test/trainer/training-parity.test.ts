// A hundred steps of the product's training (float32, ONNX Runtime) against an independent one in plain float64 loops.
import { beforeAll, describe, expect, it } from 'vitest';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import { LoopExecutor } from '../../trainer/executors/loop-executor.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from '../../trainer/model/config.js';
import { initialWeights, parameterSpecs, type Weights } from '../../trainer/model/parameters.js';
import { adamW } from '../../trainer/optimizers/adamw.js';
import { warmupCosine } from '../../trainer/optimizers/schedule.js';
import { Random } from '../../trainer/random.js';
import { type PlainExample, PlainTraining, plainRate } from './model/plain-training.js';

const config: ModelConfig = {
  ...DEFAULT_MODEL_CONFIG,
  vocab_size: 40,
  d_model: 32,
  d_kv: 12,
  num_heads: 2,
  d_ff: 40,
  number_token_begin: 3,
  number_token_end: 17,
};
const specs = parameterSpecs(config);
const BATCH = 6;
const STEPS = 5;
const RUN_STEPS = 20;
const RUNS = 5;
/** Two compiled shapes by turns, as when batches are grouped by length. */
const LENGTHS = [20, 32];
const PEAK = 5e-3;
const WARMUP = 10;
const FINAL = 0.05;
const optimizer = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 4 };

/** A prompt, padded, and digits that can be learned from it: each a token of the prompt, until the number ends. */
function makeExample(random: Random, length: number): PlainExample {
  const used = length - random.integer(10);
  const inputIds = Array.from({ length }, (_, i) => (i < used ? 1 + random.integer(config.vocab_size - 1) : 0));
  const digits = 1 + random.integer(STEPS);
  // Only four of the fourteen digits occur, so that a hundred steps show a fall of the loss.
  const targets = Array.from({ length: STEPS }, (_, i) => (i < digits ? inputIds[i]! % 4 : 0));
  return {
    inputIds,
    targets,
    decoderIds: targets.map((_, i) => (i === 0 || i > digits ? 0 : config.number_token_begin + targets[i - 1]!)),
    weights: targets.map((_, i) => (i < digits ? 0.6 ** i / BATCH : 0)),
  };
}

const data = Array.from({ length: RUNS }, (_, run) => {
  const random = new Random(5, run);
  const length = LENGTHS[run % LENGTHS.length]!;
  return Array.from({ length: RUN_STEPS }, () => Array.from({ length: BATCH }, () => makeExample(random, length)));
});

function stack(steps: readonly (readonly PlainExample[])[]): StackedBatches {
  const examples = steps.flat();
  const ids = (key: 'inputIds' | 'decoderIds' | 'targets') => Int32Array.from(examples.flatMap((e) => e[key]));
  return {
    shape: { batch: BATCH, length: examples[0]!.inputIds.length, steps: STEPS },
    runSteps: steps.length,
    inputIds: ids('inputIds'),
    decoderIds: ids('decoderIds'),
    targets: ids('targets'),
    weights: Float32Array.from(examples.flatMap((e) => e.weights)),
  };
}

interface Course {
  loss: number[];
  gradientNorm: number[];
  weights: Map<string, ArrayLike<number>>;
}

const initial = (): Weights => initialWeights(config, 7);

/** The one place that knows how the product trains. */
async function productCourse(): Promise<Course> {
  const executor = new LoopExecutor({ model: { config }, optimizer: adamW(optimizer), threads: 2 });
  const schedule = { peak: PEAK, warmupSteps: WARMUP, steps: RUNS * RUN_STEPS, finalFraction: FINAL };
  const course: Course = { loss: [], gradientNorm: [], weights: new Map() };
  try {
    await executor.load(executor.initialState(initial()));
    for (const [run, steps] of data.entries()) {
      const rates = Float32Array.from(steps, (_, i) => warmupCosine(schedule, run * RUN_STEPS + i));
      const { loss, gradientNorm } = await executor.run(stack(steps), rates);
      course.loss.push(...loss);
      course.gradientNorm.push(...gradientNorm);
    }
    course.weights = (await executor.state()).weights;
  } finally {
    await executor.release();
  }
  return course;
}

function plainCourse(): Course {
  const training = new PlainTraining(config, specs, initial(), optimizer);
  const course: Course = { loss: [], gradientNorm: [], weights: new Map() };
  data.flat().forEach((batch, t) => {
    const { loss, gradientNorm } = training.take(batch, plainRate(t, PEAK, WARMUP, RUNS * RUN_STEPS, FINAL));
    course.loss.push(loss);
    course.gradientNorm.push(gradientNorm);
  });
  for (const [name, matrix] of training.parameters) course.weights.set(name, matrix.data);
  return course;
}

describe('a hundred steps, five runs of twenty', () => {
  let product: Course;
  let plain: Course;
  beforeAll(async () => {
    product = await productCourse();
    plain = plainCourse();
  }, 60_000);

  const worst = (values: readonly number[], reference: readonly number[], scale: (r: number) => number) =>
    Math.max(...reference.map((r, t) => Math.abs(values[t]! - r) / scale(r)));

  it('learn, some of them clipped and some not', () => {
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(product.loss).toHaveLength(RUNS * RUN_STEPS);
    expect(mean(plain.loss.slice(-10))).toBeLessThan(0.8 * mean(plain.loss.slice(0, 10)));
    const clipped = plain.gradientNorm.filter((norm) => norm > optimizer.clipNorm).length;
    expect(Math.min(clipped, RUNS * RUN_STEPS - clipped)).toBeGreaterThan(10);
  });

  // Measured: see docs/speed.md. The bounds leave room for other orders of summation, on other processors.
  it('have the losses of the independent implementation to 1e-5, each of them', () => {
    expect(worst(product.loss, plain.loss, () => 1)).toBeLessThan(1e-5);
  });

  it('have its gradient norms to 1e-5 of themselves, each of them', () => {
    expect(worst(product.gradientNorm, plain.gradientNorm, (norm) => norm)).toBeLessThan(1e-5);
  });

  it('end on its weights, to a thousandth of how far each tensor has moved', () => {
    const start = initial();
    for (const { name } of specs) {
      const [ours, theirs, before] = [product.weights, plain.weights, start].map((w) => Array.from(w.get(name)!));
      const distance = (a: readonly number[], b: readonly number[]) =>
        Math.hypot(...a.map((value, i) => value - b[i]!));
      expect(distance(theirs!, before!), `${name} has moved`).toBeGreaterThan(0);
      expect(distance(ours!, theirs!) / distance(theirs!, before!), name).toBeLessThan(1e-3);
    }
  });
});

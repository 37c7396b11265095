// From examples to stacked batches: evidence is dropped at random, prompts of like length stand together, targets get weights.
import type { StackedBatches } from './executors/executor.js';
import type { BatchShape } from './model/training-graph.js';
import { type Example, renderPrompt } from './prompt.js';
import { Random } from './random.js';
import type { TrainConfig } from './train-config.js';

/** Streams of the job's seed: see `Random`. */
const BATCH_STREAM = 0x62617463;

export interface LengthBucket {
  /** Encoder tokens of every example in it, padding included. */
  length: number;
  examples: Example[];
}

/** Compiled lengths: few, so that few sessions are built, and close, so that little is padding. */
const MAX_BUCKETS = 2;
const LENGTH_STEP = 8;

/** Splits examples at the quantiles of their full prompts' lengths, each rounded up to a multiple of 8. */
export function bucketByLength(examples: readonly Example[]): LengthBucket[] {
  const lengths = examples.map((e) => renderPrompt(e).length);
  const sorted = [...lengths].sort((a, b) => a - b);
  const roundUp = (n: number) => Math.ceil(n / LENGTH_STEP) * LENGTH_STEP;
  const edges = new Set<number>();
  for (let i = 1; i <= MAX_BUCKETS; i++) edges.add(roundUp(sorted[Math.ceil((i * sorted.length) / MAX_BUCKETS) - 1]!));
  const buckets = [...edges].map((length): LengthBucket => ({ length, examples: [] }));
  examples.forEach((example, i) => buckets.find((b) => lengths[i]! <= b.length)!.examples.push(example));
  return buckets.filter((b) => b.examples.length > 0);
}

/** Loss weight of each place of a spelling of `length` tokens, summing to 1: each place counts `decay` times the one before. */
export function placeWeights(length: number, decay: number): number[] {
  const weights = Array.from({ length }, (_, i) => decay ** i);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

export interface BatchOptions {
  /** Decoder positions: the longest spelling of either codec. */
  decoderSteps: number;
  /** Id of the first number token: targets count from it. */
  firstToken: number;
  config: Pick<TrainConfig, 'drop_piece' | 'drop_all' | 'place_decay'>;
}

/**
 * Lays examples out as `count / batch` batches. With `random` pieces of evidence are dropped as in training; without it
 * prompts are whole.
 */
export function stackBatches(
  examples: readonly Example[],
  shape: BatchShape,
  { firstToken, config }: BatchOptions,
  random?: Random,
): StackedBatches {
  const { batch, length, steps } = shape;
  const count = examples.length;
  const stacked: StackedBatches = {
    shape,
    runSteps: count / batch,
    inputIds: new Int32Array(count * length),
    decoderIds: new Int32Array(count * steps),
    // Padding's target is the first number token: its weight is 0, so any valid id will do.
    targets: new Int32Array(count * steps),
    weights: new Float32Array(count * steps),
  };
  examples.forEach((example, i) => {
    const bare = example.relative === undefined || (random !== undefined && random.uniform() < config.drop_all);
    const keep = random ? () => random.uniform() >= config.drop_piece : () => true;
    const prompt = renderPrompt(example, bare ? () => false : keep);
    const target = bare ? example.absolute : example.relative!;
    stacked.inputIds.set(prompt, i * length);
    const weights = placeWeights(target.length, config.place_decay);
    target.forEach((id, place) => {
      const at = i * steps + place;
      stacked.targets[at] = id - firstToken;
      stacked.weights[at] = weights[place]! / batch;
      if (place + 1 < steps) stacked.decoderIds[at + 1] = id;
    });
  });
  return stacked;
}

/**
 * The batches of run number `run`: a pure function of the job's seed, so that a resumed job sees what it would have seen.
 * A bucket is drawn in proportion to its examples; within the run no example comes twice until all have come.
 */
export function trainingBatches(
  buckets: readonly LengthBucket[],
  run: number,
  { seed, batch_size, run_steps }: TrainConfig,
  options: BatchOptions,
): StackedBatches {
  const random = new Random(seed, BATCH_STREAM, run);
  const total = buckets.reduce((sum, b) => sum + b.examples.length, 0);
  let at = random.integer(total);
  const bucket = buckets.find((b) => {
    at -= b.examples.length;
    return at < 0;
  })!;
  const chosen: Example[] = [];
  while (chosen.length < batch_size * run_steps) {
    chosen.push(...random.shuffle([...bucket.examples]).slice(0, batch_size * run_steps - chosen.length));
  }
  const shape = { batch: batch_size, length: bucket.length, steps: options.decoderSteps };
  return stackBatches(chosen, shape, options, random);
}

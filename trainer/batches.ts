// From examples to stacked batches: evidence is dropped at random, prompts of like length stand together, targets get weights.
import type { StackedBatches } from './executors/executor.js';
import type { BatchShape } from './model/training-graph.js';
import { type Example, renderPrompt } from './prompt.js';
import { Random } from './random.js';
import type { TrainConfig } from './train-config.js';

/** Streams of the job's seed: see `Random`. */
const BATCH_STREAM = 0x62617463;
const ORDER_STREAM = 0x72756e73;

/** Compiled lengths: few, so that few sessions are built, and close, so that little is padding. */
const DEFAULT_LENGTHS = 2;
const LENGTH_STEP = 8;
/** Coarser where prompts are longer than any that the lengths were chosen on: a last resort, compiled only if it is used. */
const RESORT_STEP = 64;

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step;
const lengthOf = (example: Example): number => renderPrompt(example).length;

/** Up to `count` encoder lengths to compile, ascending: quantiles of these examples' full prompts, rounded up to multiples of 8. */
export function chooseLengths(examples: readonly Example[], count = DEFAULT_LENGTHS): number[] {
  const sorted = examples.map(lengthOf).sort((a, b) => a - b);
  const edges = new Set<number>();
  for (let i = 1; i <= count; i++) edges.add(roundUp(sorted[Math.ceil((i * sorted.length) / count) - 1]!, LENGTH_STEP));
  return [...edges];
}

/** The examples of one run, and the encoder length that holds them all. */
export interface RunExamples {
  length: number;
  examples: Example[];
}

/**
 * Divides a window's examples among `runs` runs of `perRun` each, prompts of like length together. The window is gone
 * through in random order, again and again if it is smaller, so that no example comes twice before all have come. What
 * is left over at one length is padded to the next.
 */
export function divideIntoRuns(
  window: readonly Example[],
  lengths: readonly number[],
  runs: number,
  perRun: number,
  random: Random,
): RunExamples[] {
  const chosen: Example[] = [];
  while (chosen.length < runs * perRun) {
    chosen.push(...random.shuffle([...window]).slice(0, runs * perRun - chosen.length));
  }
  const byLength = new Map<number, Example[]>();
  for (const example of chosen) {
    const exact = lengthOf(example);
    const length = lengths.find((l) => l >= exact) ?? roundUp(exact, RESORT_STEP);
    const others = byLength.get(length);
    if (others) others.push(example);
    else byLength.set(length, [example]);
  }
  const divided: RunExamples[] = [];
  let rest: Example[] = [];
  for (const [length, examples] of [...byLength].sort(([a], [b]) => a - b)) {
    rest = random.shuffle([...rest, ...examples]);
    const full = Math.floor(rest.length / perRun) * perRun;
    for (let at = 0; at < full; at += perRun) divided.push({ length, examples: rest.slice(at, at + perRun) });
    rest = rest.slice(full);
  }
  return random.shuffle(divided);
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

/** Which examples meet in which run of a slot: see `divideIntoRuns`. */
export function slotRandom(seed: number, slot: number): Random {
  return new Random(seed, ORDER_STREAM, slot);
}

/** The batches of run number `run`, from its examples: what evidence is dropped depends on the seed and the number alone. */
export function trainingBatches(
  { length, examples }: RunExamples,
  run: number,
  { seed, batch_size }: Pick<TrainConfig, 'seed' | 'batch_size'>,
  options: BatchOptions,
): StackedBatches {
  const shape = { batch: batch_size, length, steps: options.decoderSteps };
  return stackBatches(examples, shape, options, new Random(seed, BATCH_STREAM, run));
}

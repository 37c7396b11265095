// Studies of bench:omnipred: BBOB functions, each with a rotation of its own, shifted anew in every study.
import { bbobAt } from '../../trainer/pretraining/functions/bbob.js';
import { randomRotation } from '../../trainer/pretraining/functions/vectors.js';
import { Random } from '../../trainer/random.js';
import type { JsonObject, StudyData, StudyHead } from '../../trainer/types.js';

export interface MeasuredTrial {
  x: JsonObject;
  y: number;
}

/** One study, its trials divided for good. */
export interface BenchStudy extends StudyHead {
  /** What every method may learn from, in the order in which they were measured. */
  training: MeasuredTrial[];
  /** Decide how long a model is trained, and nothing else. */
  validation: MeasuredTrial[];
  test: MeasuredTrial[];
  /** What the function gives at the test trials without noise. */
  truth: number[];
  /** Greatest less smallest y without noise, of all trials: errors are measured in it. */
  range: number;
}

/** Student's t with `degrees` degrees of freedom, times `scale` of the study's standard deviation. */
export interface Noise {
  degrees: number;
  scale: number;
}

export interface CorpusOptions {
  /** The first `studies` of one list, in which no function stands twice at the same place: 1,445 there are in two dimensions. */
  studies: number;
  /** The list's own seed. */
  seed: number;
  dimension: number;
  training: number;
  validation: number;
  test: number;
  noise?: Noise | undefined;
}

/**
 * The functions that take turns in the list, by their numbers and names in the suite: sphere, Rosenbrock, sharp ridge, different
 * powers, rotated Rastrigin. The names are of one length, so that prompts are: the trainer puts prompts of like length together,
 * and batches of one function after another teach a small model little of what they have in common.
 */
export const FUNCTIONS: readonly { number: number; name: string }[] = [
  { number: 1, name: 'f01' },
  { number: 8, name: 'f08' },
  { number: 13, name: 'f13' },
  { number: 14, name: 'f14' },
  { number: 15, name: 'f15' },
];

const ROTATION = 0x726f7461;
const SHIFT = 0x73686966;
const TRIALS = 0x7472696c;
const NOISE = 0x6e6f6973;
/** Coordinates of trials and of optima are multiples of these. */
const STEP = 0.1;
const SHIFT_STEP = 0.5;
/** Of [-5, 5] in the suite: coordinates are shown as 10 to 20, so that nearly all have the same number of digits. */
const SHOWN = 15;

/** Even in [low, high], a multiple of `step`: a number is few tokens then, and yet says all of it. */
const coordinate = (low: number, high: number, step: number, random: Random): number =>
  Number((low + step * random.integer(Math.round((high - low) / step) + 1)).toFixed(2));

/** Studies `0 … studies − 1` of the list: study s is of function s modulo their number, whatever else is asked for. */
export function bbobStudies(options: CorpusOptions): BenchStudy[] {
  const places = Math.round(8 / SHIFT_STEP + 1) ** options.dimension;
  if (options.studies > places * FUNCTIONS.length)
    throw new Error(`bbobStudies: studies is ${options.studies}; there are ${places * FUNCTIONS.length} that differ`);
  // A twin's trials would be the test study's own.
  const taken = new Set<string>();
  return Array.from({ length: options.studies }, (_, index) => {
    const shifting = new Random(options.seed, SHIFT, index);
    for (;;) {
      const optimum = Float64Array.from({ length: options.dimension }, () => coordinate(-4, 4, SHIFT_STEP, shifting));
      const place = `${index % FUNCTIONS.length} ${optimum.join()}`;
      if (taken.has(place)) continue;
      taken.add(place);
      return bbobStudy(index, optimum, options);
    }
  });
}

function bbobStudy(index: number, optimum: Float64Array, options: CorpusOptions): BenchStudy {
  const { seed, dimension, training, validation, test, noise } = options;
  const { number, name } = FUNCTIONS[index % FUNCTIONS.length]!;
  // One rotation a function in all lists: what studies have in common is all but the shift.
  const turning = new Random(ROTATION, number, dimension);
  const [R, Q] = [randomRotation(dimension, turning), randomRotation(dimension, turning)];
  const { value } = bbobAt(number, { optimum, R, Q, seed: 0 });
  const random = new Random(seed, TRIALS, index);
  const points = distinctPoints(training + validation + test, dimension, random);
  const truth = points.map(value);
  const spread = noise ? noise.scale * standardDeviation(truth) : 0;
  const wild = new Random(seed, NOISE, index);
  const trials = points.map(
    (point, i): MeasuredTrial => ({
      x: shown(point, 'x'),
      y: Number((truth[i]! + (noise ? spread * studentT(noise.degrees, wild) : 0)).toPrecision(6)),
    }),
  );
  return {
    id: `bbob-${seed}-${index}`,
    metadata: { suite: 'bbob', function: name, ...shown(optimum, 's') },
    objective: { name: 'y' },
    training: trials.slice(0, training),
    validation: trials.slice(training, training + validation),
    test: trials.slice(training + validation),
    truth: truth.slice(training + validation),
    range: Math.max(...truth) - Math.min(...truth),
  };
}

/** No point twice: what is asked about was never measured. */
function distinctPoints(count: number, dimension: number, random: Random): Float64Array[] {
  const points = new Map<string, Float64Array>();
  while (points.size < count) {
    const point = Float64Array.from({ length: dimension }, () => coordinate(-5, 5, STEP, random));
    points.set(point.join(), point);
  }
  return [...points.values()];
}

/** The list that the bench is about. */
const LIST = 1;

/** The first `studies` of the bench's list, of the sizes of a budget. Studies behind those that a model knows are new to it. */
export function corpusOf(
  sizes: Omit<CorpusOptions, 'studies' | 'seed' | 'noise'>,
  studies: number,
  noise?: Noise,
): BenchStudy[] {
  const { dimension, training, validation, test } = sizes;
  return bbobStudies({ studies, seed: LIST, dimension, training, validation, test, noise });
}

/** The study as the trainer takes it. @param trials the first ones of its training trials; all by default */
export function dataOf(study: BenchStudy, trials = study.training.length): StudyData {
  const { id, metadata, objective, training } = study;
  return { id, metadata, objective, trials: training.slice(0, trials) };
}

const shown = (place: Float64Array, name: string): JsonObject =>
  Object.fromEntries(Array.from(place, (value, i) => [`${name}${i + 1}`, Number((value + SHOWN).toFixed(2))]));

/** Student's t: a normal draw over the root of a chi-squared one's mean. */
function studentT(degrees: number, random: Random): number {
  const squares = Array.from({ length: degrees }, () => random.normal() ** 2).reduce((a, b) => a + b, 0);
  return random.normal() / Math.sqrt(squares / degrees);
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

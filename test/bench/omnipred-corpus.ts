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
  /** The first `studies` of one and the same endless list. */
  studies: number;
  /** The list's own seed: another one gives studies that no model of this one has seen. */
  seed: number;
  dimension: number;
  training: number;
  validation: number;
  test: number;
  noise?: Noise | undefined;
}

/** The functions that take turns in the list, by their numbers in the suite: smooth, curved, kinked, flat and full of ripples. */
export const FUNCTIONS: readonly { number: number; name: string }[] = [
  { number: 1, name: 'Sphere' },
  { number: 8, name: 'Rosenbrock' },
  { number: 13, name: 'Ridge' },
  { number: 14, name: 'Powers' },
  { number: 15, name: 'Rastrigin' },
];

const ROTATION = 0x726f7461;
const SHIFT = 0x73686966;
const TRIALS = 0x7472696c;
const NOISE = 0x6e6f6973;
/** Optima lie within this of the centre of [-5, 5]^D, as in the suite. */
const FARTHEST = 4;

/** Of [-5, 5] in the suite: from 10 to 20 every number has as many digits, which a small model learns to compare sooner. */
const shown = (place: Float64Array): Float64Array => place.map((value) => toStep(value + 15, 100));

/** Whole multiples of a unit, so that a number is few tokens and yet says all of it. */
const toStep = (value: number, steps: number): number => Math.round(value * steps) / steps;

/** Studies `0 … studies − 1` of the list: study s is of function s modulo their number, whatever else is asked for. */
export function bbobStudies(options: CorpusOptions): BenchStudy[] {
  return Array.from({ length: options.studies }, (_, index) => bbobStudy(index, options));
}

function bbobStudy(index: number, options: CorpusOptions): BenchStudy {
  const { seed, dimension, training, validation, test, noise } = options;
  const { number, name } = FUNCTIONS[index % FUNCTIONS.length]!;
  // One rotation a function in all lists: what studies have in common is all but the shift.
  const turning = new Random(ROTATION, number, dimension);
  const [R, Q] = [randomRotation(dimension, turning), randomRotation(dimension, turning)];
  const shifting = new Random(seed, SHIFT, index);
  const optimum = Float64Array.from({ length: dimension }, () => toStep(FARTHEST * (2 * shifting.uniform() - 1), 2));
  const { value } = bbobAt(number, { optimum, R, Q, seed: 0 });
  const random = new Random(seed, TRIALS, index);
  const points = Array.from({ length: training + validation + test }, () =>
    Float64Array.from({ length: dimension }, () => toStep(10 * random.uniform() - 5, 10)),
  );
  const truth = points.map(value);
  const spread = noise ? noise.scale * standardDeviation(truth) : 0;
  const wild = new Random(seed, NOISE, index);
  const trials = points.map(
    (point, i): MeasuredTrial => ({
      x: named(shown(point), 'x'),
      y: Number((truth[i]! + (noise ? spread * studentT(noise.degrees, wild) : 0)).toPrecision(6)),
    }),
  );
  return {
    id: `bbob-${seed}-${index}`,
    metadata: { function: name, ...named(shown(optimum), 's') },
    objective: { name: 'y' },
    training: trials.slice(0, training),
    validation: trials.slice(training, training + validation),
    test: trials.slice(training + validation),
    truth: truth.slice(training + validation),
    range: Math.max(...truth) - Math.min(...truth),
  };
}

/** The list's seed: studies of it are known to models. */
export const KNOWN = 1;

/** At least the test studies, of the sizes of a budget. */
export function corpusOf(
  {
    dimension,
    training,
    validation,
    test,
    tests,
  }: Omit<CorpusOptions, 'studies' | 'seed' | 'noise'> & { tests: number },
  studies: number,
  seed = KNOWN,
  noise?: Noise,
): BenchStudy[] {
  return bbobStudies({ studies: Math.max(studies, tests), seed, dimension, training, validation, test, noise });
}

/** The study as the trainer takes it. @param trials the first ones of its training trials; all by default */
export function dataOf(study: BenchStudy, trials = study.training.length): StudyData {
  const { id, metadata, objective, training } = study;
  return { id, metadata, objective, trials: training.slice(0, trials) };
}

const named = (values: Float64Array, name: string): JsonObject =>
  Object.fromEntries(Array.from(values, (value, i) => [`${name}${i + 1}`, value]));

/** Student's t: a normal draw over the root of a chi-squared one's mean. */
function studentT(degrees: number, random: Random): number {
  const squares = Array.from({ length: degrees }, () => random.normal() ** 2).reduce((a, b) => a + b, 0);
  return random.normal() / Math.sqrt(squares / degrees);
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

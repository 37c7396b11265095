// Which trials of a study are predicted and which are known: fixed by the seed and the study's number of trials alone.
import { Random } from '../random.js';
import { drawFew } from '../study-source.js';
import type { JsonObject, StudySource } from '../types.js';
import type { EvaluationConfig } from './types.js';

const SPLIT_STREAM = 0x73706c69;
const POOL_STREAM = 0x706f6f6c;
/** A study that cannot spare so many trials to be predicted says too little. */
const LEAST_TEST = 5;

export interface MeasuredTrial {
  x: JsonObject;
  y: number;
}

/** Positions of a study's trials. */
export interface Split {
  /** Greatest less smallest y of the whole study. */
  range: number;
  /** Trials that are predicted. */
  test: Int32Array;
  /** Local trials: the first n of them are known where n are. */
  local: Int32Array;
}

/**
 * Of its measured trials at most a third, and at most `testTrials`, are predicted; failed ones are left out.
 * @returns why the study cannot be used where it cannot
 */
export function splitStudy(
  outcomes: Float64Array,
  { seed, testTrials, localTrials }: Pick<EvaluationConfig, 'seed' | 'testTrials' | 'localTrials'>,
): Split | { reason: string } {
  const measured = measuredOf(outcomes);
  const test = Math.min(testTrials, Math.floor(measured.length / 3));
  if (test < LEAST_TEST) return { reason: `it has ${measured.length} measured trials; ${3 * LEAST_TEST} are needed` };
  const range = rangeOf(outcomes);
  if (!(range > 0)) return { reason: 'all its measurements are the same' };
  const drawn = drawFew(measured, test + Math.max(0, ...localTrials), new Random(seed, SPLIT_STREAM));
  return { range, test: drawn.slice(0, test), local: drawn.slice(test) };
}

/** At most `count` measured trials of a study, drawn evenly. */
export async function drawMeasured(source: StudySource, count: number, seed: number): Promise<MeasuredTrial[]> {
  const measured = measuredOf(await source.outcomes());
  return readMeasured(source, drawFew(measured, count, new Random(seed, POOL_STREAM)));
}

const measuredOf = (outcomes: Float64Array): Int32Array =>
  Int32Array.from(outcomes.keys()).filter((position) => !Number.isNaN(outcomes[position]!));

/** @param positions of measured trials */
export async function readMeasured(source: StudySource, positions: Int32Array): Promise<MeasuredTrial[]> {
  const trials = await source.read(positions);
  return trials.map(({ x, y }) => ({ x, y: y! }));
}

function rangeOf(outcomes: Float64Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const y of outcomes) {
    if (y < low) low = y;
    if (y > high) high = y;
  }
  return high - low;
}

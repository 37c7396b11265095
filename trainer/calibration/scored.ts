// An answer about a measured trial that did not know it: what is kept of it, and how it looks on a scale.
import type { Distribution } from '../distribution.js';
import type { Difficulty } from '../evidence.js';
import { CALIBRATION_DEFAULTS } from './defaults.js';
import type { ErrorScale } from './error-scale.js';

const { core: CORE } = CALIBRATION_DEFAULTS;

/**
 * How central a measured value stands in what was predicted for it: 0 at the median, 1 at the far ends. Uniform on
 * [0, 1] where the model's probabilities hold.
 */
export function centrality(distribution: Distribution, y: number): number {
  return Math.abs(2 * distribution.cdf(y) - 1);
}

/** The middle of what was predicted: its median, and the ends of the central half. */
export interface Core {
  lower: number;
  median: number;
  upper: number;
}

/** What is kept of an answer about a measured trial, in the unit of y. */
export interface Scored extends Core {
  y: number;
  difficulty?: Difficulty | undefined;
}

/** What says where y can be. */
export interface Quantiles {
  quantile(p: number): number;
}

/** @param y measured, and not known when the distribution was stated, nor when its difficulty was */
export const scoreOf = (distribution: Distribution, y: number, difficulty?: Difficulty): Scored => ({
  y,
  ...coreOf(distribution),
  difficulty,
});

/** What a distribution's core looks like on a scale: half its width, and how much of it lies on either side of the median, 1 where it is even, in [0, 2]. */
export function shapeOn({ to, rate }: ErrorScale, { lower, median, upper }: Core, difficulty: Difficulty | undefined) {
  const [below, at, above] = [to(lower), to(median), to(upper)];
  const half = above / 2 - below / 2;
  const [left, right] = half > 0 ? [(at - below) / half, (above - at) / half] : [1, 1];
  return { half, left, right, difficulty: difficulty && times(difficulty, rate(median)) };
}

const times = ({ forest, experts, neighbours }: Difficulty, factor: number): Difficulty => ({
  forest: forest * factor,
  experts: experts * factor,
  neighbours: neighbours * factor,
});

/** An answer about a measured trial as intervals see it, on a scale. */
export interface Placed {
  /** From the median to y. */
  error: number;
  half: number;
  /** On y's side. */
  lean: number;
  difficulty: Difficulty | undefined;
}

export function placedOn(scale: ErrorScale, scored: Scored): Placed {
  const { half, left, right, difficulty } = shapeOn(scale, scored, scored.difficulty);
  const { y, median } = scored;
  return { error: Math.abs(scale.to(y) - scale.to(median)), half, lean: y < median ? left : right, difficulty };
}

/** Size of the smallest interval of the family that held a trial. */
export function sizeOf({ error, lean }: Placed, unit: number): number {
  // A unit of 0 means that no error was made at all.
  return unit > 0 ? error / (unit * tempered(lean)) : 0;
}

/** Half of a lean: which side is the longer one is known less well than how wide both are. */
export const tempered = (lean: number): number => (1 + lean) / 2;

export const coreOf = (distribution: Distribution): Core => ({
  ...centralQuantiles(distribution, CORE),
  median: distribution.median,
});

/** The ends that leave as much beyond either. */
export function centralQuantiles(distribution: Quantiles, share: number): { lower: number; upper: number } {
  return { lower: distribution.quantile((1 - share) / 2), upper: distribution.quantile((1 + share) / 2) };
}

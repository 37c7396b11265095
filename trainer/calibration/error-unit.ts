// How large an error is to be expected of an answer, compared with others of its study: what makes intervals adaptive. See docs/calibration.md.
import type { Difficulty } from '../evidence.js';

/**
 * Of the geometric mean: the half width of what the model states, and each part of a query's difficulty. They sum to 1. Chosen near the
 * weights of a regression of log errors within tasks, families left out in turn, that differed little with the number of trials.
 */
export const WEIGHTS = { half: 0.4, forest: 0.2, experts: 0.2, neighbours: 0.2 };
const PARTS = ['forest', 'experts', 'neighbours'] as const;

/** What is this many times as wide as usual in a study says nothing of the others, nor of how much wider it should be. */
const WIDEST = 10;
/** Added to each part, in its typical size: what says that there is no doubt at all is not believed. */
const LEAST = 0.02;

/** How large an error is to be expected of an answer, by the study's scored trials: what is typical of them. */
export class ErrorUnit {
  private readonly half: number;
  private readonly difficulty: Difficulty;
  /** Mean of what `alone` says of the scored trials. */
  private readonly usual: number;

  constructor(study: readonly { error: number; half: number; difficulty?: Difficulty | undefined }[]) {
    const difficult = (part: keyof Difficulty): number =>
      typical(study.flatMap(({ difficulty }) => (difficulty ? [difficulty[part]] : [])));
    this.half = typical(study.map(({ half }) => half));
    this.difficulty = {
      forest: difficult('forest'),
      experts: difficult('experts'),
      neighbours: difficult('neighbours'),
    };
    this.usual =
      // Distributions that all stand at one point have no width to measure in: then it is measured in their errors.
      this.half > 0
        ? typical(study.map(({ half, difficulty }) => this.alone(half, difficulty)))
        : typical(study.map(({ error }) => error));
  }

  of(half: number, difficulty: Difficulty | undefined): number {
    return this.half > 0 ? this.alone(half, difficulty) / 2 + this.usual / 2 : this.usual;
  }

  private alone(half: number, difficulty: Difficulty | undefined): number {
    let sum = WEIGHTS.half * logRatio(half, this.half);
    for (const part of PARTS) sum += WEIGHTS[part] * logRatio(difficulty?.[part], this.difficulty[part]);
    return this.half * Math.exp(sum);
  }
}

/** How a part of the unit stands to its typical size; as usual where one is not known. */
function logRatio(part: number | undefined, usual: number): number {
  return part === undefined || !(usual > 0) ? 0 : Math.log(Math.min(part / usual, WIDEST) + LEAST);
}

/** The mean, none counting as more than WIDEST times the middle one. */
function typical(halves: readonly number[]): number {
  const sorted = [...halves].sort((a, b) => a - b);
  const most = WIDEST * sorted[Math.floor(sorted.length / 2)]! || Number.POSITIVE_INFINITY;
  return sorted.reduce((sum, half) => sum + Math.min(half, most) / sorted.length, 0);
}

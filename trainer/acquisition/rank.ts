// Orders candidates by an acquisition criterion.
import type { Distribution } from '../distribution.js';
import { TrainerError } from '../errors.js';
import { type AcquisitionOptions, type Aim, acquisition, acquisitionOptions } from './criteria.js';

export interface Ranked {
  /** Place of the candidate in the list that was given. */
  index: number;
  /** See `acquisition`: greater is better; −∞ where the criterion sees no chance. */
  score: number;
}

/**
 * All candidates, best first. Ties go to the one that is likelier to succeed, then to the better median, then to the
 * one that was given first, so that the same candidates always come in the same order.
 * @param distributions one a candidate
 * @throws TrainerError `acquisition` where the incumbent or an option is out of range
 */
export function rank(
  distributions: readonly Distribution[],
  aim: Aim,
  options: Partial<AcquisitionOptions> = {},
): Ranked[] {
  const resolved = acquisitionOptions(options);
  if (aim.incumbent !== undefined && !Number.isFinite(aim.incumbent)) {
    throw new TrainerError('acquisition', `incumbent is ${aim.incumbent}; give the best y so far, or leave it out.`);
  }
  const sign = aim.goal === 'minimize' ? 1 : -1;
  const ranked = distributions.map((distribution, index) => ({
    index,
    score: acquisition(distribution, aim, resolved, index),
    pInfeasible: distribution.pInfeasible,
    median: sign * distribution.median,
  }));
  ranked.sort(
    (a, b) =>
      ascending(b.score, a.score) ||
      ascending(a.pInfeasible, b.pInfeasible) ||
      ascending(a.median, b.median) ||
      a.index - b.index,
  );
  return ranked.map(({ index, score }) => ({ index, score }));
}

/** Not a difference: that of two infinities is NaN. */
const ascending = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

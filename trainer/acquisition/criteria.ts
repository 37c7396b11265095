// How promising a candidate is, computed from its distribution: exact on the histogram, failures counted. See docs/distribution.md.
import type { Distribution } from '../distribution.js';
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';

export const CRITERIA = [
  'expected_improvement',
  'probability_of_improvement',
  'upper_confidence_bound',
  'thompson',
] as const;

export type CriterionName = (typeof CRITERIA)[number];

export interface AcquisitionOptions {
  criterion: CriterionName;
  /**
   * Of the upper confidence bound: the probability, in (0, 1), that y turns out no better than the bound. Above one half it
   * rewards what is uncertain, the more the nearer to 1.
   */
  level: number;
  /** Of Thompson draws. */
  seed: number;
}

/**
 * Expected improvement has nothing to tune. The level of 0.9 is what κ = 1.28 standard deviations would be of a normal
 * distribution.
 */
export const ACQUISITION_DEFAULTS: AcquisitionOptions = { criterion: 'expected_improvement', level: 0.9, seed: 1 };

export interface Aim {
  goal: 'minimize' | 'maximize';
  /** Best y measured so far; absent where no experiment has succeeded yet. */
  incumbent?: number | undefined;
}

/**
 * The score of one candidate: greater is better, whatever the goal; −∞ where the criterion sees no chance. p is the
 * probability of failure, F the distribution of y given success.
 *
 * - `expected_improvement` (Močkus, 1978; Jones et al., 1998): (1 − p)·E[max(incumbent − Y, 0)] to minimize, in the unit of y.
 * - `probability_of_improvement` (Kushner, 1964): (1 − p)·P(Y < incumbent).
 * - Both without an incumbent: 1 − p, as any success is an improvement (Gelbart et al., 2014).
 * - `upper_confidence_bound` (Srinivas et al., 2010), as a quantile: the y that is reached or surpassed with probability
 *   1 − level, a failure counting as worse than any y; negated where less is better.
 * - `thompson` (Thompson, 1933): one draw, −∞ for a failure; negated where less is better.
 * @param draw names the candidate among those ranked together: the same seed and number give the same draw
 */
export function acquisition(
  distribution: Distribution,
  { goal, incumbent }: Aim,
  { criterion, level, seed }: AcquisitionOptions,
  draw = 0,
): number {
  const minimize = goal === 'minimize';
  const feasible = 1 - distribution.pInfeasible;
  switch (criterion) {
    case 'expected_improvement':
      if (incumbent === undefined) return feasible;
      return feasible * (minimize ? distribution.expectedShortfall(incumbent) : distribution.expectedExcess(incumbent));
    case 'probability_of_improvement':
      if (incumbent === undefined) return feasible;
      return feasible * (minimize ? distribution.cdf(incumbent) : 1 - distribution.cdf(incumbent));
    case 'upper_confidence_bound': {
      const share = (1 - level) / feasible;
      if (!(share <= 1)) return Number.NEGATIVE_INFINITY;
      return minimize ? -distribution.quantile(share) : distribution.quantile(1 - share);
    }
    case 'thompson': {
      const y = distribution.sample(seed, draw);
      if (y === null) return Number.NEGATIVE_INFINITY;
      return minimize ? -y : y;
    }
  }
}

/** @throws TrainerError `acquisition` naming the option, and the known name that a mistyped one was probably meant to be */
export function acquisitionOptions(options: Partial<AcquisitionOptions>): AcquisitionOptions {
  const resolved = { ...ACQUISITION_DEFAULTS, ...options };
  if (!CRITERIA.includes(resolved.criterion)) {
    const meant = nearestName(String(resolved.criterion), CRITERIA);
    const advice = meant ? `did you mean '${meant}'?` : `known are ${CRITERIA.join(', ')}.`;
    throw new TrainerError('acquisition', `criterion is '${resolved.criterion}'; ${advice}`);
  }
  if (!(resolved.level > 0 && resolved.level < 1)) {
    throw new TrainerError('acquisition', `level is ${resolved.level}; give a probability between 0 and 1.`);
  }
  if (!Number.isSafeInteger(resolved.seed)) {
    throw new TrainerError('acquisition', `seed is ${resolved.seed}; give an integer.`);
  }
  return resolved;
}

// What can be set of suggestions, and its defaults.
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import type { JsonObject } from '../types.js';
import { ACQUISITION_DEFAULTS, type AcquisitionOptions, acquisitionOptions } from './criteria.js';

export interface SuggestOptions extends AcquisitionOptions {
  /** Experiments to suggest. */
  count: number;
  /** Asked for elsewhere and not measured yet: nothing near them is suggested. */
  pending: readonly JsonObject[];
  /** Candidates that the predictor is asked about in the first round. */
  candidates: number;
  /** Further rounds, each with half as many candidates, near the best so far. */
  rounds: number;
  /**
   * With a surrogate: how much less than the best of its scores a candidate may have for the predictor to be asked about it.
   * Of improvement, in nats; of the confidence bound, in standard deviations of y. 0: the surrogate decides alone.
   */
  slack: number;
  /** Distance (see `SearchSpace.distance`) that suggestions of one batch keep from each other where they can. */
  apart: number;
}

export const SUGGEST_DEFAULTS: SuggestOptions = {
  ...ACQUISITION_DEFAULTS,
  count: 1,
  pending: [],
  candidates: 64,
  rounds: 0,
  slack: 0.2,
  apart: 0.1,
};

/** @throws TrainerError `acquisition` where an option is unknown or out of range */
export function suggestOptions(options: Partial<SuggestOptions>): SuggestOptions {
  const known = Object.keys(SUGGEST_DEFAULTS);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearestName(key, known);
    const advice = meant ? `did you mean '${meant}'?` : `known are ${known.join(', ')}.`;
    throw new TrainerError('acquisition', `suggest: there is no option '${key}'; ${advice}`);
  }
  const settings = { ...SUGGEST_DEFAULTS, ...options };
  const { criterion, level, seed } = settings;
  acquisitionOptions({ criterion, level, seed });
  for (const [key, least] of [
    ['count', 1],
    ['candidates', 1],
    ['rounds', 0],
  ] as const) {
    if (!Number.isSafeInteger(settings[key]) || settings[key] < least) {
      throw new TrainerError('acquisition', `${key} is ${settings[key]}; give an integer of at least ${least}.`);
    }
  }
  if (!(settings.slack >= 0)) {
    throw new TrainerError('acquisition', `slack is ${settings.slack}; give a number of at least 0.`);
  }
  if (!(settings.apart >= 0 && settings.apart <= 1)) {
    throw new TrainerError('acquisition', `apart is ${settings.apart}; give a distance from 0 to 1.`);
  }
  return settings;
}

// How far out the model's validation answers stood, as sizes of intervals: what calibration rests on where a study has few trials.
import { normalCdf, normalQuantile } from '../normal.js';
import { CALIBRATION_DEFAULTS } from './defaults.js';

const { core: CORE, unlike } = CALIBRATION_DEFAULTS;
/** A centrality of 1 would be infinitely far out. */
const MOST_CENTRAL = 0.9999;

const KNOWN_SIZES = new WeakMap<readonly number[], number[]>();

/** A model's are the same for all its studies, and a hundred iterations each. */
export function sizesOfModel(centralities: readonly number[]): number[] {
  let sizes = KNOWN_SIZES.get(centralities);
  if (!sizes) {
    sizes = centralities.map((central) => unlike * normalSize(central));
    KNOWN_SIZES.set(centralities, sizes);
  }
  return sizes;
}

/** The size that a centrality has in a normal distribution, 1 at the core. */
const normalSize = (central: number): number => deviations(Math.min(central, MOST_CENTRAL)) / deviations(CORE);

/** The centrality of a size, the other way round. */
export const centralOf = (size: number): number => 2 * normalCdf(size * deviations(CORE)) - 1;

/** Standard deviations from the middle of a normal distribution to the ends of its central share. */
export const deviations = (share: number): number => normalQuantile((1 + share) / 2);

// The level of a study of which nothing was measured yet, from what its metadata shares with that of its relatives.
import { fitExperts } from '../experts/fit-experts.js';
import type { JsonObject } from '../types.js';

const SEED = 1;
/** Fewer relatives teach nothing of how levels depend on metadata. */
const LEAST_RELATIVES = 3;

/**
 * @param described metadata of each relative
 * @param levels their medians on the common scale
 * @param mean of the levels, weighted by how alike they are
 * @returns the mean of a forest, a Gaussian process and that mean
 */
export function levelOf(
  asked: JsonObject,
  described: readonly JsonObject[],
  levels: Float64Array,
  mean: number,
): number {
  if (described.length < LEAST_RELATIVES) return mean;
  const experts = fitExperts(described, levels, { seed: SEED, which: ['random_forest', 'gaussian_process'] });
  const { random_forest, gaussian_process } = experts.predict([asked]);
  return (random_forest!.mean[0]! + gaussian_process!.mean[0]! + mean) / 3;
}

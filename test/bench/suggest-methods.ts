// The contestants of bench:suggest: each is given the trials so far and names the next x.
import { CandidatePool } from '../../trainer/acquisition/candidates.js';
import { fitSurrogate } from '../../trainer/acquisition/process-surrogate.js';
import { screen } from '../../trainer/acquisition/screening.js';
import type { SearchSpace } from '../../trainer/acquisition/search-space.js';
import { surrogateScores } from '../../trainer/acquisition/surrogate.js';
import { deriveSeed, Random } from '../../trainer/random.js';
import type { JsonObject } from '../../trainer/types.js';

export interface Measured {
  x: JsonObject;
  y: number;
}

/** The next x to try. */
export type Method = (trials: readonly Measured[], space: SearchSpace, seed: number) => Promise<JsonObject>;

export const randomSearch: Method = async (trials, space, seed) =>
  space.sample(new Random(deriveSeed(seed, 7, trials.length)));

const PARENTS = 8;

/**
 * A Gaussian process with expected improvement, as it is commonly done (Jones et al., 1998; Snoek et al., 2012): Matérn 5/2 with a
 * length scale a parameter and y on the scale (linear, logarithmic, asinh) of the greatest marginal likelihood, fitted anew for
 * every suggestion; the improvement maximised over more than a thousand candidates and by local search, as for ours.
 */
export const gaussianProcessSearch: Method = async (trials, space, seed) => {
  const best = trials.toSorted((a, b) => a.y - b.y);
  const incumbent = best[0]!.y;
  const surrogate = fitSurrogate(trials)!;
  const pool = new CandidatePool(
    space,
    trials.map(({ x }) => x),
    deriveSeed(seed, trials.length),
  );
  const score = (xs: readonly JsonObject[]): Float64Array =>
    surrogateScores(surrogate, xs, { goal: 'minimize', incumbent }, { criterion: 'expected_improvement', level: 0.9 });
  const parents = best.slice(0, PARENTS).map(({ x }) => x);
  return screen(pool, space, parents, score)[0]!.x;
};

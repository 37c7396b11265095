// Finds the few candidates that the model is asked about: thousands are scored by a surrogate, the best are improved by local search.
import type { JsonObject } from '../types.js';
import type { CandidatePool } from './candidates.js';
import type { SearchSpace } from './search-space.js';

/** Settings, chosen by test/bench/suggest.ts. */
const GLOBAL = 768;
const NEAR = 384;
const CHILDREN = 128;
const ROUNDS = 8;
const PER_ROUND = 160;
const LEADERS = 8;
/** Steps of the local search: each round takes them at half the size of the one before. */
const FIRST_STEPS = [0.02, 0.06, 0.2];
const SHRINK = 0.6;
/** Distance that leaders of the local search keep, so that it climbs more than one hill. */
const LEADERS_APART = 0.05;

export interface Screened {
  x: JsonObject;
  /** Of the surrogate. */
  score: number;
}

/**
 * Promising candidates, best first, all new.
 * @param parents the best trials so far, best first
 * @param score greater is better; answers for many at once
 */
export function screen(
  pool: CandidatePool,
  space: SearchSpace,
  parents: readonly JsonObject[],
  score: (xs: readonly JsonObject[]) => ArrayLike<number>,
): Screened[] {
  const screened: Screened[] = [];
  const add = (xs: readonly JsonObject[]): void => {
    if (xs.length === 0) return;
    const scores = score(xs);
    xs.forEach((x, i) => screened.push({ x, score: scores[i]! }));
    screened.sort((a, b) => b.score - a.score);
  };
  add([
    ...pool.spread(GLOBAL + (parents.length > 0 ? 0 : NEAR + CHILDREN)),
    ...pool.near(parents, NEAR),
    ...pool.children(parents, CHILDREN),
  ]);
  let steps = FIRST_STEPS;
  for (let round = 0; round < ROUNDS; round++) {
    const leaders = apart(screened, space, LEADERS, LEADERS_APART);
    add(
      pool.near(
        leaders.map(({ x }) => x),
        PER_ROUND,
        steps,
      ),
    );
    steps = steps.map((step) => step * SHRINK);
  }
  return screened;
}

/** The first `count` that keep a distance from each other, as far as there are such; filled up with the best of the rest. */
export function apart<T extends { x: JsonObject }>(
  best: readonly T[],
  space: SearchSpace,
  count: number,
  distance: number,
): T[] {
  const chosen: T[] = [];
  const rest: T[] = [];
  for (const candidate of best) {
    if (chosen.length >= count) break;
    const free = chosen.every(({ x }) => space.distance(x, candidate.x) >= distance);
    (free ? chosen : rest).push(candidate);
  }
  return [...chosen, ...rest.slice(0, count - chosen.length)];
}

// A batch of experiments to run side by side: promising each, and not the same one several times.
import { deriveSeed } from '../random.js';
import type { JsonObject } from '../types.js';
import type { SearchSpace } from './search-space.js';

export interface BatchOptions {
  count: number;
  /** Under way elsewhere. */
  pending: readonly JsonObject[];
  /** Distance to keep from each other and from what is pending, where the candidates let it. */
  apart: number;
  seed: number;
}

/** Distance below which two x are as good as one, and any candidate will do. */
const FINEST = 1e-3;

/**
 * One after the other: the best-ranked candidate that keeps its distance from those picked and pending. Where none does, the
 * distance is halved.
 * @param rank the candidates, best first, for a place of the batch; called once, or for every place where the criterion draws anew
 */
export function pickBatch<T extends { x: JsonObject }>(
  rank: (seed: number) => readonly T[],
  drawsAnew: boolean,
  space: SearchSpace,
  { count, pending, apart, seed }: BatchOptions,
): T[] {
  const picked: T[] = [];
  let order = rank(seed);
  const nearest = new Map(order.map(({ x }) => [x, Number.POSITIVE_INFINITY]));
  const keepAway = (from: JsonObject): void => {
    for (const [x, distance] of nearest) nearest.set(x, Math.min(distance, space.distance(x, from)));
  };
  pending.forEach(keepAway);
  while (picked.length < count && nearest.size > 0) {
    if (drawsAnew && picked.length > 0) order = rank(deriveSeed(seed, picked.length));
    const free = order.filter(({ x }) => nearest.has(x));
    let next: T | undefined;
    for (let wanted = apart; !next; wanted = wanted > FINEST ? wanted / 2 : 0) {
      next = free.find(({ x }) => nearest.get(x)! >= wanted);
    }
    nearest.delete(next.x);
    keepAway(next.x);
    picked.push(next);
  }
  return picked;
}

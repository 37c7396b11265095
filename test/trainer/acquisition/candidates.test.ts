// What is offered to be tried: new, within the space, and never an x without parameters, which nobody could post as a trial.
import { expect, it } from 'vitest';
import { CandidatePool } from '../../../trainer/acquisition/candidates.js';
import { SearchSpace } from '../../../trainer/acquisition/search-space.js';
import type { JsonObject } from '../../../trainer/types.js';

const space = new SearchSpace({
  a: { type: 'integer', low: 1, high: 3, optional: true },
  b: { type: 'boolean', optional: true },
});
const ALL = 4 * 3;

it('offers each x of a small space once, none that was tried, and none that is empty', () => {
  const tried: JsonObject[] = [{ a: 2 }, { a: 1, b: true }];
  const pool = new CandidatePool(space, tried, 3);
  const offered = [...pool.spread(20), ...pool.near(tried, 20), ...pool.children(tried, 20)];
  for (const x of offered) {
    expect(space.violations(x)).toEqual([]);
    expect(Object.keys(x).length).toBeGreaterThan(0);
    expect(tried).not.toContainEqual(x);
  }
  expect(new Set(offered.map((x) => JSON.stringify(x))).size).toBe(offered.length);
  expect(offered.length).toBe(ALL - 1 - tried.length);
});

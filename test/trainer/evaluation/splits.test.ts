// Splits: fixed, nested, apart from each other, and without failed trials.
import { describe, expect, it } from 'vitest';
import { type Split, splitStudy } from '../../../trainer/evaluation/splits.js';

const split = (outcomes: Float64Array, localTrials: number[], seed = 0, testTrials = 20): Split => {
  const found = splitStudy(outcomes, { seed, testTrials, localTrials });
  if ('reason' in found) throw new Error(found.reason);
  return found;
};
const outcomes = Float64Array.from({ length: 100 }, (_, i) => (i % 4 === 3 ? Number.NaN : Math.sin(i)));

describe('a split', () => {
  it('predicts the same trials whatever the numbers of local trials, which are nested', () => {
    const [small, large] = [split(outcomes, [0, 5]), split(outcomes, [5, 50])];
    expect([...small.test]).toEqual([...large.test]);
    expect([...small.local]).toEqual([...large.local.slice(0, 5)]);
    expect(large.local).toHaveLength(50);
  });

  it('keeps what is predicted apart from what is known, and failed trials out of both', () => {
    const { test, local } = split(outcomes, [50]);
    const all = [...test, ...local];
    expect(new Set(all).size).toBe(all.length);
    expect(all.some((position) => Number.isNaN(outcomes[position]!))).toBe(false);
  });

  it('is fixed by the seed', () => {
    expect(split(outcomes, [50], 1)).toEqual(split(outcomes, [50], 1));
    expect([...split(outcomes, [50], 1).test]).not.toEqual([...split(outcomes, [50], 2).test]);
  });

  it('predicts at most a third of a small study', () =>
    expect(split(outcomes.slice(0, 40), [50]).test).toHaveLength(10));

  it('takes the range of the whole study', () => {
    const far = outcomes.slice();
    far[0] = 1000;
    expect(split(far, [0], 0, 5).range).toBe(1000 - Math.min(...outcomes.filter((y) => !Number.isNaN(y))));
  });
});

it.each([
  ['too few trials', Float64Array.from({ length: 14 }, (_, i) => i), '14 measured trials; 15 are needed'],
  ['nothing that varies', new Float64Array(50), 'the same'],
])('says why it cannot use a study: %s', (_, ys, reason) => {
  expect(splitStudy(ys, { seed: 0, testTrials: 20, localTrials: [5] })).toMatchObject({
    reason: expect.stringContaining(reason),
  });
});

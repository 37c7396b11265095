// Ratios over families and their bootstrap intervals, on cases whose answer is known.
import { describe, expect, it } from 'vitest';
import { overFamilies, type Pair, ratioOf } from '../../../trainer/evaluation/bootstrap.js';
import { Random } from '../../../trainer/random.js';

const one = (ours: number, theirs: number, family = 'a'): Pair => ({ family, ours, theirs });

describe('the ratio', () => {
  it('gives each family the same weight', () => {
    const pairs = [one(1, 2), one(3, 2), one(8, 4, 'b')];
    expect(overFamilies(pairs, ({ ours }) => ours)).toBe(5);
    expect(ratioOf(pairs, 100, 0).value).toBeCloseTo(5 / 3, 12);
  });

  it('is finite beside a method without error, and 1 where neither has one', () => {
    expect(ratioOf([one(1, 0)], 100, 0)).toEqual({ value: 1000, lower: 1000, upper: 1000 });
    expect(ratioOf([one(0, 0)], 100, 0).value).toBe(1);
  });
});

describe('the interval', () => {
  it('has no width where all tasks agree, however different they are: tasks are paired', () => {
    const pairs = [1, 10, 100, 1000].map((size) => one(0.8 * size, size));
    const { lower, upper } = ratioOf(pairs, 500, 3);
    expect(lower).toBeCloseTo(0.8, 12);
    expect(upper).toBeCloseTo(0.8, 12);
  });

  it('is that of a mean for many tasks of one family', () => {
    const random = new Random(5);
    const pairs = Array.from({ length: 400 }, () => one(1 + 0.3 * random.normal(), 1));
    const value = pairs.reduce((sum, { ours }) => sum + ours, 0) / 400;
    const variance = pairs.reduce((sum, { ours }) => sum + (ours - value) ** 2, 0) / 400;
    const half = 1.96 * Math.sqrt(variance / 400);
    const { lower, upper } = ratioOf(pairs, 4000, 1);
    expect(Math.abs(lower - (value - half))).toBeLessThan(0.1 * half);
    expect(Math.abs(upper - (value + half))).toBeLessThan(0.1 * half);
  });

  it('holds the truth about as often as it says', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(9, seed);
      const pairs = Array.from({ length: 40 }, (_, i) =>
        one(Math.exp(random.normal()), Math.exp(0.5), i % 2 ? 'a' : 'b'),
      );
      const { lower, upper } = ratioOf(pairs, 400, seed);
      if (lower <= 1 && 1 <= upper) held++;
    }
    // A skewed mean of 40 tasks: somewhat below 95%.
    expect(held / 200).toBeGreaterThan(0.85);
    expect(held / 200).toBeLessThan(0.99);
  });

  it('is the same for the same seed', () => {
    const pairs = [one(1, 2), one(3, 2), one(8, 4, 'b')];
    expect(ratioOf(pairs, 200, 7)).toEqual(ratioOf(pairs, 200, 7));
  });
});

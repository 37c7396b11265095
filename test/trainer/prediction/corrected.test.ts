// Corrected answers: the histogram that has the calibrated intervals, and what a ranking gains by it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rank } from '../../../trainer/acquisition/rank.js';
import { Calibration } from '../../../trainer/calibration/calibration.js';
import { rangeOf } from '../../../trainer/calibration/measured-range.js';
import { MeasuredValues } from '../../../trainer/calibration/measured-values.js';
import { scoreOf } from '../../../trainer/calibration/scored.js';
import { Distribution } from '../../../trainer/distribution.js';
import { Corrected } from '../../../trainer/prediction/corrected.js';
import { Random } from '../../../trainer/random.js';
import { normalHistogram as normal } from '../distributions.js';

/** A study of values over powers of ten, or of normal ones; the model states `narrow` of the true sd. */
function calibrationOf(seed: number, count: number, factors: boolean, narrow = 0.5) {
  const random = new Random(seed);
  const known = Array.from({ length: count }, () => {
    const truth = factors ? 10 ** (3 * random.uniform()) : 10 * random.normal();
    const y = factors ? truth * Math.exp(0.2 * random.normal()) : truth + random.normal();
    return { y, stated: normal(truth, narrow * (factors ? 0.2 * truth : 1)) };
  });
  const values = known.map(({ y }) => y);
  const scores = known.map(({ y, stated }) => scoreOf(stated, y));
  return { calibration: new Calibration(scores, [0.1, 0.4, 0.6, 0.9], rangeOf(values)), values };
}

const world = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  count: fc.integer({ min: 1, max: 60 }),
  factors: fc.boolean(),
  median: fc.double({ min: 0.01, max: 2000, noNaN: true }),
  outside: fc.boolean(),
});

describe('a corrected answer', () => {
  it('has a histogram whose central intervals are the calibrated ones, in any study', () => {
    fc.assert(
      fc.property(world, ({ seed, count, factors, median, outside }) => {
        const { calibration, values } = calibrationOf(seed, count, factors);
        const stated = normal(median, 0.1 * median, 0.25);
        const besides = outside ? [stated, new MeasuredValues(values)] : [];
        const corrected = new Corrected(calibration, { distribution: stated, difficulty: undefined }, besides);
        const { distribution } = corrected;
        expect(distribution.pInfeasible).toBe(0.25);
        expect(distribution.cells.reduce((sum, { mass }) => sum + mass, 0)).toBeCloseTo(1, 9);
        const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(b)));
        for (const level of [0.05, 0.5, 0.9, 0.95, 0.99]) {
          const { lower, upper } = calibration.interval(stated, level, undefined, besides);
          near(distribution.quantile((1 - level) / 2), lower);
          near(distribution.quantile((1 + level) / 2), upper);
          expect(corrected.quantile((1 - level) / 2)).toBe(corrected.interval(level).lower);
          expect(corrected.quantile((1 + level) / 2)).toBe(corrected.interval(level).upper);
        }
        near(distribution.median, stated.median);
        expect(corrected.quantile(0.5)).toBe(stated.median);
        expect(corrected.sd).toBe(calibration.spread(stated, undefined, besides));
        // No far end rules what it expects.
        const { lower, upper } = corrected.interval(0.99);
        expect(distribution.mean).toBeGreaterThan(lower - (upper - lower));
        expect(distribution.mean).toBeLessThan(upper + (upper - lower));
      }),
      { numRuns: 100 },
    );
  });

  it('states nothing below 0 where intervals reach by factors', () => {
    const { calibration } = calibrationOf(3, 40, true);
    expect(calibration.inRatios).toBe(true);
    for (const median of [0.5, 30, 900]) {
      const stated = normal(median, 0.1 * median);
      const { distribution } = new Corrected(calibration, { distribution: stated, difficulty: undefined });
      expect(distribution.quantile(0)).toBeGreaterThanOrEqual(0);
      expect(distribution.cdf(1e30)).toBeLessThan(1);
    }
  });

  it('stands at one point where no error was ever made', () => {
    const point = new Distribution([{ lo: 3, hi: 3, mass: 1, whole: true }]);
    const calibration = new Calibration(
      Array.from({ length: 20 }, () => scoreOf(point, 3)),
      [],
      rangeOf([1, 3]),
    );
    const { distribution } = new Corrected(calibration, { distribution: point, difficulty: undefined });
    expect(distribution.mean).toBe(3);
    expect(distribution.sd).toBe(0);
    expect(distribution.crps(3)).toBe(0);
  });

  it('puts candidates in the order of what can be expected, where far tails of the model promise the most', () => {
    const { calibration, values } = calibrationOf(5, 30, false);
    const incumbent = Math.min(...values);
    // The better a candidate is, the less of it lies far out.
    const candidates = [-25, 0, 20].map((median, i) => {
      const far = 0.01 + 0.01 * i;
      return new Distribution([
        { lo: -90, hi: -80, mass: far, whole: true },
        { lo: median - 1, hi: median + 1, mass: 1 - far, whole: true },
      ]);
    });
    const aim = { goal: 'minimize', incumbent } as const;
    const order = (some: readonly Distribution[]) => rank(some, aim).map(({ index }) => index);
    const unlucky = candidates.slice(1);
    expect(order(unlucky)).toEqual([1, 0]);
    const corrected = candidates.map(
      (distribution) => new Corrected(calibration, { distribution, difficulty: undefined }).distribution,
    );
    expect(order(corrected)).toEqual([0, 1, 2]);
  });
});

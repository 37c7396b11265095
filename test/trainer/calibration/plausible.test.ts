// Where a study's next y can be: how much of a distribution stays outside, and that the shape inside does.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepPlausible, plausibleRange } from '../../../trainer/calibration/plausible.js';
import { Distribution } from '../../../trainer/distribution.js';
import { Random } from '../../../trainer/random.js';
import { arbitraryCells, normalHistogram } from '../distributions.js';

describe('a plausible range', () => {
  it('is that of the values and as much again on either side', () => {
    expect(plausibleRange([3, 1, 2])).toEqual({ lower: -1, upper: 5, outside: 0.25 });
    expect(plausibleRange([-9e30, 9e30])).toEqual({ lower: -1e31, upper: 1e31, outside: 1 / 3 });
  });

  it('is not known from values that do not differ', () => {
    expect(plausibleRange([])).toBeUndefined();
    expect(plausibleRange([4, 4])).toBeUndefined();
  });

  it('is left by the next of exchangeable values less often than it allows for', () => {
    const random = new Random(4);
    let left = 0;
    for (let r = 0; r < 3000; r++) {
      const draw = () => Math.exp(2 * random.normal());
      const range = plausibleRange(Array.from({ length: 9 }, draw))!;
      if (draw() > range.upper) left++;
    }
    expect(left / 3000).toBeLessThan(0.1);
  });
});

describe('a distribution kept plausible', () => {
  const range = { lower: -1, upper: 1, outside: 0.05 };

  it('is the same one where it already is', () => {
    const within = normalHistogram(0, 0.3);
    expect(keepPlausible(within, range)).toBe(within);
  });

  it('holds no more outside than allowed, close by, and the same shape inside', () => {
    const far = new Distribution(
      [
        { lo: -1, hi: 0, mass: 0.1, whole: true },
        { lo: 0, hi: 1, mass: 0.2, whole: true },
        { lo: 1e6, hi: 1e7, mass: 0.7, whole: true },
      ],
      0.3,
    );
    const kept = keepPlausible(far, range);
    expect(1 - kept.cdf(1)).toBeCloseTo(0.05, 12);
    expect(kept.cdf(0)).toBeCloseTo(0.95 / 3, 12);
    expect(kept.median).toBeLessThan(1);
    expect(kept.quantile(0.99)).toBeLessThan(3);
    expect(kept.sd).toBeLessThan(2);
    expect(kept.pInfeasible).toBe(0.3);
    expect(Number.isFinite(kept.logDensity(1e6))).toBe(true);
  });

  it('is what the model says where the query is outside of what was tried and much of the mass is', () => {
    const grown = normalHistogram(2, 1);
    expect(keepPlausible(grown, range).median).toBeLessThan(1);
    expect(keepPlausible(grown, { ...range, continued: true })).toBe(grown);
    // A little beyond is a stray tail there as well.
    const tail = normalHistogram(0, 0.7);
    expect(1 - keepPlausible(tail, { ...range, continued: true }).cdf(1)).toBeCloseTo(0.05, 12);
  });

  it('stays as it is where it says nothing of the range', () => {
    const elsewhere = normalHistogram(50, 1);
    expect(keepPlausible(elsewhere, range)).toBe(elsewhere);
  });

  it('is a distribution, whatever it was made from', () => {
    const property = fc.property(arbitraryCells, fc.double({ min: 0.01, max: 0.4, noNaN: true }), (cells, outside) => {
      const distribution = new Distribution(cells);
      const [lower, upper] = [distribution.quantile(0.3), distribution.quantile(0.7)];
      fc.pre(upper > lower);
      const kept = keepPlausible(distribution, { lower, upper, outside });
      expect(kept.cells.reduce((sum, { mass }) => sum + mass, 0)).toBeCloseTo(1, 9);
      expect(kept.cdf(lower)).toBeLessThanOrEqual(Math.max(outside, 0) + 1e-9);
      expect(1 - kept.cdf(upper)).toBeLessThanOrEqual(outside + 1e-9);
      // Masses within stand to each other as they did.
      const middle = (lower + upper) / 2;
      const before =
        (distribution.cdf(middle) - distribution.cdf(lower)) / (distribution.cdf(upper) - distribution.cdf(lower));
      const after = (kept.cdf(middle) - kept.cdf(lower)) / (kept.cdf(upper) - kept.cdf(lower));
      expect(after).toBeCloseTo(before, 6);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

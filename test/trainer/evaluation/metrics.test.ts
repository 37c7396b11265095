// Metrics of an evaluation against closed forms.
import { describe, expect, it } from 'vitest';
import { INTERVAL_LEVELS, metricsOf, spearman } from '../../../trainer/evaluation/metrics.js';
import { LEVEL } from '../../../trainer/evaluation/types.js';
import { normalQuantile } from '../../../trainer/normal.js';

/** One test trial answered with intervals of this quantile function. */
const stated = (point: number, quantile: (p: number) => number) => ({
  points: [point],
  intervals: [INTERVAL_LEVELS.map((level) => ({ lower: quantile((1 - level) / 2), upper: quantile((1 + level) / 2) }))],
});

describe('CRPS', () => {
  it.each([0, 0.7, -2])('of a standard normal at y = %d', (y) => {
    // Gneiting and Raftery (2007), eq. 21: y(2Φ(y) − 1) + 2φ(y) − 1/√π.
    const density = Math.exp((-y * y) / 2) / Math.sqrt(2 * Math.PI);
    // Φ by the trapezoidal rule on its density.
    const steps = 20_000;
    let below = 0.5;
    for (let i = 0; i < steps; i++)
      below += (Math.exp(-(((i + 0.5) * (y / steps)) ** 2) / 2) / Math.sqrt(2 * Math.PI)) * (y / steps);
    const exact = y * (2 * below - 1) + 2 * density - 1 / Math.sqrt(Math.PI);
    expect(Math.abs(100 * metricsOf(stated(0, normalQuantile), [y], 100).crps - exact)).toBeLessThan(
      0.01 * exact + 0.003,
    );
  });

  it('of a point is its distance, and at most the range', () => {
    expect(
      metricsOf(
        stated(3, () => 3),
        [5],
        10,
      ).crps,
    ).toBeCloseTo(0.2, 12);
    expect(
      metricsOf(
        stated(3, () => 3),
        [50],
        10,
      ).crps,
    ).toBe(1);
  });
});

it('measures distance, coverage and width in ranges, a far miss as one', () => {
  const at = (lower: number, upper: number) => INTERVAL_LEVELS.map(() => ({ lower, upper }));
  const answers = { points: [1, 2, 100], intervals: [at(0, 2), at(0, 1), at(-1e31, 1e31)] };
  const { error, coverage, width } = metricsOf(answers, [2, 2, 0], 4);
  expect(error).toBeCloseTo((0.25 + 0 + 1) / 3, 12);
  expect(coverage).toBeCloseTo(2 / 3, 12);
  expect(width).toBeCloseTo((0.5 + 0.25 + 1) / 3, 12);
});

it('takes coverage at the level that it says', () => expect(INTERVAL_LEVELS.at(-1)).toBe(LEVEL));

describe('rank correlation', () => {
  it('is that of the textbook without ties', () => {
    // 1 − 6 Σd² / (n (n² − 1)) with d = (1, −1, 0, 1, −1).
    expect(spearman([10, 20, 30, 40, 50], [2, 1, 3, 5, 4])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
  });
  it('does not change under any increasing function', () => {
    const values = [0.3, -1, 2.5, 0.9, 0.1];
    expect(
      spearman(
        values,
        values.map((v) => Math.exp(3 * v)),
      ),
    ).toBeCloseTo(1, 12);
  });
  it('lets ties share their rank', () => {
    // Ranks (0.5, 0.5, 2) and (0, 1, 2): covariance 0.5, variances 0.5 and 2/3.
    expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(0.5 / Math.sqrt(0.5 * (2 / 3)), 12);
  });
  it('is 0 where one does not vary', () => expect(spearman([1, 1, 1], [1, 2, 3])).toBe(0));
});

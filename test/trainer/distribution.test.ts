// The histogram's statistics against closed forms, numerical integration and samples; quantiles never cross.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cell, Distribution } from '../../trainer/distribution.js';
import { Random } from '../../trainer/random.js';
import { arbitraryCells, normalHistogram } from './distributions.js';

const uniform = new Distribution([{ lo: 2, hi: 6, mass: 1, whole: true }]);
/** Two points and a stretch: 1 and 3 hold a quarter each, [3, 5) the rest. */
const points = new Distribution([
  { lo: 1, hi: 1, mass: 1, whole: true },
  { lo: 3, hi: 3, mass: 1, whole: true },
  { lo: 3, hi: 5, mass: 2, whole: true },
]);
const END = 1e31;
/** A frame whose escapes were not looked into. */
const escaping = new Distribution([
  { lo: -END, hi: 0, mass: 0.02, whole: false },
  { lo: 0, hi: 1, mass: 0.94, whole: true },
  { lo: 1, hi: END, mass: 0.04, whole: false },
]);

const probability = fc.double({ min: 0, max: 1, noNaN: true });

/** ∫ f over [from, to] by Gauss–Legendre of 3 points on each stretch between two of the breaks: exact to degree 5. */
function integrate(f: (t: number) => number, breaks: number[]): number {
  const edges = [...new Set(breaks)].sort((a, b) => a - b);
  const offset = Math.sqrt(0.6);
  let sum = 0;
  for (let i = 1; i < edges.length; i++) {
    const half = (edges[i]! - edges[i - 1]!) / 2;
    const middle = edges[i - 1]! + half;
    sum += (half * (5 * f(middle - half * offset) + 8 * f(middle) + 5 * f(middle + half * offset))) / 9;
  }
  return sum;
}

const edgesOf = ({ cells }: Distribution): number[] => cells.flatMap(({ lo, hi }) => [lo, hi]);

describe('Distribution', () => {
  it('has the closed forms of the uniform distribution', () => {
    expect(uniform.median).toBeCloseTo(4, 12);
    expect(uniform.mean).toBeCloseTo(4, 12);
    expect(uniform.sd).toBeCloseTo(4 / Math.sqrt(12), 12);
    expect(uniform.quantile(0.25)).toBeCloseTo(3, 12);
    expect(uniform.cdf(5)).toBeCloseTo(0.75, 12);
    expect(uniform.logDensity(2)).toBeCloseTo(-Math.log(4), 12);
    expect([uniform.logDensity(1.99), uniform.logDensity(6)]).toEqual([-Infinity, -Infinity]);
    // CRPS of U(a, b) at y inside: w·(z² − z + 1/3) with z = (y − a)/w; outside, the distance to the edge + w/3.
    expect(uniform.crps(3)).toBeCloseTo(4 * (1 / 16 - 1 / 4 + 1 / 3), 12);
    expect(uniform.crps(8)).toBeCloseTo(2 + 4 / 3, 12);
    expect(uniform.crps(1)).toBeCloseTo(1 + 4 / 3, 12);
  });

  it('has a mean within ends: what lies beyond counts as lying there', () => {
    expect(uniform.meanWithin(3, 10)).toBeCloseTo(4 + 1 / 8, 12);
    expect(uniform.meanWithin(0, 5)).toBeCloseTo(4 - 1 / 8, 12);
    expect(uniform.meanWithin(7, 9)).toBe(7);
    expect(points.meanWithin(0, 9)).toBeCloseTo(points.mean, 12);
    // Far ends cost no digits.
    expect(uniform.meanWithin(-1e30, 1e30)).toBeCloseTo(4, 12);
    fc.assert(
      fc.property(arbitraryCells, probability, probability, (cells, p, q) => {
        const distribution = new Distribution(cells);
        const [lower, upper] = [distribution.quantile(Math.min(p, q)), distribution.quantile(Math.max(p, q))];
        const mean = distribution.meanWithin(lower, upper);
        const size = Math.max(Math.abs(lower), Math.abs(upper), 1e-300);
        expect(mean).toBeGreaterThanOrEqual(lower - 1e-9 * size);
        expect(mean).toBeLessThanOrEqual(upper + 1e-9 * size);
        const difference = lower + distribution.expectedExcess(lower) - distribution.expectedExcess(upper);
        const scale = Math.max(size, distribution.expectedExcess(lower));
        expect(Math.abs(mean - difference) / scale).toBeLessThan(1e-9);
      }),
    );
  });

  it('keeps its values with another chance of failure', () => {
    const failing = escaping.failing(0.25);
    expect(failing.pInfeasible).toBe(0.25);
    for (const p of [0.001, 0.01, 0.5, 0.97, 0.999]) expect(failing.quantile(p)).toBeCloseTo(escaping.quantile(p), 9);
  });

  it('agrees with a normal distribution where it is made from one', () => {
    const normal = normalHistogram(3, 2);
    expect(normal.mean).toBeCloseTo(3, 9);
    expect(normal.sd).toBeCloseTo(2, 3);
    expect(normal.quantile(0.975)).toBeCloseTo(3 + 2 * 1.959964, 2);
    // CRPS of N(μ, σ) at μ: σ(√2 − 1)/√π.
    expect(normal.crps(3)).toBeCloseTo((2 * (Math.SQRT2 - 1)) / Math.sqrt(Math.PI), 3);
  });

  it('counts half of what stands exactly at t, and finds points by their quantiles', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((t) => points.cdf(t))).toEqual([0, 0.125, 0.25, 0.375, 0.75, 1, 1]);
    expect([0, 0.1, 0.25, 0.3, 0.5, 0.75, 1].map((p) => points.quantile(p))).toEqual([1, 1, 1, 3, 3, 4, 5]);
    expect([points.logDensity(1), points.logDensity(2)]).toEqual([Infinity, -Infinity]);
  });

  it('has quantiles that never cross in 10,000 random distributions, and that its cdf inverts', () => {
    fc.assert(
      fc.property(arbitraryCells, fc.array(probability, { minLength: 2, maxLength: 8 }), (cells, levels) => {
        const distribution = new Distribution(cells);
        const sorted = [...levels].sort((a, b) => a - b);
        let last = Number.NEGATIVE_INFINITY;
        for (const p of sorted) {
          const q = distribution.quantile(p);
          if (q < last || Math.abs(distribution.cdf(q) - p) > 1e-9) return false;
          last = q;
        }
        return true;
      }),
      { numRuns: 10_000 },
    );
  });

  it('has masses that sum to 1 and a density that integrates to 1', () => {
    fc.assert(
      fc.property(arbitraryCells, (cells) => {
        const distribution = new Distribution(cells);
        expect(Math.abs(distribution.cells.reduce((sum, { mass }) => sum + mass, 0) - 1)).toBeLessThan(1e-9);
        const whole = integrate((t) => Math.exp(distribution.logDensity(t)), edgesOf(distribution));
        expect(Math.abs(whole - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it('has the CRPS, shortfall and excess of numerical integration to 1e-6', () => {
    fc.assert(
      fc.property(arbitraryCells, fc.double({ min: -2e3, max: 4e4, noNaN: true }), (cells, y) => {
        const distribution = new Distribution(cells);
        const edges = [...edgesOf(distribution), y];
        const scale = Math.max(...edges) - Math.min(...edges);
        const crps = integrate((t) => (distribution.cdf(t) - (t >= y ? 1 : 0)) ** 2, edges);
        expect(Math.abs(distribution.crps(y) - crps)).toBeLessThan(1e-6 * Math.max(1, crps));
        const density = (t: number) => Math.exp(distribution.logDensity(t));
        const shortfall = integrate((t) => (t < y ? (y - t) * density(t) : 0), edges);
        expect(Math.abs(distribution.expectedShortfall(y) - shortfall)).toBeLessThan(1e-9 * scale);
        const excess = integrate((t) => (t > y ? (t - y) * density(t) : 0), edges);
        expect(Math.abs(distribution.expectedExcess(y) - excess)).toBeLessThan(1e-9 * scale);
      }),
    );
  });

  it('draws samples that follow it: Kolmogorov–Smirnov of 50,000', () => {
    const random = new Random(7);
    const cells: Cell[] = Array.from({ length: 30 }, (_, i) => ({
      lo: i ** 1.5,
      hi: (i + 1) ** 1.5,
      mass: random.uniform() ** 3,
      whole: true,
    }));
    const distribution = new Distribution(cells);
    const count = 50_000;
    const drawn = Float64Array.from({ length: count }, (_, i) => distribution.sample(11, i)!).sort();
    const apart = drawn.reduce((most, y, i) => {
      const f = distribution.cdf(y);
      return Math.max(most, f - i / count, (i + 1) / count - f);
    }, 0);
    // The 1% point of Kolmogorov's distribution.
    expect(apart).toBeLessThan(1.628 / Math.sqrt(count));
    expect(distribution.sample(11, 5)).toBe(distribution.sample(11, 5));
  });

  it('draws failures as often as it states them', () => {
    const distribution = normalHistogram(0, 1, 0.3);
    const count = 10_000;
    const failed = Array.from({ length: count }, (_, i) => distribution.sample(3, i)).filter((y) => y === null).length;
    expect(Math.abs(failed / count - 0.3)).toBeLessThan(3 * Math.sqrt(0.21 / count));
  });

  it('spreads what was cut short at the ends of the line by doublings of the distance from the middle', () => {
    expect(escaping.cells[0]!.lo).toBe(-END);
    expect(escaping.cells.at(-1)!.hi).toBe(END);
    escaping.cells.forEach(({ lo }, i) => {
      if (i > 0) expect(lo).toBe(escaping.cells[i - 1]!.hi);
    });
    expect(escaping.cdf(0)).toBeCloseTo(0.02, 12);
    expect(escaping.cdf(1)).toBeCloseTo(0.96, 12);
    // Half a unit from the middle to the edge; seven eighths of the tail lie in the first doubling, an eighth beyond.
    expect(1 - escaping.cdf(1.5)).toBeCloseTo(0.04 / 8, 9);
    expect(1 - escaping.cdf(2.5)).toBeCloseTo(0.04 / 64, 9);
    // Σ over doublings of 7/8·8^-k · 1.5·2^k half units: 1.75 half units from the middle on average.
    expect(escaping.mean).toBeCloseTo(0.5 + (0.04 - 0.02) * 1.75 * 0.5, 9);
    expect(escaping.sd).toBeLessThan(1);
    expect(escaping.crps(0.5)).toBeLessThan(0.2);
    expect(escaping.logDensity(1e6)).toBeGreaterThan(-100);
  });

  it('stays near what is known where an experiment is sure to fail and nothing was looked into', () => {
    const distribution = new Distribution(
      [
        { lo: -END, hi: -20, mass: 6e-5, whole: false },
        { lo: -20, hi: 20, mass: 3e-5, whole: false },
        { lo: 20, hi: END, mass: 1e-5, whole: false },
      ],
      0.9999,
    );
    expect(Math.abs(distribution.median)).toBeLessThan(40);
    expect(Math.abs(distribution.mean)).toBeLessThan(40);
  });

  it('keeps masses and order under an increasing map, and its quantiles move with it', () => {
    fc.assert(
      fc.property(arbitraryCells, probability, (cells, p) => {
        const distribution = new Distribution(cells, 0.2);
        const mapped = distribution.map((y) => 2 * y + 1);
        expect(mapped.pInfeasible).toBe(0.2);
        const expected = 2 * distribution.quantile(p) + 1;
        expect(Math.abs(mapped.quantile(p) - expected)).toBeLessThan(1e-6 * Math.max(1, Math.abs(expected)));
      }),
    );
  });

  it('refuses what is no distribution, and names it', () => {
    const cell = { lo: 0, hi: 1, mass: 1, whole: true };
    expect(() => new Distribution([])).toThrow(/masses sum to 0/);
    expect(() => new Distribution([cell, { ...cell, lo: 0.5, hi: 2 }])).toThrow(/cells\[1\] is \[0\.5, 2\)/);
    expect(() => new Distribution([{ ...cell, mass: Number.NaN }])).toThrow(/cells\[0\]/);
    expect(() => new Distribution([cell], 1.5)).toThrow(/pInfeasible is 1\.5/);
    expect(() => uniform.quantile(-0.1)).toThrow(/p is -0\.1/);
  });
});

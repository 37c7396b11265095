// The histogram's statistics against closed forms and numerical integration; quantiles never cross.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cell, Distribution } from '../../trainer/distribution.js';

const uniform = new Distribution([{ lo: 2, hi: 6, mass: 1, whole: true }]);

/** Ascending cells with gaps of zero width and masses that need not sum to 1. */
const cells = fc
  .array(
    fc.record({
      width: fc.double({ min: 1e-6, max: 1e3, noNaN: true }),
      mass: fc.double({ min: 1e-9, max: 1, noNaN: true }),
    }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .chain((parts) => fc.record({ parts: fc.constant(parts), start: fc.double({ min: -1e3, max: 1e3, noNaN: true }) }))
  .map(({ parts, start }) => {
    let at = start;
    return parts.map(({ width, mass }): Cell => {
      const lo = at;
      at += width;
      return { lo, hi: at, mass, whole: true };
    });
  });

describe('Distribution', () => {
  it('has the closed forms of the uniform distribution', () => {
    expect(uniform.median).toBeCloseTo(4, 12);
    expect(uniform.mean).toBeCloseTo(4, 12);
    expect(uniform.sd).toBeCloseTo(4 / Math.sqrt(12), 12);
    expect(uniform.quantile(0.25)).toBeCloseTo(3, 12);
    expect(uniform.cdf(5)).toBeCloseTo(0.75, 12);
    // CRPS of U(a, b) at y inside: w·(z² − z + 1/3) with z = (y − a)/w; outside, the distance to the edge + w/3.
    expect(uniform.crps(3)).toBeCloseTo(4 * (1 / 16 - 1 / 4 + 1 / 3), 12);
    expect(uniform.crps(8)).toBeCloseTo(2 + 4 / 3, 12);
    expect(uniform.crps(1)).toBeCloseTo(1 + 4 / 3, 12);
  });

  it('counts mass cut short at the far ends of the line at the edge next to the median', () => {
    const distribution = new Distribution([
      { lo: -1e31, hi: 0, mass: 1e-4, whole: false },
      { lo: 0, hi: 1, mass: 0.9998, whole: true },
      { lo: 1, hi: 1e31, mass: 1e-4, whole: false },
    ]);
    expect(distribution.mean).toBeCloseTo(0.5, 3);
    expect(distribution.quantile(1)).toBe(1);
    expect(distribution.quantile(0)).toBe(0);
    expect(distribution.cdf(-1)).toBe(0);
  });

  it('has quantiles that never cross and that its cdf inverts', () => {
    fc.assert(
      fc.property(
        cells,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 }),
        (parts, levels) => {
          const distribution = new Distribution(parts);
          const sorted = [...levels].sort((a, b) => a - b);
          const quantiles = sorted.map((p) => distribution.quantile(p));
          quantiles.forEach((q, i) => {
            if (i > 0) expect(q).toBeGreaterThanOrEqual(quantiles[i - 1]!);
            expect(distribution.cdf(q)).toBeCloseTo(sorted[i]!, 6);
          });
        },
      ),
    );
  });

  it('has the CRPS of numerical integration', () => {
    fc.assert(
      fc.property(cells, fc.double({ min: -1.2e3, max: 1.2e3, noNaN: true }), (parts, y) => {
        const distribution = new Distribution(parts);
        const from = Math.min(parts[0]!.lo, y);
        const to = Math.max(parts.at(-1)!.hi, y);
        const steps = 20_000;
        const h = (to - from) / steps;
        let sum = 0;
        for (let i = 0; i < steps; i++) {
          const t = from + (i + 0.5) * h;
          sum += (distribution.cdf(t) - (t >= y ? 1 : 0)) ** 2 * h;
        }
        expect(Math.abs(distribution.crps(y) - sum)).toBeLessThan(1e-3 * (to - from));
      }),
      { numRuns: 20 },
    );
  });
});

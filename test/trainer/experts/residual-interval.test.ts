// Intervals from few measurements: as wide as so few allow, and finite.
import { describe, expect, it } from 'vitest';
import { conformalRadius, empiricalBounds } from '../../../trainer/experts/residual-interval.js';

describe('bounds of measurements', () => {
  it('are measurements where there are enough of them', () => {
    const sorted = Float64Array.from({ length: 39 }, (_, i) => i);
    expect(empiricalBounds(sorted, 0.9)).toEqual({ lower: 1, upper: 37 });
  });

  it('are the range, stretched, where there are fewer', () => {
    const { lower, upper } = empiricalBounds(Float64Array.of(1, 2, 5), 0.9);
    expect(lower + upper).toBeCloseTo(6, 12);
    expect(upper - lower).toBeGreaterThan(4);
    expect(upper - lower).toBeLessThan(16);
    expect(empiricalBounds(Float64Array.of(2, 2), 0.9)).toEqual({ lower: 2, upper: 2 });
  });

  it.each([3, -3, 0])('of one measurement, %d, are a few of its own size to either side', (y) => {
    const { lower, upper } = empiricalBounds(Float64Array.of(y), 0.9);
    const size = Math.abs(y) || 1;
    expect((lower + upper) / 2).toBeCloseTo(y, 12);
    expect(upper - lower).toBeCloseTo(2 * conformalRadius(Float64Array.of(size), 0.9), 12);
    expect(upper - lower).toBeLessThan(6 * size);
  });
});

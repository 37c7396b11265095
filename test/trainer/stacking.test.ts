// Stacked weights: against a search of the simplex, and never outside of it whatever is said.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../trainer/random.js';
import { stack } from '../../trainer/stacking.js';

const wave = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(i) * 10);
const PRIOR = [0.2, 0.3, 0.5];

/** Experts with normal errors of these sizes. */
function experts(measured: Float64Array, sizes: readonly number[], seed = 1): Float64Array[] {
  const random = new Random(seed);
  return sizes.map((size) => measured.map((y) => y + size * random.normal()));
}

describe('stack', () => {
  it('finds the weights of least absolute error among many trials', () => {
    const measured = wave(4000);
    const said = experts(measured, [1, 2, 8]);
    const weights = stack(said, measured, PRIOR);
    const loss = ([a, b, c]: readonly number[]) =>
      measured.reduce((sum, y, i) => sum + Math.abs(a! * said[0]![i]! + b! * said[1]![i]! + c! * said[2]![i]! - y), 0);
    let best = Number.POSITIVE_INFINITY;
    for (let a = 0; a <= 100; a++)
      for (let b = 0; a + b <= 100; b++) best = Math.min(best, loss([a / 100, b / 100, 1 - (a + b) / 100]));
    expect(loss(weights)).toBeLessThan(best * 1.02);
    // Independent errors: by their variances, 4 to 1.
    expect(weights[0]).toBeGreaterThan(0.7);
    expect(weights[2]).toBeLessThan(0.1);
  });

  it('does not follow one wild measurement', () => {
    const measured = wave(300);
    const said = experts(measured, [1, 2, 8]);
    const calm = stack(said, measured, PRIOR);
    measured[7] = 1e6;
    // The third expert is the least wrong about it.
    said[2]![7]! += 100;
    for (const [k, weight] of stack(said, measured, PRIOR).entries())
      expect(Math.abs(weight - calm[k]!)).toBeLessThan(0.1);
  });

  it('leaves weights as they were before where trials are few, or tell nothing', () => {
    const few = wave(5);
    for (const [k, weight] of stack(experts(few, [1, 2, 8]), few, PRIOR).entries())
      expect(Math.abs(weight - PRIOR[k]!)).toBeLessThan(0.1);
    const alike = wave(80);
    expect(stack([alike, alike, alike], wave(80), PRIOR)).toEqual(PRIOR);
    const off = alike.map((y) => y + 1);
    expect(stack([off, off, off], alike, PRIOR)).toEqual(PRIOR);
  });

  it('says the same in any unit, and of any level', () => {
    const measured = wave(120);
    const said = experts(measured, [1, 2, 8]);
    const weights = stack(said, measured, PRIOR);
    const moved = (values: Float64Array) => values.map((value) => 1e-20 * (value + 300));
    for (const [k, weight] of stack(said.map(moved), moved(measured), PRIOR).entries())
      expect(weight).toBeCloseTo(weights[k]!, 6);
  });

  it('stays on the simplex for numbers of any size', () => {
    const number = fc.oneof(fc.double({ min: -9e30, max: 9e30, noNaN: true }), fc.constantFrom(0, 1, 5e-324, 1e30));
    const trial = fc.tuple(number, number, number, number);
    fc.assert(
      fc.property(fc.array(trial, { minLength: 1, maxLength: 40 }), (trials) => {
        const column = (k: number) => Float64Array.from(trials, (numbers) => numbers[k]!);
        const weights = stack([column(0), column(1), column(2)], column(3), PRIOR);
        for (const weight of weights) expect(weight).toBeGreaterThanOrEqual(0);
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
      }),
    );
  });
});

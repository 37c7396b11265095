// The centre of what the experts say: against sums by hand, and finite whatever errors there are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { weigh } from '../../trainer/weighing.js';

describe('weigh', () => {
  it('gives half to the process, and the other half by inverse fourth powers of the errors', () => {
    const alone = { means: [10, 20], errors: [1, 2.5], process: 1, processSd: 3, history: undefined, trials: 4 };
    // The process's error counts for 0.8 of itself: weights 1 and 1/16.
    expect(weigh(alone)).toEqual({ center: expect.closeTo((20 + (10 + 20 / 16) / (1 + 1 / 16)) / 2, 12), sd: 3 });
    expect(weigh({ ...alone, errors: [0, 1] }).center).toBeCloseTo((20 + 10) / 2, 12);
  });

  it('weighs other studies with the experts, and their width with that of the process, less the more trials there are', () => {
    const history = { value: 4, sd: 1, error: 1.25 };
    const told = { means: [0, 8], errors: [2, 1.25], process: 1, processSd: 3, history, trials: 30 };
    // Errors 2, 1 and 1, and a quarter for history as it is.
    const each = 0.75 / (2 + 1 / 16);
    const { center, sd } = weigh(told);
    expect(center).toBeCloseTo(8 * each + 4 * (each + 0.25), 12);
    expect(sd).toBeCloseTo((3 * each + each + 0.25) / (2 * each + 0.25), 12);
    expect(weigh({ ...told, trials: 0 }).center).toBeCloseTo(4, 12);
  });

  it('stays finite, and between the least and the greatest prediction, for errors of any size', () => {
    const value = fc.double({ min: -9e30, max: 9e30, noNaN: true });
    const error = fc.constantFrom(0, 5e-324, 1e-200, 1, 1e30);
    const one = fc.record({ value, error, sd: fc.double({ min: 0, max: 1e30, noNaN: true }) });
    fc.assert(
      fc.property(fc.tuple(one, one, one), fc.boolean(), ([a, b, c], told) => {
        const history = told ? c : undefined;
        const trials = 7;
        const { center, sd } = weigh({
          means: [a.value, b.value],
          errors: [a.error, b.error],
          process: 1,
          processSd: b.sd,
          history,
          trials,
        });
        const values = [a.value, b.value, ...(told ? [c.value] : [])];
        const slack = 1e-9 * Math.max(...values.map(Math.abs)) + Number.MIN_VALUE * 100;
        expect(center).toBeGreaterThanOrEqual(Math.min(...values) - slack);
        expect(center).toBeLessThanOrEqual(Math.max(...values) + slack);
        expect(sd).toBeGreaterThanOrEqual(0);
        expect(sd).toBeLessThanOrEqual(Math.max(b.sd, c.sd) * (1 + 1e-9) + Number.MIN_VALUE * 100);
      }),
    );
  });
});

// The centre of what the experts say: against sums by hand, and finite whatever errors there are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../tokenizer/frame.js';
import { sharesOf, weigh } from '../../trainer/weighing.js';

describe('sharesOf', () => {
  it('gives half to the process, and the other half by inverse fourth powers of the errors', () => {
    const alone = { errors: [1, 2.5], process: 1, historyError: undefined, trials: 4 };
    // The process's error counts for 0.8 of itself: weights 1 and 1/16.
    const [first, process] = sharesOf(alone);
    expect(first).toBeCloseTo(0.5 / (1 + 1 / 16), 12);
    expect(process).toBeCloseTo(0.5 + 0.5 / 16 / (1 + 1 / 16), 12);
    expect(sharesOf({ ...alone, errors: [0, 1] })).toEqual([0.5, 0.5]);
  });

  it('weighs other studies with the experts, less the more trials there are', () => {
    const told = { errors: [2, 1.25], process: 1, historyError: 1.25, trials: 30 };
    // Errors 2, 1 and 1, and a quarter for history as it is.
    const each = 0.75 / (2 + 1 / 16);
    const expected = [each / 16, each, each + 0.25];
    for (const [i, share] of sharesOf(told).entries()) expect(share).toBeCloseTo(expected[i]!, 12);
    expect(sharesOf({ ...told, trials: 0 })).toEqual([0, 0, 1]);
  });
});

describe('weigh', () => {
  it('is the mean by shares, as wide as the process and history are by theirs', () => {
    const said = { means: [0, 8], process: 1, processSd: 3, history: { value: 4, sd: 1 } };
    // Near the middle of a frame units are even.
    const wide = new Frame(4, 1e6);
    expect(weigh(said, [0.5, 0.2, 0.3], wide)).toEqual({ center: expect.closeTo(2.8, 6), sd: expect.closeTo(1.8, 12) });
    expect(weigh({ ...said, history: undefined }, [0.5, 0.5], wide)).toEqual({ center: expect.closeTo(4, 6), sd: 3 });
    expect(weigh(said, [1, 0, 0], wide)).toEqual({ center: expect.closeTo(0, 6), sd: 1 });
  });

  it('is not carried away by one that hardly counts', () => {
    const said = { means: [5, 6, 258_400], process: 0, processSd: 1, history: undefined };
    expect(weigh(said, [0.6, 0.38, 0.02], new Frame(5, 2)).center).toBeLessThan(7);
  });

  it('stays finite, and between the least and the greatest prediction, for errors of any size', () => {
    const value = fc.double({ min: -9e30, max: 9e30, noNaN: true });
    const error = fc.constantFrom(0, 5e-324, 1e-200, 1, 1e30);
    const one = fc.record({ value, error, sd: fc.double({ min: 0, max: 1e30, noNaN: true }) });
    fc.assert(
      fc.property(fc.tuple(one, one, one), fc.boolean(), ([a, b, c], told) => {
        const historyError = told ? c.error : undefined;
        const shares = sharesOf({ errors: [a.error, b.error], process: 1, historyError, trials: 7 });
        const history = told ? c : undefined;
        const { center, sd } = weigh(
          { means: [a.value, b.value], process: 1, processSd: b.sd, history },
          shares,
          new Frame(a.value, 1),
        );
        const values = [a.value, b.value, ...(told ? [c.value] : [])];
        // Units are told to some 1e-15 of the frame, which is 1 wide.
        const slack = 1e-9 * Math.max(...values.map(Math.abs)) + 1e-12;
        expect(center).toBeGreaterThanOrEqual(Math.min(...values) - slack);
        expect(center).toBeLessThanOrEqual(Math.max(...values) + slack);
        expect(sd).toBeGreaterThanOrEqual(0);
        expect(sd).toBeLessThanOrEqual(Math.max(b.sd, c.sd) * (1 + 1e-9) + Number.MIN_VALUE * 100);
      }),
    );
  });
});

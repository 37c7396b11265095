// The centre of what the experts say: against sums by hand, and finite whatever errors there are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../tokenizer/frame.js';
import { linearScale } from '../../trainer/calibration/error-scale.js';
import { rangeOf } from '../../trainer/calibration/measured-range.js';
import { scaleOfCentres, sharesOf, weigh } from '../../trainer/weighing.js';

describe('sharesOf', () => {
  it('gives a third and a little to the process, and the rest by inverse fourth powers of the errors', () => {
    const alone = { errors: [1, 2 / 0.9], process: 1, historyError: undefined, trials: 4 };
    // The process's error counts for 0.9 of itself: weights 1 and 1/16.
    const [first, process] = sharesOf(alone);
    expect(first).toBeCloseTo(0.65 / (1 + 1 / 16), 12);
    expect(process).toBeCloseTo(0.35 + 0.65 / 16 / (1 + 1 / 16), 12);
    expect(sharesOf({ ...alone, errors: [0, 1] })).toEqual([0.65, 0.35]);
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
  const linear = linearScale(undefined);

  it("is the mean by shares in the study's frame where history speaks, as wide as the process and history are by theirs", () => {
    const said = { means: [0, 8], process: 1, processSd: 3, history: { value: 4, sd: 1 } };
    // Near the middle of a frame units are even.
    const wide = new Frame(4, 1e6);
    const answer = weigh(said, [0.5, 0.2, 0.3], wide, linear);
    expect(answer).toEqual({ center: expect.closeTo(2.8, 6), sd: expect.closeTo(1.8, 12) });
    expect(weigh(said, [1, 0, 0], wide, linear)).toEqual({ center: expect.closeTo(0, 6), sd: 1 });
  });

  it('is a mean around the process where none does: even near it, of logarithms far from it', () => {
    const said = { means: [6, 8], process: 1, history: undefined };
    const at = (processSd: number, means = [6, 8]) =>
      weigh({ ...said, means, processSd }, [0.5, 0.5], new Frame(5, 2), linear);
    expect(at(1e6)).toEqual({ center: expect.closeTo(7, 6), sd: 1e6 });
    expect(at(1, [1e8, 8]).center).toBeCloseTo(8 + Math.sinh(Math.asinh(1e8 - 8) / 2), 3);
    // One that knows no doubt keeps its word.
    expect(at(0)).toEqual({ center: 8, sd: 0 });
  });

  it('takes factors for distances where y can differ by them', () => {
    const scale = scaleOfCentres(rangeOf([1, 1000]));
    const said = { means: [10, 1000], process: 1, processSd: 1e9, history: undefined };
    expect(weigh(said, [0.5, 0.5], new Frame(5, 2), scale).center).toBeCloseTo(100, 6);
    expect(scaleOfCentres(rangeOf([-1, 1000])).logarithmic).toBe(false);
    expect(scaleOfCentres(rangeOf([10, 19])).logarithmic).toBe(false);
    expect(scaleOfCentres(rangeOf([-19, -1])).logarithmic).toBe(true);
    expect(scaleOfCentres(undefined).logarithmic).toBe(false);
  });

  it('is not carried away by one that hardly counts', () => {
    const said = { means: [5, 6, 258_400], process: 0, processSd: 1, history: undefined };
    expect(weigh(said, [0.6, 0.38, 0.02], new Frame(5, 2), linear).center).toBeLessThan(7);
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
          linear,
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

// Which scale intervals are measured on: closed forms, simulated studies whose errors are even on one scale or the other, symmetries.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calibration } from '../../../trainer/calibration/calibration.js';
import { chooseScale, linearScale, logScale } from '../../../trainer/calibration/error-scale.js';
import { rangeOf } from '../../../trainer/calibration/measured-range.js';
import { type Scored, scoreOf } from '../../../trainer/calibration/scored.js';
import { Random } from '../../../trainer/random.js';
import { normalHistogram as normal } from '../distributions.js';

/** A study over powers of ten: the model knows where y lies, and is unsure by a share of it. */
const about = (truth: number) => normal(truth, 0.3 * Math.abs(truth), 0, 100);

function study(count: number, random: Random, measured: (truth: number) => number) {
  return Array.from({ length: count }, () => {
    const truth = 10 ** (4 * random.uniform());
    return { truth, y: measured(truth), stated: about(truth) };
  });
}
type Study = ReturnType<typeof study>;

const calibrated = (known: Study, turn = (y: number) => y) =>
  new Calibration(
    known.map(({ y, truth }) => scoreOf(about(turn(truth)), turn(y))),
    [],
    rangeOf(known.map(({ y }) => turn(y))),
  );

const by = (factor: number) => (random: Random) => (truth: number) => truth * Math.exp(factor * random.normal());
const ratios = by(0.2);

describe('the scale of errors', () => {
  const ends = fc.tuple(fc.double({ min: -20, max: 20, noNaN: true }), fc.double({ min: 0.01, max: 20, noNaN: true }));
  const sign = fc.constantFrom(1, -1);

  it('rises, is undone by its inverse, and has the rate it says, on both sides of 0', () => {
    fc.assert(
      fc.property(ends, sign, fc.double({ min: 0, max: 1.5, noNaN: true }), ([from, over], side, share) => {
        const [least, greatest] = [Math.exp(from), Math.exp(from + over)];
        const scale = logScale(rangeOf([side * least, side * greatest])!);
        const y = side * Math.exp(from + share * over);
        const [lower, upper] = [scale.reach!.lower, scale.reach!.upper];
        expect(lower).toBeLessThan(Math.min(side * least, side * greatest));
        expect(upper).toBeGreaterThan(Math.max(side * least, side * greatest));
        // No end passes 0.
        expect(Math.sign(lower)).toBe(side);
        expect(Math.sign(upper)).toBe(side);
        expect(scale.from(scale.to(y)) / y).toBeCloseTo(1, 9);
        const step = 1e-6 * Math.abs(y);
        expect(scale.to(y + step)).toBeGreaterThan(scale.to(y));
        const slope = (scale.to(y + step) - scale.to(y - step)) / (2 * step);
        expect(slope / scale.rate(y)).toBeCloseTo(1, 4);
      }),
    );
  });

  it('is linear above what was measured, and does not tell apart what no interval reaches', () => {
    const scale = logScale(rangeOf([1, 100])!);
    expect(scale.reach).toEqual({ lower: expect.closeTo(100 ** -0.25, 12), upper: 100 + 0.25 * 99 });
    expect(scale.to(300) - scale.to(200)).toBeCloseTo(1, 12);
    expect(scale.to(-5)).toBe(scale.to(1e-9));
    expect(scale.from(-1e9)).toBe(0);
  });

  it('is the logarithm where errors are factors, and y where they are differences, have both signs or lie close together', () => {
    const random = new Random(4);
    const choice = (known: { y: number; median: number }[]) =>
      chooseScale(known, rangeOf(known.map(({ y }) => y))).logarithmic;
    const draw = (y: (truth: number) => number, from = 0, over = 4) =>
      Array.from({ length: 12 }, () => {
        const median = 10 ** (from + over * random.uniform());
        return { y: y(median), median };
      });
    let [factors, differences, close] = [0, 0, 0];
    for (let s = 0; s < 200; s++) {
      factors += Number(choice(draw(ratios(random))));
      differences += Number(choice(draw((truth) => truth + 20 * random.uniform(), 1)));
      close += Number(choice(draw(by(0.01)(random), 0, 0.2)));
    }
    expect(factors).toBe(200);
    expect(differences).toBeLessThan(10);
    expect(close).toBe(0);
    const both = [...draw(ratios(random)), { y: -1, median: 1 }];
    expect(choice(both)).toBe(false);
    expect(chooseScale([], rangeOf([1, 1000])).logarithmic).toBe(false);
    // Nothing to choose by where no error was made.
    expect(choice(draw((truth) => truth))).toBe(false);
    expect(linearScale(undefined).reach).toBeUndefined();
  });

  it('holds the level of small and of large y, where one width for all held all of the small and few of the large', () => {
    const random = new Random(9);
    const held = { small: 0, large: 0 };
    const plain = { small: 0, large: 0 };
    const STUDIES = 400;
    for (let s = 0; s < STUDIES; s++) {
      const known = study(40, random, ratios(random));
      const calibration = calibrated(known);
      const without = new Calibration(
        known.map(({ stated, y }) => scoreOf(stated, y)),
        [],
      );
      expect(calibration.inRatios).toBe(true);
      expect(without.inRatios).toBe(false);
      for (const [size, truth] of [
        ['small', 5],
        ['large', 5000],
      ] as const) {
        const y = ratios(random)(truth);
        const stated = about(truth);
        const holds = (one: Calibration) => {
          const { lower, upper } = one.interval(stated, 0.8);
          return Number(lower <= y && y <= upper);
        };
        held[size] += holds(calibration) / STUDIES;
        plain[size] += holds(without) / STUDIES;
        expect(calibration.interval(stated, 0.99).lower).toBeGreaterThan(0);
      }
    }
    expect(plain.small).toBeGreaterThan(0.999);
    expect(plain.large).toBeLessThan(0.7);
    // Four standard errors, and the 1/(n + 1) of split conformal prediction.
    for (const share of [held.small, held.large]) {
      expect(share).toBeGreaterThan(0.8 - 0.08);
      expect(share).toBeLessThan(0.8 + 0.08 + 1 / 41);
    }
  });

  it('gives the same intervals in any unit, and mirrored ones for −y', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        fc.double({ min: -0.2, max: 1.3, noNaN: true }),
        (seed, level, unit, share) => {
          const random = new Random(seed);
          const known = study(25, random, ratios(random));
          const scored = (factor: number): Scored[] =>
            known.map(({ truth, y, stated }) => {
              const ends = [factor * stated.quantile(0.25), factor * stated.quantile(0.75)].sort((a, b) => a - b);
              return { y: factor * y, median: factor * truth, lower: ends[0]!, upper: ends[1]! };
            });
          const interval = (factor: number) => {
            const values = known.map(({ y }) => factor * y);
            const calibration = new Calibration(scored(factor), [0.2, 0.5, 0.9], rangeOf(values));
            return calibration.interval(normal(factor * 10 ** (4 * share), Math.abs(factor) * 500), level);
          };
          const [one, other, turned] = [interval(1), interval(unit), interval(-1)];
          expect(other.lower / unit).toBeCloseTo(one.lower, 5);
          expect(other.upper / unit / one.upper).toBeCloseTo(1, 6);
          expect(-turned.upper).toBeCloseTo(one.lower, 5);
          expect(-turned.lower / one.upper).toBeCloseTo(1, 6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives nested intervals that hold the median, wherever it lies', () => {
    const random = new Random(6);
    const known = study(30, random, ratios(random));
    const calibration = calibrated(known);
    expect(calibration.inRatios).toBe(true);
    for (const median of [-1e4, -1, 0, 1e-3, 1, 300, 1e4, 1e6, 1e30]) {
      const stated = normal(median, 1 + Math.abs(median) / 3);
      let inner = { lower: stated.median, upper: stated.median };
      for (const level of [0.01, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.9999]) {
        const outer = calibration.interval(stated, level);
        expect(outer.lower).toBeLessThanOrEqual(inner.lower);
        expect(outer.upper).toBeGreaterThanOrEqual(inner.upper);
        inner = outer;
      }
    }
  });
});

// Conformal correction: coverage over simulated studies, whose model is over- or underconfident, skewed or uneven; closed forms.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Calibration } from '../../../trainer/calibration/calibration.js';
import { CALIBRATION_DEFAULTS } from '../../../trainer/calibration/defaults.js';
import { rangeOf } from '../../../trainer/calibration/measured-range.js';
import { MeasuredValues } from '../../../trainer/calibration/measured-values.js';
import { centrality, type Quantiles, type Scored, scoreOf } from '../../../trainer/calibration/scored.js';
import { Distribution } from '../../../trainer/distribution.js';
import type { Difficulty } from '../../../trainer/evidence.js';
import { normalQuantile } from '../../../trainer/normal.js';
import { Random } from '../../../trainer/random.js';
import { normalHistogram as normal } from '../distributions.js';

/** What is stated of a trial, and what is measured. */
type Draw = (random: Random) => { stated: Distribution; y: number };

const NARROW = normal(0, 0.4, 0, 100);
const WIDE = normal(0, 2.5, 0, 100);
const BIASED = normal(1, 1, 0, 100);
const RIGHT = normal(0, 1, 0, 100);

const WORLDS: Record<string, Draw> = {
  'a model that states 0.4 of the true sd': (random) => ({ stated: NARROW, y: random.normal() }),
  'one that states 2.5 times it': (random) => ({ stated: WIDE, y: random.normal() }),
  'one that is biased': (random) => ({ stated: BIASED, y: random.normal() }),
  'errors with the tails of a Cauchy distribution': (random) => ({
    stated: RIGHT,
    y: random.normal() / random.normal(),
  }),
  'trials of very different difficulty': (random) => {
    const sd = Math.exp(2 * random.normal());
    return { stated: normal(5, sd, 0, 40), y: 5 + 1.5 * sd * random.normal() };
  },
};

/** An answer about a trial whose core is even about 0. */
const even = (y: number, half: number, difficulty?: Difficulty): Scored => ({
  y,
  lower: -half,
  median: 0,
  upper: half,
  difficulty,
});

const share = (of: Quantiles, level: number) => ({
  lower: of.quantile((1 - level) / 2),
  upper: of.quantile((1 + level) / 2),
});

/** Share of new trials held by the interval, over studies of `own` scored trials. */
function coverage(draw: Draw, own: number, level: number, studies: number, seed: number): number {
  const random = new Random(seed, own);
  let held = 0;
  for (let s = 0; s < studies; s++) {
    const scores = Array.from({ length: own }, () => {
      const { stated, y } = draw(random);
      return scoreOf(stated, y);
    });
    const { stated, y } = draw(random);
    const { lower, upper } = new Calibration(scores, []).interval(stated, level);
    if (lower <= y && y <= upper) held++;
  }
  return held / studies;
}

describe('calibration', () => {
  const STUDIES = 1000;
  it.each(Object.keys(WORLDS))('holds the level with %s', (world) => {
    for (const [own, level] of [
      [20, 0.5],
      [20, 0.9],
      [50, 0.8],
    ] as const) {
      const held = coverage(WORLDS[world]!, own, level, STUDIES, 5);
      // Split conformal: in [level, level + 1/(n + 1)]; four standard errors on both sides, and 1.5 points for the typical
      // width, which is taken from the same trials.
      const error = 4 * Math.sqrt((level * (1 - level)) / STUDIES) + 0.015;
      expect(held).toBeGreaterThan(level - error);
      expect(held).toBeLessThan(level + 1 / (own + 1) + error);
    }
  });

  it('is the order statistic of split conformal prediction where the model has no scores', () => {
    const half = normal(0, 1).quantile(0.75);
    const scores = [1, 2, 3, 4, 5, 1.5, 2.5, 3.5, 4.5].map((error) => even(error, half));
    const calibration = new Calibration(scores, []);
    // ⌈10·0.5⌉ = 5: the fifth of nine.
    const { lower, upper } = calibration.interval(normal(7, 1), 0.5);
    expect(upper - 7).toBeCloseTo(3, 1);
    expect(lower - 7).toBeCloseTo(7 - upper, 10);
  });

  it('measures in the geometric mean of what is wide about an answer, and as much in the typical one', () => {
    const half = normal(0, 1).quantile(0.75);
    const usual = { forest: 3, experts: 5, neighbours: 7 };
    const scores = Array.from({ length: 9 }, () => even(half, half, usual));
    const calibration = new Calibration(scores, []);
    const upper = (sd: number, difficulty?: Difficulty) => calibration.interval(normal(0, sd), 0.5, difficulty).upper;
    expect(upper(1, usual)).toBeCloseTo(half, 8);
    // Half of the unit is typical; of the rest the logarithm is a weighted mean, 0.4 for the width and 0.2 for each part.
    const wider = (parts: number[]) =>
      (1 + parts.reduce((product, ratio, i) => product * (ratio + 0.02) ** (i === 0 ? 0.4 : 0.2), 1) / 1.02) / 2;
    const expected = (parts: number[]) => (half * wider(parts)) / wider([1, 1, 1, 1]);
    expect(upper(4, usual)).toBeCloseTo(expected([4, 1, 1, 1]), 2);
    expect(upper(1, { forest: 12, experts: 5, neighbours: 7 })).toBeCloseTo(expected([1, 4, 1, 1]), 2);
    expect(upper(1, { forest: 12, experts: 0, neighbours: 3.5 })).toBeCloseTo(expected([1, 4, 0, 0.5]), 2);
    // A query of which nothing is known counts as a typical one, and what is absurdly wide as ten times that.
    expect(upper(1)).toBeCloseTo(half, 1);
    expect(upper(1, { ...usual, forest: 1e9 })).toBeCloseTo(upper(1, { ...usual, forest: 30 }), 8);
  });

  it('gives a wider interval, and a greater sd, to what is harder', () => {
    const random = new Random(12);
    const draw = () => {
      const experts = Math.exp(random.normal());
      return { difficulty: { forest: experts, experts, neighbours: experts }, y: experts * random.normal() };
    };
    const scores = Array.from({ length: 300 }, () => {
      const { difficulty, y } = draw();
      return scoreOf(normal(0, 1), y, difficulty);
    });
    const calibration = new Calibration(scores, []);
    const tests = Array.from({ length: 4000 }, draw);
    const held = (some: typeof tests, by: Calibration, told: boolean) => {
      const upper = ({ difficulty }: (typeof tests)[0]) =>
        by.interval(normal(0, 1), 0.9, told ? difficulty : undefined).upper;
      return some.filter((test) => Math.abs(test.y) <= upper(test)).length / some.length;
    };
    expect(held(tests, calibration, true)).toBeCloseTo(0.9, 1);
    const hardest = tests.filter(({ difficulty }) => difficulty.experts > 2);
    const untold = new Calibration(
      scores.map(({ difficulty: _, ...scored }) => scored),
      [],
    );
    expect(held(hardest, calibration, true)).toBeGreaterThan(held(hardest, untold, false) + 0.03);
    const [easy, hard] = [0.1, 10].map((d) => ({ forest: d, experts: d, neighbours: d }));
    expect(calibration.spread(normal(0, 1), hard)).toBeGreaterThan(2 * calibration.spread(normal(0, 1), easy));
  });

  it('leans to the longer side of the core by half as much', () => {
    const skewed = new Distribution([
      { lo: -1, hi: 0, mass: 0.5, whole: true },
      { lo: 0, hi: 3, mass: 0.5, whole: true },
    ]);
    const scores = Array.from({ length: 9 }, () => scoreOf(skewed, 1));
    const { lower, upper } = new Calibration(scores, []).interval(skewed, 0.5);
    // The core is [−0.5, 1.5], its half width 1: arms of 0.5 and 1.5, tempered to 0.75 and 1.25.
    expect(upper).toBeCloseTo(1, 10);
    expect(lower).toBeCloseTo(-0.6, 10);
  });

  it('ends a quarter of the measured range beyond it, unless the core does so itself or the level has no room for that', () => {
    const range = rangeOf(Array.from({ length: 41 }, (_, i) => i));
    const scores = Array.from({ length: 40 }, () => scoreOf(normal(0, 1), 90));
    const end = (mean: number, level: number) => new Calibration(scores, [], range).interval(normal(mean, 1), level);
    expect(end(20, 0.9)).toEqual({ level: 0.9, lower: -10, upper: 50 });
    // Where the core lies beyond it, intervals are as wide as without it: cut there, all would have one end.
    const free = new Calibration(scores, []).interval(normal(60, 1), 0.9);
    expect(end(60, 0.9)).toEqual({ ...free, lower: -10 });
    expect(end(60, 0.5).upper).toBeLessThanOrEqual(end(60, 0.9).upper);
    expect(end(60, 0.9).upper).toBeGreaterThan(normal(60, 1).quantile(0.95));
    // Two trials in 42 would lie outside of the range.
    expect(end(20, 0.96).upper).toBeGreaterThan(100);
  });

  it('holds the central shares that stand besides, nested, about the median, and no more than both', () => {
    const random = new Random(8);
    const size = fc.double({ min: 0.01, max: 100, noNaN: true });
    const property = fc.property(
      fc.record({
        own: fc.integer({ min: 0, max: 30 }),
        sd: size,
        other: fc.double({ min: -50, max: 50, noNaN: true }),
      }),
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 }),
      fc.array(fc.double({ min: 0.001, max: 0.9999, noNaN: true }), { minLength: 2, maxLength: 6 }),
      ({ own, sd, other }, values, levels) => {
        const scores = Array.from({ length: own }, () => scoreOf(normal(0, 1), 2 * random.normal()));
        const calibration = new Calibration(scores, [0.2, 0.5, 0.9], rangeOf(values));
        const stated = normal(other, sd, 0, 60);
        const besides = [stated, new MeasuredValues(values)];
        const ascending = levels.toSorted((a, b) => a - b);
        let inner = { lower: stated.median, upper: stated.median };
        for (const level of ascending) {
          const plain = calibration.interval(stated, level);
          const wide = calibration.interval(stated, level, undefined, besides);
          const ends = [plain, ...besides.map((one) => share(one, level))];
          expect(wide.lower).toBe(Math.min(...ends.map(({ lower }) => lower)));
          expect(wide.upper).toBe(Math.max(...ends.map(({ upper }) => upper)));
          expect(wide.lower).toBeLessThanOrEqual(inner.lower);
          expect(wide.upper).toBeGreaterThanOrEqual(inner.upper);
          expect(calibration.interval(stated, level, undefined, [])).toEqual(plain);
          inner = wide;
        }
        const { lower, upper } = calibration.interval(stated, 0.6827, undefined, besides);
        expect(calibration.spread(stated, undefined, besides)).toBeCloseTo((upper - lower) / 2, 9);
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it('gives nested intervals that hold the median, at any level, from any scores', () => {
    const random = new Random(3);
    const levels = [0.01, 0.2, 0.49, 0.5, 0.51, 0.8, 0.9, 0.95, 0.99, 0.999];
    for (let r = 0; r < 300; r++) {
      const scores = Array.from({ length: random.integer(30) }, () =>
        scoreOf(normal(random.normal(), Math.exp(random.normal())), 3 * random.normal()),
      );
      const model = Array.from({ length: random.integer(40) }, () => random.uniform());
      const calibration = new Calibration(scores, model);
      const stated = normal(random.normal(), Math.exp(2 * random.normal()));
      const intervals = levels.map((level) => calibration.interval(stated, level));
      intervals.forEach(({ lower, upper }, i) => {
        expect(lower).toBeLessThanOrEqual(stated.median);
        expect(upper).toBeGreaterThanOrEqual(stated.median);
        if (i > 0) {
          expect(lower).toBeLessThanOrEqual(intervals[i - 1]!.lower);
          expect(upper).toBeGreaterThanOrEqual(intervals[i - 1]!.upper);
        }
      });
    }
  });

  it('is the stated interval where there is nothing to correct on', () => {
    const interval = new Calibration([], []).interval(normal(0, 1), 0.8);
    expect(interval.upper).toBe(normal(0, 1).quantile(0.9));
  });

  it('leaves the study out below three trials and leans on the model', () => {
    const evenly = Array.from({ length: 999 }, (_, i) => (i + 1) / 1000);
    const missed = Array.from({ length: 2 }, () => even(100, 1));
    for (const level of [0.5, 0.8, 0.9]) {
      const { upper } = new Calibration(missed, evenly).interval(normal(0, 1), level);
      expect(upper).toBeCloseTo(CALIBRATION_DEFAULTS.unlike * normalQuantile((1 + level) / 2), 1);
    }
  });

  it('stretches the furthest score where the level asks for more trials than there are', () => {
    const scores = Array.from({ length: 9 }, () => even(2, 1));
    const width = (level: number) => new Calibration(scores, []).interval(normal(0, 1), level).upper;
    expect(width(0.9)).toBeLessThan(width(0.99));
    expect(width(0.99)).toBeLessThan(width(0.999));
    expect(Number.isFinite(width(0.999999))).toBe(true);
  });

  it('stays finite where distributions stand at one point, and far out', () => {
    const point = new Distribution([{ lo: 3, hi: 3, mass: 1, whole: true }]);
    const right = Array.from({ length: 20 }, () => scoreOf(point, 3));
    expect(new Calibration(right, []).interval(point, 0.9)).toEqual({ level: 0.9, lower: 3, upper: 3 });
    const wrong = Array.from({ length: 20 }, () => scoreOf(point, 5));
    expect(new Calibration(wrong, []).interval(point, 0.9)).toEqual({ level: 0.9, lower: 1, upper: 5 });
    const far = Array.from({ length: 20 }, () => scoreOf(point, 9e30));
    expect(new Calibration(far, []).interval(point, 0.99).upper).toBeLessThanOrEqual(1e31);
  });

  it('states the sd that the errors have', () => {
    const random = new Random(8);
    const scores = Array.from({ length: 4000 }, () => scoreOf(normal(0, 0.3), 2 * random.normal()));
    expect(new Calibration(scores, []).spread(normal(0, 0.3))).toBeCloseTo(2, 0);
  });

  it('knows where a value stands', () => {
    expect(centrality(normal(0, 1), 0)).toBeCloseTo(0, 8);
    expect(centrality(normal(0, 1), 1.6449)).toBeCloseTo(0.9, 3);
  });
});

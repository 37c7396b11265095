// Acquisition criteria against closed forms on simple histograms and against Monte Carlo; the order of ties.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aim, acquisition, acquisitionOptions, CRITERIA } from '../../../trainer/acquisition/criteria.js';
import { rank } from '../../../trainer/acquisition/rank.js';
import { Distribution } from '../../../trainer/distribution.js';
import { arbitraryCells, normalHistogram } from '../distributions.js';

const uniform = (lo: number, hi: number, pInfeasible = 0) =>
  new Distribution([{ lo, hi, mass: 1, whole: true }], pInfeasible);
const score = (distribution: Distribution, aim: Aim, options: Parameters<typeof acquisitionOptions>[0], draw = 0) =>
  acquisition(distribution, aim, acquisitionOptions(options), draw);

const EI = { criterion: 'expected_improvement' } as const;
const PI = { criterion: 'probability_of_improvement' } as const;
const UCB = { criterion: 'upper_confidence_bound', level: 0.9 } as const;
const TS = { criterion: 'thompson', seed: 5 } as const;

describe('acquisition', () => {
  it('has the closed forms of a uniform distribution that fails a quarter of the time', () => {
    const d = uniform(2, 6, 0.25);
    // E[max(3 − Y, 0)] = (3 − 2)²/(2·4), E[max(Y − 3, 0)] = (6 − 3)²/(2·4).
    expect(score(d, { goal: 'minimize', incumbent: 3 }, EI)).toBeCloseTo(0.75 / 8, 12);
    expect(score(d, { goal: 'maximize', incumbent: 3 }, EI)).toBeCloseTo(0.75 * (9 / 8), 12);
    expect(score(d, { goal: 'minimize', incumbent: 10 }, EI)).toBeCloseTo(0.75 * 6, 12);
    expect(score(d, { goal: 'minimize', incumbent: 1 }, EI)).toBe(0);
    expect(score(d, { goal: 'minimize', incumbent: 3 }, PI)).toBeCloseTo(0.75 / 4, 12);
    expect(score(d, { goal: 'maximize', incumbent: 3 }, PI)).toBeCloseTo(0.75 * 0.75, 12);
    // Reached with probability 0.1 of all, which is 0.1/0.75 of the successes.
    expect(score(d, { goal: 'minimize' }, UCB)).toBeCloseTo(-(2 + (4 * 0.1) / 0.75), 12);
    expect(score(d, { goal: 'maximize' }, UCB)).toBeCloseTo(6 - (4 * 0.1) / 0.75, 12);
  });

  it('agrees with the closed form of expected improvement for a normal distribution', () => {
    // σ(z·Φ(z) + φ(z)) with z = (incumbent − μ)/σ = −1: Φ = 0.158655, φ = 0.241971.
    expect(score(normalHistogram(4, 2), { goal: 'minimize', incumbent: 2 }, EI)).toBeCloseTo(2 * 0.083316, 3);
    expect(score(normalHistogram(4, 2), { goal: 'maximize', incumbent: 6 }, EI)).toBeCloseTo(2 * 0.083316, 3);
  });

  it('counts any success as an improvement while there is none, and sees no chance in what will rarely succeed', () => {
    expect(score(uniform(0, 1, 0.3), { goal: 'minimize' }, EI)).toBeCloseTo(0.7, 12);
    expect(score(uniform(0, 1, 0.3), { goal: 'maximize' }, PI)).toBeCloseTo(0.7, 12);
    expect(score(uniform(0, 1, 0.95), { goal: 'minimize' }, UCB)).toBe(-Infinity);
    expect(score(uniform(0, 1, 1), { goal: 'minimize' }, UCB)).toBe(-Infinity);
    expect(score(uniform(0, 1, 1), { goal: 'maximize' }, TS)).toBe(-Infinity);
  });

  it('agrees with Monte Carlo for both goals', () => {
    fc.assert(
      fc.property(
        arbitraryCells,
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.constantFrom('minimize' as const, 'maximize' as const),
        fc.double({ min: 0.2, max: 0.8, noNaN: true }),
        (cells, pInfeasible, goal, at) => {
          const distribution = new Distribution(cells, pInfeasible);
          const incumbent = distribution.quantile(at);
          const count = 4000;
          const gains = Array.from({ length: count }, (_, i) => distribution.sample(9, i)).map((y) =>
            y === null ? 0 : Math.max(0, goal === 'minimize' ? incumbent - y : y - incumbent),
          );
          const { sd } = distribution;
          const mean = gains.reduce((a, b) => a + b, 0) / count;
          // Five standard errors: a gain varies by no more than y and the incumbent's distance from its mean together.
          const spread = sd + Math.abs(incumbent - distribution.mean);
          expect(Math.abs(score(distribution, { goal, incumbent }, EI) - mean)).toBeLessThan(
            (5 * spread) / Math.sqrt(count),
          );
          const better = gains.filter((gain) => gain > 0).length / count;
          expect(Math.abs(score(distribution, { goal, incumbent }, PI) - better)).toBeLessThan(2.5 / Math.sqrt(count));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('prefers one of two candidates in Thompson draws as often as it is better', () => {
    const [low, high] = [uniform(0, 2), uniform(1, 3)];
    const count = 4000;
    let preferred = 0;
    for (let seed = 0; seed < count; seed++) {
      if (rank([low, high], { goal: 'maximize' }, { criterion: 'thompson', seed })[0]!.index === 0) preferred++;
    }
    // P(U(0, 2) > U(1, 3)) = 1/8.
    expect(Math.abs(preferred / count - 1 / 8)).toBeLessThan(3.3 * Math.sqrt(7 / 64 / count));
  });

  it('names a mistyped criterion and options out of range', () => {
    expect(() => acquisitionOptions({ criterion: 'expected_improvment' as never })).toThrow(
      /did you mean 'expected_improvement'/,
    );
    expect(() => acquisitionOptions({ level: 1 })).toThrow(/level is 1/);
    expect(() => acquisitionOptions({ seed: 0.5 })).toThrow(/seed is 0\.5/);
    expect(() => rank([], { goal: 'minimize', incumbent: Number.NaN })).toThrow(/incumbent is NaN/);
  });
});

describe('rank', () => {
  const narrow = uniform(4.9, 5.1);
  const wide = uniform(0, 9.9);
  const failing = uniform(0, 1, 0.97);

  it('orders candidates by what each criterion wants', () => {
    const order = (goal: 'minimize' | 'maximize', options: Parameters<typeof rank>[2]) =>
      rank([failing, narrow, wide], { goal, incumbent: 5 }, options).map(({ index }) => index);
    expect(order('minimize', EI)).toEqual([2, 0, 1]);
    expect(order('minimize', PI)).toEqual([2, 1, 0]);
    expect(order('minimize', UCB)).toEqual([2, 1, 0]);
    // Without a taste for the uncertain, the narrow one is the surer to be low.
    expect(order('minimize', { criterion: 'upper_confidence_bound', level: 0.1 })).toEqual([1, 2, 0]);
    expect(order('maximize', PI)).toEqual([1, 2, 0]);
  });

  it('breaks ties by feasibility, then median, then place', () => {
    const aim = { goal: 'minimize', incumbent: -1 } as const;
    const tied = [uniform(3, 4, 0.5), uniform(5, 6), uniform(3, 4), uniform(3, 4)];
    expect(rank(tied, aim).map(({ index, score }) => [index, score])).toEqual([
      [2, 0],
      [3, 0],
      [1, 0],
      [0, 0],
    ]);
    expect(rank(tied, { ...aim, goal: 'maximize', incumbent: 9 }).map(({ index }) => index)).toEqual([1, 2, 3, 0]);
  });

  it('never loses a candidate, and gives the same order again', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryCells, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(...CRITERIA),
        fc.constantFrom('minimize' as const, 'maximize' as const),
        (histograms, criterion, goal) => {
          const distributions = histograms.map((cells, i) => new Distribution(cells, (i % 3) / 2));
          const ranked = rank(distributions, { goal, incumbent: 0 }, { criterion });
          expect(ranked.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...distributions.keys()]);
          ranked.forEach(({ score: s }, i) => {
            if (i > 0) expect(s).toBeLessThanOrEqual(ranked[i - 1]!.score);
          });
          expect(rank(distributions, { goal, incumbent: 0 }, { criterion })).toEqual(ranked);
        },
      ),
    );
  });
});

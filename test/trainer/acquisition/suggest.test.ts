// Suggestions: inside the space, new, diverse, repeatable; better than random search on Branin with a Gaussian process.
import { beforeAll, describe, expect, it } from 'vitest';
import { CRITERIA } from '../../../trainer/acquisition/criteria.js';
import { SearchSpace } from '../../../trainer/acquisition/search-space.js';
import { type MeasuredStudy, suggest } from '../../../trainer/acquisition/suggest.js';
import type { SuggestOptions } from '../../../trainer/acquisition/suggest-options.js';
import { ProcessPosterior } from '../../../trainer/experts/gaussian-process.js';
import { Random } from '../../../trainer/random.js';
import type { JsonObject } from '../../../trainer/types.js';
import { normalHistogram } from '../distributions.js';

const plane = new SearchSpace({
  a: { type: 'float', low: -5, high: 10 },
  b: { type: 'float', low: 0, high: 15 },
});

/** Three minima of 0.397887 (Dixon and Szegő, 1978). */
function branin({ a, b }: JsonObject): number {
  const [x, y] = [a as number, b as number];
  const bow = y - (5.1 * x * x) / (4 * Math.PI ** 2) + (5 * x) / Math.PI - 6;
  return bow * bow + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
}

/** An exact Gaussian process on ln y with fixed scales, the project's own; its normal distributions are taken back to y. */
function gaussianProcess({ trials }: MeasuredStudy) {
  const features = (xs: readonly JsonObject[]) => ({
    rows: xs.length,
    columns: 2,
    values: Float64Array.from(xs.flatMap(({ a, b }) => [((a as number) - 2.5) / 4.3, ((b as number) - 7.5) / 4.3])),
    groups: Int32Array.of(0, 1),
  });
  const logs = trials.map(({ y }) => Math.log(y!));
  const centre = logs.reduce((sum, v) => sum + v, 0) / logs.length;
  const process = new ProcessPosterior(
    features(trials.map(({ x }) => x)),
    Float64Array.from(logs, (v) => v - centre),
    // Length scales, signal and noise, in logarithms.
    Float64Array.of(0, 0, 0.5, -9),
  );
  const distributions = async (asked: readonly JsonObject[]) => {
    const { mean, sd } = process.predict(features(asked));
    return asked.map((_, i) => normalHistogram(centre + mean[i]!, sd[i]!, 0, 60).map(Math.exp));
  };
  return { distributions };
}

/** Sure of a bowl around (2, 3), and that nothing works where a is above 6. */
const bowl = {
  distributions: async (xs: readonly JsonObject[]) =>
    xs.map(({ a, b }) =>
      normalHistogram(((a as number) - 2) ** 2 + ((b as number) - 3) ** 2, 0.5, (a as number) > 6 ? 0.99 : 0.01),
    ),
};

/** Without a surrogate the predictor is asked about every candidate. */
const MANY: Partial<SuggestOptions> = { candidates: 256, rounds: 2 };

const random = new Random(1);
const studyOf = (goal: 'minimize' | 'maximize'): MeasuredStudy => ({
  objective: { name: 'bowl', goal },
  trials: Array.from({ length: 10 }, () => plane.sample(random)).map((x, i) => ({
    x,
    y: i % 4 === 0 ? null : ((x.a as number) - 2) ** 2 + ((x.b as number) - 3) ** 2,
  })),
});

describe('suggest', () => {
  it.each(CRITERIA)(
    'finds the bottom of a bowl by %s, in a batch of different x of the space, and again the same',
    async (criterion) => {
      const study = studyOf('minimize');
      const options: Partial<SuggestOptions> = { criterion, count: 4, seed: 3, apart: 0.02, ...MANY };
      const { suggestions } = await suggest(study, plane, bowl, options);
      expect(suggestions.length).toBe(4);
      for (const { x } of suggestions) {
        expect(plane.violations(x)).toEqual([]);
        expect(((x.a as number) - 2) ** 2 + ((x.b as number) - 3) ** 2).toBeLessThan(2);
        for (const other of suggestions) {
          if (other.x !== x) expect(plane.distance(other.x, x)).toBeGreaterThanOrEqual(0.02);
        }
      }
      expect((await suggest(study, plane, bowl, options)).suggestions.map(({ x }) => x)).toEqual(
        suggestions.map(({ x }) => x),
      );
      const { suggestions: others } = await suggest(study, plane, bowl, { ...options, seed: 4 });
      expect(others.map(({ x }) => x)).not.toEqual(suggestions.map(({ x }) => x));
    },
  );

  it('climbs where more is better, but not to where nothing works', async () => {
    const [first] = (await suggest(studyOf('maximize'), plane, bowl, MANY)).suggestions;
    // The far corner (10, 15) fails; of those that work, (−5, 15) is the highest: 49 + 144 = 193.
    expect(first!.x.a as number).toBeLessThan(-3);
    expect(first!.x.b as number).toBeGreaterThan(13);
    expect(first!.score!).toBeGreaterThan(0);
  });

  it('spreads evenly before the first measurement, and asks for feasibility while all have failed', async () => {
    const study: MeasuredStudy = { objective: { name: 'bowl', goal: 'minimize' }, trials: [] };
    const { suggestions: first } = await suggest(study, plane, bowl, { count: 15 });
    // A Latin hypercube: one in each fifteenth of a.
    expect(new Set(first.map(({ x }) => Math.floor((x.a as number) + 5))).size).toBe(15);
    const failed = { ...study, trials: [{ x: { a: 9, b: 9 }, y: null }] };
    const [next] = (await suggest(failed, plane, bowl)).suggestions;
    expect(next!.distribution!.pInfeasible).toBe(0.01);
    expect(next!.score).toBeCloseTo(0.99, 12);
  });

  it('keeps away from what is pending, and comes closer where the space leaves no choice', async () => {
    const study = studyOf('minimize');
    const [alone] = (await suggest(study, plane, bowl)).suggestions;
    const [beside] = (await suggest(study, plane, bowl, { pending: [alone!.x] })).suggestions;
    expect(plane.distance(alone!.x, beside!.x)).toBeGreaterThanOrEqual(0.1);
    const { suggestions: crowd } = await suggest(study, plane, bowl, { count: 60, candidates: 128, apart: 1 });
    expect(crowd.length).toBe(60);
  });

  it('gives all that is left of a small space, and never what was tried', async () => {
    const dial = new SearchSpace({ n: { type: 'integer', low: 1, high: 6 }, on: { type: 'boolean' } });
    const study: MeasuredStudy = {
      objective: { name: 'n', goal: 'maximize' },
      trials: [
        { x: { on: true, n: 6 }, y: 6 },
        { x: { n: 2, on: false }, y: 2 },
      ],
    };
    const oracle = {
      distributions: async (xs: readonly JsonObject[]) => xs.map(({ n }) => normalHistogram(n as number, 1)),
    };
    const { suggestions } = await suggest(study, dial, oracle, { count: 20 });
    expect(suggestions.length).toBe(10);
    expect(suggestions[0]!.x).toEqual({ n: 6, on: false });
    expect(suggestions.map(({ x }) => x)).not.toContainEqual({ n: 6, on: true });
  });

  it.each<[object, RegExp]>([
    [{ cuont: 2 }, /no option 'cuont'; did you mean 'count'/],
    [{ count: 0 }, /count is 0/],
    [{ rounds: -1 }, /rounds is -1/],
    [{ apart: 2 }, /apart is 2/],
    [{ criterion: 'thomson' }, /did you mean 'thompson'/],
  ])('refuses %j', async (options, message) => {
    await expect(suggest(studyOf('minimize'), plane, bowl, options)).rejects.toThrow(message);
  });

  it('needs a goal', async () => {
    const study = { ...studyOf('minimize'), objective: { name: 'speed' } };
    await expect(suggest(study, plane, bowl)).rejects.toThrow(/'speed' has no goal/);
  });
});

describe('suggest with a Gaussian process on Branin, 8 random trials and 12 suggested', () => {
  const SEEDS = [1, 2, 3, 4];
  const sample = (seed: number, count: number) => {
    const draws = new Random(seed);
    return Array.from({ length: count }, () => plane.sample(draws)).map((x) => ({ x, y: branin(x) }));
  };
  const best = (trials: MeasuredStudy['trials']) => Math.min(...trials.map(({ y }) => y!));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  let byChance: number;

  beforeAll(() => {
    byChance = mean(SEEDS.map((seed) => best(sample(seed, 20))));
  });

  it.each(['expected_improvement', 'upper_confidence_bound'] as const)(
    'beats random search on average by %s',
    async (criterion) => {
      const found: number[] = [];
      for (const seed of SEEDS) {
        const trials = sample(seed, 8);
        const study: MeasuredStudy = { objective: { name: 'branin', goal: 'minimize' }, trials };
        for (let i = 0; i < 12; i++) {
          const [next] = (await suggest(study, plane, gaussianProcess(study), { criterion, seed, ...MANY }))
            .suggestions;
          trials.push({ x: next!.x as { a: number; b: number }, y: branin(next!.x) });
        }
        found.push(best(trials));
      }
      expect(mean(found)).toBeLessThan(0.5 * byChance);
    },
  );
});

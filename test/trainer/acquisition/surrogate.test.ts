// The surrogate: scores against integration by quadrature, and a search that asks the model about few candidates.
import { describe, expect, it } from 'vitest';
import { fitSurrogate, surrogateTrials } from '../../../trainer/acquisition/process-surrogate.js';
import { SearchSpace } from '../../../trainer/acquisition/search-space.js';
import { suggest } from '../../../trainer/acquisition/suggest.js';
import { surrogateScores } from '../../../trainer/acquisition/surrogate.js';
import { logImprovement, logNormalCdf, normalCdf, normalQuantile } from '../../../trainer/normal.js';
import { Random } from '../../../trainer/random.js';
import type { JsonObject } from '../../../trainer/types.js';
import { normalHistogram } from '../distributions.js';

/** ∫ f(t)·φ(t) from `from` to `to`, by Simpson's rule; φ relative to its value at `peak`, whose logarithm is added by the caller. */
function integral(f: (t: number) => number, from: number, to: number, peak = 0): number {
  const steps = 20_000;
  const h = (to - from) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const t = from + i * h;
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * f(t) * Math.exp(-0.5 * (t * t - peak * peak));
  }
  return (sum * h) / 3 / Math.sqrt(2 * Math.PI);
}

describe('the normal distribution', () => {
  it.each([-30, -12, -5, -2.001, -1.999, -0.3, 0, 0.7, 1.999, 2.001, 6])('at %d', (z) => {
    const peak = Math.min(0, z);
    const scale = -0.5 * peak * peak;
    const cdf = integral(() => 1, z - 12, z, peak);
    expect(logNormalCdf(z)).toBeCloseTo(scale + Math.log(cdf), 8);
    expect(logImprovement(z)).toBeCloseTo(scale + Math.log(integral((t) => z - t, z - 12, z, peak)), 7);
    expect(normalCdf(z) + normalCdf(-z)).toBeCloseTo(1, 14);
    if (Math.abs(z) < 6) expect(normalQuantile(normalCdf(z))).toBeCloseTo(z, 8);
  });

  it('orders improvements that are 0 in floating point', () => {
    expect(logImprovement(-1e6)).toBeLessThan(logImprovement(-1e5));
    expect(logImprovement(-10_001)).toBeCloseTo(logImprovement(-9_999) - 10_000 * 2, -1);
  });
});

const space = new SearchSpace({ a: { type: 'float', low: 0, high: 1 }, b: { type: 'float', low: 0, high: 1 } });
const valley = ({ a, b }: JsonObject) => 10 ** (6 * (((a as number) - 0.3) ** 2 + ((b as number) - 0.6) ** 2));
const random = new Random(5);
const trials = Array.from({ length: 25 }, () => space.sample(random)).map((x) => ({
  x,
  y: (x.a as number) > 0.75 ? null : valley(x),
}));

describe('the surrogate of a study', () => {
  const surrogate = fitSurrogate(trials)!;

  it('knows what was measured, on its own scale, and what fails', () => {
    const measured = trials.filter((t): t is { x: JsonObject; y: number } => t.y !== null);
    const { mean, sd, pInfeasible } = surrogate.predict(measured.map(({ x }) => x));
    measured.forEach(({ y }, i) => {
      expect(Math.abs(mean[i]! - surrogate.toScale(y))).toBeLessThan(0.1);
      expect(sd[i]!).toBeLessThan(0.1);
    });
    const [inside, outside] = surrogate.predict([
      { a: 0.3, b: 0.5 },
      { a: 0.99, b: 0.5 },
    ]).pInfeasible!;
    expect(outside!).toBeGreaterThan(inside! + 0.3);
    expect(pInfeasible!.every((p) => p >= 0 && p <= 1)).toBe(true);
    expect(fitSurrogate([{ x: { a: 1 }, y: null }])).toBeUndefined();
  });

  it.each(['minimize', 'maximize'] as const)('scores as the criteria are defined, to %s', (goal) => {
    const scale = { toScale: (y: number) => y, fromScale: (z: number) => z, bent: false };
    const predictions = {
      mean: Float64Array.of(1, 2),
      sd: Float64Array.of(0.5, 2),
      pInfeasible: Float64Array.of(0.2, 0),
    };
    const fixed = { ...scale, predict: () => predictions };
    const score = (criterion: 'expected_improvement' | 'probability_of_improvement' | 'upper_confidence_bound') =>
      surrogateScores(fixed, [{}, {}], { goal, incumbent: 1.5 }, { criterion, level: 0.9 });
    const sign = goal === 'minimize' ? 1 : -1;
    [0, 1].forEach((i) => {
      const [m, s, p] = [predictions.mean[i]!, predictions.sd[i]!, predictions.pInfeasible[i]!];
      const z = (sign * (1.5 - m)) / s;
      const gain = (1 - p) * s * integral((t) => z - t, z - 12, z);
      expect(score('expected_improvement')[i]).toBeCloseTo(Math.log(gain), 7);
      expect(score('probability_of_improvement')[i]).toBeCloseTo(Math.log((1 - p) * integral(() => 1, z - 12, z)), 7);
    });
    // 10% of all outcomes are 12.5% of the 80% that succeed; shares are taken to a hundredth.
    expect(score('upper_confidence_bound')[0]).toBeCloseTo(-sign * 1 - normalQuantile(0.13) * 0.5, 6);
    expect(score('upper_confidence_bound')[1]).toBeCloseTo(-sign * 2 - normalQuantile(0.1) * 2, 6);
  });

  it('keeps the best trials of a long study and a fair share of the others', () => {
    const long = Array.from({ length: 5000 }, (_, i) => ({ x: { i }, y: i % 7 === 0 ? null : (i * 7919) % 5003 }));
    const kept = surrogateTrials(long, 'maximize');
    expect(kept.length).toBe(300);
    expect(new Set(kept).size).toBe(300);
    const tenth = long.flatMap(({ y }) => y ?? []).sort((a, b) => b - a)[9]!;
    expect(kept.filter(({ y }) => y !== null && y >= tenth).length).toBe(10);
    expect(kept.some(({ y }) => y === null)).toBe(true);
    expect(kept.some(({ y }) => y !== null && y < 2000)).toBe(true);
    expect(surrogateTrials(trials, 'minimize')).toBe(trials);
  });

  it('decides alone where no slack is left', async () => {
    let asked = 0;
    const oracle = {
      surrogate,
      distributions: async (xs: readonly JsonObject[]) => {
        asked += xs.length;
        return xs.map(() => normalHistogram(1, 0.3));
      },
    };
    const study = { objective: { name: 'valley', goal: 'minimize' as const }, trials };
    await suggest(study, space, oracle, { count: 1, slack: 0 });
    expect(asked).toBe(1);
    const { suggestions } = await suggest(study, space, oracle, { count: 5, slack: 0 });
    expect(suggestions.length).toBe(5);
    await expect(suggest(study, space, oracle, { slack: -1 })).rejects.toThrow(/slack is -1/);
  });

  it('leads to the optimum with fewer questions than there were candidates', async () => {
    let asked = 0;
    const oracle = {
      surrogate,
      distributions: async (xs: readonly JsonObject[]) => {
        asked += xs.length;
        return xs.map((x) => normalHistogram(valley(x), 0.3));
      },
    };
    const study = { objective: { name: 'valley', goal: 'minimize' as const }, trials };
    const { suggestions } = await suggest(study, space, oracle, { count: 1 });
    // Those near enough to the best of some two thousand, and no more than `candidates`.
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(64);
    expect(Math.abs((suggestions[0]!.x.a as number) - 0.3)).toBeLessThan(0.08);
    expect(Math.abs((suggestions[0]!.x.b as number) - 0.6)).toBeLessThan(0.08);
  });
});

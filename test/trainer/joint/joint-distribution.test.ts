// Joint distributions held against closed forms: normal chains with known conditionals, asked through the interface that models are.
import { describe, expect, it } from 'vitest';
import { Distribution } from '../../../trainer/distribution.js';
import { type Conditional, chain } from '../../../trainer/joint/chain.js';
import { mixture } from '../../../trainer/joint/mixture.js';
import { normalHistogram } from '../distributions.js';

/** y1 ~ N(x, 3²); y2 = 1 + 2·(correlation·z1 + √(1 − correlation²)·noise), z1 the standardized y1. */
function bivariate(correlation: number, pInfeasible = 0): Conditional {
  return async (objective, queries) =>
    queries.map(({ x, given }) => {
      if (objective === 0) return normalHistogram(x.x as number, 3, pInfeasible);
      const z = (given!.first! - (x.x as number)) / 3;
      return normalHistogram(1 + 2 * correlation * z, 2 * Math.sqrt(1 - correlation ** 2));
    });
}

const pair = async (correlation: number, pInfeasible = 0) => {
  const [joint] = await chain(['first', 'second'], [{ x: { x: 5 } }], bivariate(correlation, pInfeasible));
  return joint!;
};

/** Spearman's ρ of a bivariate normal (Kruskal, 1958). */
const spearman = (correlation: number) => (6 / Math.PI) * Math.asin(correlation / 2);
/** P(Z1 ≤ 0, Z2 ≤ 0) of a bivariate normal (Sheppard, 1899). */
const quadrant = (correlation: number) => 0.25 + Math.asin(correlation) / (2 * Math.PI);

describe('two objectives', () => {
  it.each([-0.9, -0.5, 0, 0.5, 0.9])('with correlation %d have its rank correlation and quadrants', async (rho) => {
    const joint = await pair(rho);
    const [[one, rank], [back]] = joint.rankCorrelation() as [[number, number], [number, number]];
    expect(one).toBe(1);
    expect(back).toBeCloseTo(rank, 12);
    expect(Math.abs(rank - spearman(rho))).toBeLessThan(0.02);
    const below = joint.probability([{ upper: 5 }, { upper: 1 }]);
    expect(Math.abs(below - quadrant(rho))).toBeLessThan(0.01);
    const crossed = joint.probability([{ upper: 5 }, { lower: 1 }]);
    expect(below + crossed).toBeCloseTo(joint.probability([{ upper: 5 }, {}]), 9);
    expect(joint.probability([{}, {}])).toBeCloseTo(1, 12);
    expect(joint.probability([{ lower: 9, upper: 2 }, {}])).toBe(0);
  });

  it('are exact where they are independent', async () => {
    const joint = await pair(0);
    const [first, second] = [normalHistogram(5, 3), normalHistogram(1, 2)];
    for (const a of [1, 4, 5.5, 12])
      for (const b of [-2, 1, 2.5])
        expect(joint.probability([{ upper: a }, { upper: b }])).toBeCloseTo(first.cdf(a) * second.cdf(b), 9);
  });

  it('have the marginals that they are made of', async () => {
    const joint = await pair(0.8);
    const first = joint.marginal('first');
    for (const p of [0.01, 0.3, 0.5, 0.97]) expect(first.quantile(p)).toBeCloseTo(normalHistogram(5, 3).quantile(p), 6);
    // Eight values stand for the first objective, whose own spread is a little more than theirs.
    const values = Array.from({ length: 8 }, (_, k) => normalHistogram(0, 1).quantile((k + 0.5) / 8));
    const spread = values.reduce((sum, z) => sum + z * z, 0) / 8;
    const second = joint.marginal('second');
    expect(second.mean).toBeCloseTo(1, 6);
    expect(second.sd).toBeCloseTo(2 * Math.sqrt(0.64 * spread + 0.36), 2);
    expect(second.sd).toBeGreaterThan(0.95 * 2);
    expect(() => joint.marginal('third')).toThrow(/"third" is not among .* first, second/);
  });

  it('draw what they state, failing together, the same for the same seed', async () => {
    const joint = await pair(-0.7, 0.25);
    const drawn = Array.from({ length: 8000 }, (_, i) => joint.sample(3, i));
    expect(drawn.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => joint.sample(3, i)));
    const made = drawn.filter((y) => y !== null);
    // 2,000 of 8,000 fail; five standard deviations are 194.
    expect(Math.abs(drawn.length - made.length - 2000)).toBeLessThan(194);
    const share = made.filter(([a, b]) => a! <= 4 && b! <= 2).length / made.length;
    expect(Math.abs(share - joint.probability([{ upper: 4 }, { upper: 2 }]))).toBeLessThan(0.03);
    const even = joint.draws(64, 1);
    expect(even).toEqual(joint.draws(64, 1));
    expect(even).not.toEqual(joint.draws(64, 2));
    expect(Math.abs(correlationOf(even) + 0.7)).toBeLessThan(0.2);
    expect(Math.abs(correlationOf(joint.draws(5000, 1)) + 0.7)).toBeLessThan(0.06);
  });

  it('do not fail where one of them has been measured, and the rest is a chain of its own', async () => {
    const conditional = bivariate(0.9, 0.4);
    const asked: unknown[] = [];
    const [joint] = await chain(['second'], [{ x: { x: 5 }, given: { first: 8 } }], (_, queries) => {
      asked.push(...queries);
      return conditional(1, queries);
    });
    expect(asked).toEqual([{ x: { x: 5 }, given: { first: 8 } }]);
    expect(joint!.pInfeasible).toBe(0);
    expect(joint!.marginal('second').median).toBeCloseTo(1 + 2 * 0.9, 6);
    expect(joint!.rankCorrelation()).toEqual([[1]]);
  });
});

describe('three objectives', () => {
  /** A standard normal; 0.6 of it; and the third from the second alone: y1 – y2 – y3 a Markov chain. */
  const markov: Conditional = async (objective, queries) =>
    queries.map(({ given }) => {
      if (objective === 0) return normalHistogram(0, 1);
      const before = objective === 1 ? given!.a! : given!.b!;
      return normalHistogram(0.6 * before, 0.8);
    });

  it('depend on each other pair by pair, asked for 1, 8 and 16 times', async () => {
    const counts: number[] = [];
    const [joint] = await chain(['a', 'b', 'c'], [{ x: {} }], (objective, queries) => {
      counts[objective] = queries.length;
      return markov(objective, queries);
    });
    expect(counts).toEqual([1, 8, 16]);
    const rank = joint!.rankCorrelation();
    expect(Math.abs(rank[0]![1]! - spearman(0.6))).toBeLessThan(0.02);
    expect(Math.abs(rank[0]![2]! - spearman(0.36))).toBeLessThan(0.03);
    // The second is cut in halves: what the third has of it within a half is not seen.
    expect(rank[1]![2]! / spearman(0.6)).toBeGreaterThan(0.7);
    expect(rank[1]![2]!).toBeLessThan(spearman(0.6) + 0.02);
    expect(joint!.marginal('b').sd).toBeCloseTo(1, 1);
  });

  it('keep queries apart', async () => {
    const both = await chain(['first', 'second'], [{ x: { x: 5 } }, { x: { x: -3 } }], bivariate(0.5));
    expect(both.map((joint) => joint.marginal('first').median)).toEqual([expect.closeTo(5, 6), expect.closeTo(-3, 6)]);
    const [alone] = await chain(['first', 'second'], [{ x: { x: -3 } }], bivariate(0.5));
    expect(both[1]!.draws(10, 1)).toEqual(alone!.draws(10, 1));
  });
});

describe('a value that does not vary', () => {
  it('has no rank correlation, and probabilities on either side of it', async () => {
    const point = new Distribution([{ lo: 7, hi: 7, mass: 1, whole: true }]);
    const [joint] = await chain(['a', 'b'], [{ x: {} }], async (objective, queries) =>
      queries.map(() => (objective === 0 ? point : normalHistogram(0, 1))),
    );
    expect(joint!.rankCorrelation()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(joint!.probability([{ upper: 6.9 }, {}])).toBe(0);
    expect(joint!.probability([{ upper: 7.1 }, { upper: 0 }])).toBeCloseTo(0.5, 9);
  });
});

describe('a mixture', () => {
  it("has the mean of its parts' distribution functions, points and far cells among them", () => {
    const far = new Distribution([
      { lo: -1, hi: 1, mass: 0.9, whole: true },
      { lo: 1, hi: 1e31, mass: 0.1, whole: false },
    ]);
    const point = new Distribution([{ lo: 0.25, hi: 0.25, mass: 1, whole: true }]);
    const parts = [far, point, normalHistogram(0.5, 2)];
    const mixed = mixture(parts, 0.125);
    expect(mixed.pInfeasible).toBe(0.125);
    for (const t of [-5, -0.5, 0.25, 0.3, 3, 1e6, 1e30])
      expect(mixed.cdf(t)).toBeCloseTo(parts.reduce((sum, part) => sum + part.cdf(t), 0) / 3, 9);
  });
});

function correlationOf(pairs: readonly (readonly number[])[]): number {
  const mean = (f: (pair: readonly number[]) => number) => pairs.reduce((sum, p) => sum + f(p), 0) / pairs.length;
  const [ma, mb] = [mean((p) => p[0]!), mean((p) => p[1]!)];
  const covariance = mean((p) => (p[0]! - ma) * (p[1]! - mb));
  return covariance / Math.sqrt(mean((p) => (p[0]! - ma) ** 2) * mean((p) => (p[1]! - mb) ** 2));
}

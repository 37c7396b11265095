// How difficult the evidence makes a query: against plain counting, without the query's own y, and greater where y varies.
import { describe, expect, it } from 'vitest';
import { type Difficulty, Evidence } from '../../trainer/evidence.js';
import { EXPERT_NAMES } from '../../trainer/experts/expert.js';
import { Random } from '../../trainer/random.js';

/** y is even where a < 0.5, and noise elsewhere. */
function trialsOf(count: number, seed: number) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const a = random.uniform();
    return { x: { a, b: random.uniform() }, y: a < 0.5 ? 2 : 2 + 3 * random.normal() };
  });
}

const difficultiesOf = (evidence: Evidence, as: readonly number[]): Difficulty[] =>
  evidence.ask(as.map((a) => ({ x: { a, b: 0.5 } }))).map((asked) => asked!.difficulty!);

describe('difficulty', () => {
  const context = trialsOf(60, 4);
  const evidence = Evidence.fit(context, 1);

  it('is the disagreement of the experts, and how far the nearest eight stand from their centre', () => {
    const x = { a: 0.8, b: 0.3 };
    const [asked] = evidence.ask([{ x }]);
    const said = evidence.experts!.predict([x]);
    const means = EXPERT_NAMES.map((name) => said[name]!.mean[0]!);
    const mean = means.reduce((a, b) => a + b) / 4;
    expect(asked!.difficulty!.experts).toBeCloseTo(Math.hypot(...means.map((m) => m - mean)) / 2, 10);
    expect(asked!.difficulty!.forest).toBe(said.random_forest!.spread![0]);
    const near = evidence.experts!.nearest([x], 8)[0]!.map(({ index }) => context[index]!.y);
    const apart = near.reduce((sum, y) => sum + Math.abs(y - asked!.frame.center), 0) / 8;
    expect(asked!.difficulty!.neighbours).toBeCloseTo(apart, 10);
  });

  it('is greater in each part where y varies than where it does not', () => {
    const [even, noisy] = [
      [0.1, 0.15, 0.2, 0.25],
      [0.75, 0.8, 0.85, 0.9],
    ].map((as) => difficultiesOf(evidence, as));
    for (const part of ['forest', 'experts', 'neighbours'] as const) {
      const [least, most] = [noisy!, even!].map((some) => some.map((one) => one[part]));
      expect(Math.min(...least!)).toBeGreaterThan(2 * Math.max(...most!));
    }
  });

  it('is 0 where nothing differs, and defined from the first trial on', () => {
    for (const count of [1, 2, 20]) {
      const same = trialsOf(count, 5).map(({ x }) => ({ x, y: 7 }));
      for (const one of difficultiesOf(Evidence.fit(same, 1), [0.3, 0.9])) {
        for (const part of Object.values(one)) expect(part).toBeCloseTo(0, 6);
      }
    }
    expect(Evidence.fit([{ x: { a: 1 }, y: null }], 1).ask([{ x: { a: 1 } }])).toEqual([undefined]);
  });

  it('is in the unit of y', () => {
    const larger = Evidence.fit(
      context.map(({ x, y }) => ({ x, y: 1024 * y })),
      1,
    );
    const [one, other] = [evidence, larger].map((some) => difficultiesOf(some, [0.7])[0]!);
    for (const part of ['forest', 'neighbours'] as const) expect(other![part] / one![part] / 1024).toBeCloseTo(1, 3);
  });
});

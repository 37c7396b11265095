// Made-up studies: the same from the same numbers, finite, as varied as they are meant to be, and made only when they are read.
import { describe, expect, it } from 'vitest';
import { drawFunction, FUNCTION_KINDS } from '../../../trainer/pretraining/functions/random-functions.js';
import { syntheticFamily } from '../../../trainer/pretraining/synthetic/synthetic-study.js';
import { Random } from '../../../trainer/random.js';
import type { StudySource } from '../../../trainer/types.js';

const FAMILIES = 300;
const families = Array.from({ length: FAMILIES }, (_, index) => syntheticFamily(5, index));
const firsts = families.map((family) => family[0]!);
const all = (study: StudySource) => study.read(Array.from({ length: study.trials }, (_, i) => i));

/** Spearman's rank correlation. */
function agreement(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) => {
    const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
    const rank = new Array<number>(values.length);
    order.forEach((i, r) => {
      rank[i] = r;
    });
    return rank;
  };
  const [ra, rb] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const dot = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + (value - mean) * (v[i]! - mean), 0);
  return dot(ra, rb) / Math.sqrt(dot(ra, ra) * dot(rb, rb));
}

describe('made-up studies', () => {
  it('are a pure function of seed and number, trial by trial', async () => {
    for (const index of [0, 17, 123]) {
      const [study] = syntheticFamily(5, index);
      const again = syntheticFamily(5, index)[0]!;
      const whole = await all(study!);
      // The last one alone, from a study of which nothing else was read.
      expect(await again.read([study!.trials - 1])).toEqual(whole.slice(-1));
      expect(await again.read([3, 1])).toEqual([whole[3], whole[1]]);
      expect(await syntheticFamily(6, index)[0]!.read([0])).not.toEqual(whole.slice(0, 1));
      const outcomes = await again.outcomes();
      whole.forEach(({ y }, i) => expect(outcomes[i]).toBe(y ?? Number.NaN));
    }
  });

  it('have finite y that the codecs can write, in all of them and their relatives', async () => {
    for (const family of families.slice(0, 120)) {
      for (const study of family.slice(0, 3)) {
        for (const { y } of await study.read([0, 1, 2, 20, 40, 59])) {
          if (y !== null) expect(Math.abs(y)).toBeLessThanOrEqual(1e30);
        }
      }
    }
  });

  it('are made when they are read: heads cost a small part of what their trials do', async () => {
    let heads = 0;
    let trials = 0;
    for (let index = 0; index < 40; index++) {
      const begin = performance.now();
      const family = syntheticFamily(9, index);
      const made = performance.now();
      for (const study of family) await all(study);
      heads += made - begin;
      trials += performance.now() - made;
    }
    expect(heads).toBeLessThan(trials / 3);
    expect(firsts.every((study) => study.trials >= 60 && study.trials <= 400)).toBe(true);
  });

  it('come in every kind: names and none, categories, text, missing and conditional parameters, failures, plateaus, relatives', async () => {
    const seen = { anonymous: 0, category: 0, text: 0, truth: 0, missing: 0, failed: 0, equal: 0, alone: 0, goal: 0 };
    for (const [index, study] of firsts.entries()) {
      const trials = await study.read(Array.from({ length: 40 }, (_, i) => i));
      const values = trials.flatMap(({ x }) => Object.values(x));
      const strings = values.filter((v) => typeof v === 'string');
      if (Object.keys(study.metadata).length === 0 && study.objective.name.length <= 9) seen.anonymous++;
      if (strings.length > 0) seen.category++;
      if (new Set(strings).size > 30) seen.text++;
      if (values.some((v) => typeof v === 'boolean')) seen.truth++;
      if (new Set(trials.map(({ x }) => Object.keys(x).length)).size > 1) seen.missing++;
      if (trials.some(({ y }) => y === null)) seen.failed++;
      if (new Set(trials.map(({ y }) => y)).size < 20) seen.equal++;
      if (families[index]!.length === 1) seen.alone++;
      if (study.objective.goal) seen.goal++;
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(FAMILIES * 0.03);
    expect(seen.alone).toBeLessThan(FAMILIES * 0.7);
    expect(seen.failed).toBeLessThan(FAMILIES * 0.4);
  });

  it('have relatives that share parameters and, mostly, their order', async () => {
    const related = families.filter((family) => family.length > 1);
    const agreements: number[] = [];
    for (const [a, b] of related) {
      const keys = async (study: StudySource) => Object.keys((await study.read([0, 5, 9])).map(({ x }) => x)[0]!);
      expect(a!.objective.name).toBe(b!.objective.name);
      expect((await keys(a!)).length).toBeGreaterThan(0);
      const pairs = (await Promise.all([a!.read([...Array(60).keys()]), b!.read([...Array(60).keys()])])) as [
        { x: object; y: number | null }[],
        { x: object; y: number | null }[],
      ];
      const same = pairs[0].every(({ x }, i) => JSON.stringify(x) === JSON.stringify(pairs[1][i]!.x));
      if (!same) continue;
      const both = pairs[0].flatMap(({ y }, i) => {
        const other = pairs[1][i]!.y;
        return y === null || other === null ? [] : [[y, other] as const];
      });
      if (new Set(both.map(([y]) => y)).size > 10 && new Set(both.map(([, y]) => y)).size > 10)
        agreements.push(
          agreement(
            both.map(([y]) => y),
            both.map(([, y]) => y),
          ),
        );
    }
    expect(agreements.length).toBeGreaterThan(10);
    const mean = agreements.reduce((sum, v) => sum + v, 0) / agreements.length;
    expect(mean).toBeGreaterThan(0.35);
    expect(mean).toBeLessThan(0.95);
  });
});

describe('random functions', () => {
  it.each(FUNCTION_KINDS)('of kind %s are finite on the cube and its corners, and not constant', (kind) => {
    for (const dimension of [2, 5, 15]) {
      const values = Array.from({ length: 20 }, (_, seed) => {
        const random = new Random(seed, dimension);
        const f = drawFunction(kind, dimension, random);
        const points = [
          new Float64Array(dimension),
          new Float64Array(dimension).fill(1),
          ...Array.from({ length: 30 }, () => Float64Array.from({ length: dimension }, () => random.uniform())),
        ];
        return points.map(f);
      });
      expect(values.flat().every(Number.isFinite)).toBe(true);
      expect(values.filter((v) => new Set(v).size > 1).length).toBeGreaterThan(15);
    }
  });
});

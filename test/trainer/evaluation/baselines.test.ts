// Baselines: what each is made of, against plain computations.
import { describe, expect, it } from 'vitest';
import { localBaselines, type PoolRow, pooledBoosting } from '../../../trainer/evaluation/baselines.js';
import { INTERVAL_LEVELS } from '../../../trainer/evaluation/metrics.js';
import { Random } from '../../../trainer/random.js';

const random = new Random(4);
const trial = (scale = 1, shift = 0) => {
  const x = { a: random.uniform(), b: random.uniform() };
  return { x, y: shift + scale * (Math.sin(5 * x.a) + x.b * x.b) };
};
const known = Array.from({ length: 20 }, () => trial());
const asked = Array.from({ length: 30 }, () => trial());
const xs = asked.map(({ x }) => x);
const errorOf = (points: ArrayLike<number>) =>
  asked.reduce((sum, { y }, i) => sum + Math.abs(points[i]! - y), 0) / asked.length;

describe('local baselines', () => {
  const stated = localBaselines(known, xs);
  it('has the median of what is known', () => {
    const sorted = known.map(({ y }) => y).sort((a, b) => a - b);
    expect(stated.median!.points[0]).toBeCloseTo((sorted[9]! + sorted[10]!) / 2, 12);
  });
  it('averages the four experts', () => {
    const names = ['nearest_neighbours', 'random_forest', 'gradient_boosting', 'gaussian_process'] as const;
    const mean = names.reduce((sum, name) => sum + stated[name]!.points[3]!, 0) / 4;
    expect(stated.expert_average!.points[3]).toBeCloseTo(mean, 10);
  });
  it.each(Object.keys(stated))('%s states nested intervals', (name) => {
    const { intervals } = stated[name as keyof typeof stated]!;
    for (const of of intervals) {
      expect(of).toHaveLength(INTERVAL_LEVELS.length);
      for (let k = 1; k < INTERVAL_LEVELS.length - 1; k++) {
        expect(of[k]!.lower).toBeGreaterThanOrEqual(of[k - 1]!.lower);
        expect(of[k]!.upper).toBeLessThanOrEqual(of[k - 1]!.upper);
      }
    }
  });
});

describe('pooled boosting', () => {
  const mean = Math.sin(2.5) + 1 / 3;
  /** Other tasks: the same function, elsewhere and of another size. */
  const pool = (scale: number, shift: number): PoolRow[] =>
    Array.from({ length: 300 }, (_, i) => {
      const { x, y } = trial(scale, shift);
      return { x, y, u: 5 + 1.3 * Math.asinh((y - shift - scale * mean) / (0.5 * scale)), task: `t${i % 3}` };
    });
  it('learns the shape from tasks of another scale', () => {
    const points = pooledBoosting(pool(100, 4000), known.slice(0, 10), xs).points;
    expect(errorOf(points)).toBeLessThan(
      0.8 * errorOf(localBaselines(known.slice(0, 10), xs).gradient_boosting!.points),
    );
  });
  it('answers in the unit of y without any local trial, where tasks share it', () => {
    expect(errorOf(pooledBoosting(pool(1, 0), [], xs).points)).toBeLessThan(0.1);
  });
});

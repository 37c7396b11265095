import { describe, expect, it } from 'vitest';
import { kMedoids } from '../../../trainer/explanation/k-medoids.js';
import { Random } from '../../../trainer/random.js';

/** Every choice of k of n. */
function* choices(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) yield [];
  else for (let i = from; i <= n - k; i++) for (const rest of choices(n, k - 1, i + 1)) yield [i, ...rest];
}

describe('k-medoids', () => {
  it('finds the cost of full enumeration on small sets, mostly the least', () => {
    let exact = 0;
    const sets = 60;
    for (let seed = 0; seed < sets; seed++) {
      const random = new Random(seed);
      const n = 12;
      const k = 1 + (seed % 4);
      const points = Array.from({ length: n }, () => [random.normal(), random.normal()]);
      const distance = (a: number, b: number) =>
        Math.hypot(points[a]![0]! - points[b]![0]!, points[a]![1]! - points[b]![1]!);
      const costOf = (medoids: number[]) =>
        points.reduce((sum, _, i) => sum + Math.min(...medoids.map((m) => distance(m, i))), 0);
      const least = Math.min(...[...choices(n, k)].map(costOf));
      const found = kMedoids(n, k, distance);
      expect(found.medoids).toHaveLength(k);
      expect(found.cost).toBeCloseTo(costOf(found.medoids), 9);
      found.assignment.forEach((place, i) => {
        expect(distance(found.medoids[place]!, i)).toBe(Math.min(...found.medoids.map((m) => distance(m, i))));
      });
      expect(found.cost).toBeLessThan(1.1 * least);
      if (found.cost < least + 1e-9) exact++;
    }
    expect(exact).toBeGreaterThan(0.75 * sets);
  });

  it('tells clear groups apart, and stops where nothing is left to tell apart', () => {
    const places = [0, 0.1, 0.2, 10, 10.1, 10.2, 10.3, 20];
    const distance = (a: number, b: number) => Math.abs(places[a]! - places[b]!);
    const { medoids, assignment } = kMedoids(places.length, 3, distance);
    expect([...medoids].sort((a, b) => a - b)).toEqual([1, expect.any(Number), 7]);
    const groups = places.map((_, i) => medoids[assignment[i]!]);
    expect(new Set(groups.slice(0, 3)).size).toBe(1);
    expect(new Set(groups.slice(3, 7)).size).toBe(1);
    expect(kMedoids(4, 3, () => 0).medoids).toEqual([0]);
    expect(kMedoids(0, 3, () => 0).medoids).toEqual([]);
  });
});

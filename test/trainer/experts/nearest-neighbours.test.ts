// Nearest neighbours, against results worked out by hand.
import { describe, expect, it } from 'vitest';
import { nearestRows } from '../../../trainer/experts/distances.js';
import { nearestNeighbours } from '../../../trainer/experts/nearest-neighbours.js';
import { relevanceFactors } from '../../../trainer/experts/relevance.js';
import { matrix, meanAbsoluteError, normalRows } from './fixtures.js';

const LINE = matrix([[0], [1], [3], [7]]);
const Y = Float64Array.of(10, 20, 40, 80);

describe('nearestNeighbours', () => {
  it('weighs neighbours by a power of their distance', () => {
    const fitted = nearestNeighbours({ k: 2, power: 1 }).fit({ features: LINE, y: Y }, 1);
    // At 1.5: rows 1 (distance 0.5) and, of rows 0 and 2 (both 1.5), the first.
    expect(fitted.predict(matrix([[1.5]])).mean[0]).toBeCloseTo((20 / 0.5 + 10 / 1.5) / (1 / 0.5 + 1 / 1.5), 12);
  });

  it('leaves each row out of its own cross-fitted prediction', () => {
    const fitted = nearestNeighbours({ k: 2, power: 1 }).fit({ features: LINE, y: Y }, 1);
    // Row 3 at 7: row 2 is 4 away, row 1 is 6 away.
    expect(fitted.crossFitted.mean[3]).toBeCloseTo((40 / 4 + 20 / 6) / (1 / 4 + 1 / 6), 12);
  });

  it('averages rows that are equal to the query, and only those', () => {
    const features = matrix([
      [1, 1],
      [1, 1],
      [2, 2],
      [1, 1.001],
    ]);
    const fitted = nearestNeighbours().fit({ features, y: Float64Array.of(4, 8, 100, 100) }, 1);
    expect(fitted.predict(matrix([[1, 1]])).mean[0]).toBe(6);
    expect(fitted.crossFitted.mean[0]).toBe(8);
  });
});

describe('relevanceFactors', () => {
  const rows = normalRows(50, 3, 5);
  const features = matrix(rows);
  const y = Float64Array.from(rows, (row) => 4 * row[1]!);

  it('stretches the column that explains y to √1.02 and leaves the others short', () => {
    const [first, second, third] = relevanceFactors(features, y, Int32Array.from(y.keys()));
    expect(second).toBeCloseTo(Math.sqrt(1.02), 9);
    expect(first).toBeLessThan(0.4);
    expect(third).toBeLessThan(0.4);
  });

  it('looks at the given rows only', () => {
    const some = Int32Array.from({ length: 20 }, (_, i) => i);
    const changed = y.map((value, i) => (i < 20 ? value : -value));
    expect(relevanceFactors(features, changed, some)).toEqual(relevanceFactors(features, y, some));
  });

  it('makes neighbours better where most columns are noise', () => {
    const wide = normalRows(120, 12, 6);
    const truth = wide.map((row) => Math.sin(row[0]!) + row[1]!);
    const fitted = nearestNeighbours().fit({ features: matrix(wide), y: Float64Array.from(truth) }, 1);
    const plain = wide.map((_, i) => {
      const { indices } = nearestRows(matrix(wide), matrix(wide), i, 5, i);
      return indices.reduce((sum, row) => sum + truth[row]! / 5, 0);
    });
    expect(meanAbsoluteError(fitted.crossFitted.mean, truth)).toBeLessThan(0.75 * meanAbsoluteError(plain, truth));
  });
});

describe('nearestRows', () => {
  it('agrees with sorting all distances', () => {
    const rows = matrix(normalRows(40, 3, 1));
    const queries = matrix(normalRows(10, 3, 2));
    for (let q = 0; q < queries.rows; q++) {
      const all = Array.from({ length: rows.rows }, (_, i) =>
        Math.hypot(...[0, 1, 2].map((j) => rows.values[i * 3 + j]! - queries.values[q * 3 + j]!)),
      );
      const expected = all
        .map((_, i) => i)
        .sort((a, b) => all[a]! - all[b]!)
        .slice(0, 7);
      const { indices, distances } = nearestRows(rows, queries, q, 7);
      expect([...indices]).toEqual(expected);
      expected.forEach((i, place) => {
        expect(distances[place]).toBeCloseTo(all[i]!, 12);
      });
    }
  });

  it('returns all rows where there are fewer than wanted', () => {
    expect(nearestRows(LINE, LINE, 0, 9).indices).toHaveLength(4);
    expect(nearestRows(LINE, LINE, 0, 9, 0).indices).toHaveLength(3);
  });
});

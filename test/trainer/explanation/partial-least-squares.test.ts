import { describe, expect, it } from 'vitest';
import { partialLeastSquares } from '../../../trainer/explanation/partial-least-squares.js';
import { Random } from '../../../trainer/random.js';

const random = new Random(1);
const rows = Array.from({ length: 60 }, () => Array.from({ length: 5 }, () => random.normal()));

/** Solves the normal equations of y on the columns of `m` and 1, by elimination; residual sum of squares. */
function leftOver(m: readonly ArrayLike<number>[], y: readonly number[]): number {
  const x = m.map((row) => [1, ...Array.from(row)]);
  const k = x[0]!.length;
  const a = Array.from({ length: k }, (_, i) => [
    ...Array.from({ length: k }, (_, j) => x.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    x.reduce((sum, row, r) => sum + row[i]! * y[r]!, 0),
  ]);
  for (let i = 0; i < k; i++) {
    const pivot = a.slice(i).reduce((best, row, at) => (Math.abs(row[i]!) > Math.abs(a[best]![i]!) ? i + at : best), i);
    [a[i], a[pivot]] = [a[pivot]!, a[i]!];
    for (let r = 0; r < k; r++) {
      if (r === i) continue;
      const factor = a[r]![i]! / a[i]![i]!;
      a[r] = a[r]!.map((value, j) => value - factor * a[i]![j]!);
    }
  }
  const beta = a.map((row, i) => row[k]! / row[i]!);
  return x.reduce((sum, row, r) => sum + (y[r]! - row.reduce((s, v, i) => s + v * beta[i]!, 0)) ** 2, 0);
}

describe('partial least squares', () => {
  it('with as many components as columns explains what least squares does', () => {
    const y = rows.map((row) => 3 * row[0]! - row[2]! + 0.3 * random.normal());
    const project = partialLeastSquares(rows, y, 5);
    expect(leftOver(rows.map(project), y)).toBeCloseTo(leftOver(rows, y), 6);
    expect(leftOver(rows.map(partialLeastSquares(rows, y, 2)), y)).toBeLessThan(
      0.03 *
        leftOver(
          rows.map(() => []),
          y,
        ),
    );
  });

  it('has uncorrelated coordinates, whose variances are the shares of y that they explain', () => {
    const y = rows.map((row) => row[0]! + 2 * row[1]! * row[1]! + row[4]!);
    const scores = rows.map(partialLeastSquares(rows, y, 3));
    const share = (columns: number) =>
      1 -
      leftOver(
        scores.map((s) => s.slice(0, columns)),
        y,
      ) /
        leftOver(
          scores.map(() => []),
          y,
        );
    for (let a = 0; a < 3; a++) {
      const variance = scores.reduce((sum, s) => sum + s[a]! ** 2 / rows.length, 0);
      expect(variance).toBeCloseTo(share(a + 1) - share(a), 9);
      for (let b = 0; b < a; b++) expect(scores.reduce((sum, s) => sum + s[a]! * s[b]!, 0)).toBeCloseTo(0, 9);
    }
  });

  it('follows what matters for y alone, and stops where nothing is left', () => {
    const y = rows.map((row) => row[3]!);
    const wide = rows.map((row) => [...row.slice(0, 3), row[3]!, 0]);
    const project = partialLeastSquares(wide, y, 5);
    const [low, high, other] = [project([0, 0, 0, -1, 0]), project([0, 0, 0, 1, 0]), project([2, -2, 2, 1, 0])];
    const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((v, i) => v - b[i]!));
    expect(distance(low, high)).toBeGreaterThan(3 * distance(high, other));
    expect(partialLeastSquares([[1, 2]], [3], 4)([5, 6])).toHaveLength(0);
    expect(
      partialLeastSquares(
        rows,
        rows.map(() => 1),
        4,
      )([1, 2, 3, 4, 5]),
    ).toHaveLength(0);
  });
});

// Trees: every split is the best one there is, and missing values go where they help.
import { describe, expect, it } from 'vitest';
import { TreeArena } from '../../../trainer/experts/trees/arena.js';
import { TreeGrower, type TreeOptions } from '../../../trainer/experts/trees/grower.js';
import { sortColumns } from '../../../trainer/experts/trees/sorted-columns.js';
import { Random } from '../../../trainer/random.js';
import { matrix } from './fixtures.js';

const STUMP: TreeOptions = { maxDepth: 1, minLeafWeight: 1, lambda: 0, shrinkage: 1 };
const FULL: TreeOptions = { ...STUMP, maxDepth: Number.POSITIVE_INFINITY };

function growTree(rows: number[][], y: number[], options: TreeOptions, weights: number[] = y.map(() => 1)) {
  const features = matrix(rows);
  const arena = new TreeArena(2);
  const targets = { weight: Float64Array.from(weights), weighted: Float64Array.from(y, (v, i) => v * weights[i]!) };
  new TreeGrower(sortColumns(features), options).grow(
    arena,
    targets,
    Int32Array.from(rows[0]!, (_, j) => j),
  );
  return (row: number[]): number => arena.predict(0, Float64Array.from(row), 0);
}

function squaredError(predict: (row: number[]) => number, rows: number[][], y: number[], weights: number[]): number {
  return rows.reduce((sum, row, i) => sum + weights[i]! * (predict(row) - y[i]!) ** 2, 0);
}

/** Least weighted squared error of any way to split the rows in two on one column, missing values on either side. */
function bestStumpError(rows: number[][], y: number[], weights: number[], minLeafWeight: number): number {
  const errorOf = (part: number[]): number => {
    const weight = part.reduce((sum, i) => sum + weights[i]!, 0);
    const mean = part.reduce((sum, i) => sum + weights[i]! * y[i]!, 0) / weight;
    return part.reduce((sum, i) => sum + weights[i]! * (y[i]! - mean) ** 2, 0);
  };
  const all = rows.map((_, i) => i).filter((i) => weights[i]! > 0);
  let best = errorOf(all);
  for (let j = 0; j < rows[0]!.length; j++) {
    for (const threshold of all.map((i) => rows[i]![j]!).filter((v) => !Number.isNaN(v))) {
      for (const missingLeft of [true, false]) {
        const isLeft = (i: number): boolean => (Number.isNaN(rows[i]![j]!) ? missingLeft : rows[i]![j]! <= threshold);
        const parts = [all.filter(isLeft), all.filter((i) => !isLeft(i))];
        if (parts.some((part) => part.reduce((sum, i) => sum + weights[i]!, 0) < minLeafWeight)) continue;
        best = Math.min(best, errorOf(parts[0]!) + errorOf(parts[1]!));
      }
    }
  }
  return best;
}

describe('TreeGrower', () => {
  it('finds the best split of all, with weights, ties, missing values and a least leaf weight', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const n = 2 + random.integer(10);
      const rows = Array.from({ length: n }, () =>
        Array.from({ length: 3 }, () => (random.uniform() < 0.2 ? Number.NaN : random.integer(6))),
      );
      const y = rows.map(() => random.normal());
      const weights = rows.map(() => random.integer(3));
      if (weights.every((w) => w === 0)) continue;
      const minLeafWeight = 1 + random.integer(3);
      const predict = growTree(rows, y, { ...STUMP, minLeafWeight }, weights);
      expect(squaredError(predict, rows, y, weights)).toBeCloseTo(bestStumpError(rows, y, weights, minLeafWeight), 9);
    }
  });

  it('fits distinct rows exactly when nothing limits it', () => {
    const random = new Random(3);
    const rows = Array.from({ length: 60 }, () => [random.uniform(), random.integer(3)]);
    const y = rows.map(() => random.normal());
    const predict = growTree(rows, y, FULL);
    rows.forEach((row, i) => {
      expect(predict(row)).toBeCloseTo(y[i]!, 12);
    });
  });

  it('splits halfway between neighbouring values', () => {
    const predict = growTree([[1], [2], [6], [7]], [0, 0, 10, 10], STUMP);
    expect(predict([3.9])).toBe(0);
    expect(predict([4.1])).toBe(10);
  });

  it('sends missing values to the side they resemble', () => {
    const predict = growTree([[1], [2], [3], [4], [Number.NaN]], [0, 0, 8, 8, 8], STUMP);
    expect(predict([Number.NaN])).toBe(8);
    expect(predict([1.5])).toBe(0);
  });

  it('can split missing from present', () => {
    const predict = growTree([[1], [1], [Number.NaN]], [2, 2, 5], STUMP);
    expect(predict([Number.NaN])).toBe(5);
    expect(predict([100])).toBe(2);
  });

  it('shrinks leaves by lambda and the shrinkage factor', () => {
    const predict = growTree([[0], [0], [1], [1]], [0, 0, 12, 12], { ...STUMP, lambda: 2, shrinkage: 0.5 });
    expect(predict([1])).toBeCloseTo((0.5 * 24) / (2 + 2), 12);
  });

  it('is one leaf without columns, and without a reason to split', () => {
    expect(growTree([[], [], []], [1, 2, 6], FULL)([])).toBe(3);
    expect(growTree([[1], [2], [3]], [4, 4, 4], FULL)([9])).toBe(4);
    expect(growTree([[1], [1]], [0, 4], FULL)([1])).toBe(2);
  });

  it('keeps thresholds below the larger of two values that no number lies between', () => {
    const smaller = 1;
    const larger = 1 + Number.EPSILON;
    const predict = growTree([[smaller], [larger]], [0, 1], STUMP);
    expect([predict([smaller]), predict([larger])]).toEqual([0, 1]);
    const huge = growTree([[-1.7e308], [1.7e308]], [0, 1], STUMP);
    expect([huge([-1.7e308]), huge([1.7e308])]).toEqual([0, 1]);
  });
});

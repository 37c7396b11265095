// Trees on binned columns against the exact ones: the same where each value has a bin, and close where values share bins.
import { describe, expect, it } from 'vitest';
import type { FeatureMatrix } from '../../../trainer/experts/expert.js';
import { gradientBoosting } from '../../../trainer/experts/gradient-boosting.js';
import { TreeArena } from '../../../trainer/experts/trees/arena.js';
import { binColumns } from '../../../trainer/experts/trees/binned-columns.js';
import { TreeGrower } from '../../../trainer/experts/trees/grower.js';
import { HistogramGrower } from '../../../trainer/experts/trees/histogram-grower.js';
import { sortColumns } from '../../../trainer/experts/trees/sorted-columns.js';
import { Random } from '../../../trainer/random.js';

const COLUMNS = 5;
const OPTIONS = { maxDepth: 5, minLeafWeight: 2, lambda: 0.5, shrinkage: 0.25 };

/** Columns of `levels` different values, some missing in two of them; `levels` 0: all values differ. */
function drawn(rows: number, levels: number, seed: number): FeatureMatrix {
  const random = new Random(seed);
  const value = (column: number) => {
    if (column < 2 && random.uniform() < 0.2) return Number.NaN;
    return levels === 0 ? random.normal() : random.integer(levels) / 7;
  };
  const values = Float64Array.from({ length: rows * COLUMNS }, (_, at) => value(at % COLUMNS));
  return { rows, columns: COLUMNS, values, groups: Int32Array.from({ length: COLUMNS }, (_, c) => c) };
}

describe('trees on binned columns', () => {
  it.each([2, 9, 200])('are the exact ones with %i values a column, missing ones among them', (levels) => {
    const rows = 400;
    const features = drawn(rows, levels, levels);
    const random = new Random(77, levels);
    const sorted = sortColumns(features);
    const growers = [new TreeGrower(sorted, OPTIONS), new HistogramGrower(binColumns(sorted), OPTIONS)];
    const arenas = growers.map(() => new TreeArena(16));
    const columns = Int32Array.of(3, 0, 4, 1, 2);
    const others = drawn(200, 0, 5);
    for (let tree = 0; tree < 8; tree++) {
      // Sums of these are exact, so that both add up to the same whatever the order.
      const weight = Float64Array.from({ length: rows }, () => random.integer(3));
      const weighted = weight.map((w) => w * (random.integer(1 << 20) / 1024));
      growers.forEach((grower, i) => void grower.grow(arenas[i]!, { weight, weighted }, columns));
      for (const { values } of [features, others]) {
        for (let at = 0; at < values.length; at += COLUMNS) {
          expect(arenas[1]!.predict(tree, values, at)).toBe(arenas[0]!.predict(tree, values, at));
        }
      }
    }
  });

  it('bin equal values together and others evenly', () => {
    const rows = 5000;
    const features = drawn(rows, 0, 3);
    // Half of the first column is one value.
    for (let row = 0; row < rows; row += 2) features.values[row * COLUMNS + 2] = 0.5;
    const { codes, begin, lowest, highest } = binColumns(sortColumns(features));
    for (let c = 0; c < COLUMNS; c++) {
      const counts = new Int32Array(begin[COLUMNS]!);
      for (let row = 0; row < rows; row++) {
        const value = features.values[row * COLUMNS + c]!;
        const bin = codes[row * COLUMNS + c]!;
        counts[bin]!++;
        if (Number.isNaN(value)) expect(bin).toBe(begin[c + 1]! - 1);
        else expect(value >= lowest[bin]! && value <= highest[bin]!).toBe(true);
      }
      const bins = begin[c + 1]! - 1 - begin[c]!;
      expect(bins).toBeGreaterThan(100);
      expect(bins).toBeLessThanOrEqual(256);
      for (let bin = begin[c]! + 1; bin < begin[c + 1]! - 1; bin++)
        expect(lowest[bin]!).toBeGreaterThan(highest[bin - 1]!);
      const most = Math.max(...counts.slice(begin[c]!, begin[c + 1]! - 1));
      expect(most).toBeLessThanOrEqual(c === 2 ? rows / 2 + 40 : 40);
    }
  });

  it('err no more than the exact ones where values share bins', () => {
    const features = drawn(3000, 0, 8);
    const truth = (row: number) => {
      const [a, b, c, d, e] = features.values.subarray(row * COLUMNS, (row + 1) * COLUMNS) as unknown as number[];
      return Math.sin(2 * c!) + d! * e! + (Number.isNaN(a!) ? 1 : a! * 0.3) + (b! > 0 ? 1 : 0);
    };
    const y = Float64Array.from({ length: 3000 }, (_, row) => truth(row));
    const train = { ...features, rows: 2000, values: features.values.slice(0, 2000 * COLUMNS) };
    const test = { ...features, rows: 1000, values: features.values.slice(2000 * COLUMNS) };
    const [exact, binned] = [Number.POSITIVE_INFINITY, 1].map((binnedRows) => {
      const { mean } = gradientBoosting({ binnedRows })
        .fit({ features: train, y: y.slice(0, 2000) }, 1)
        .predict(test);
      return mean.reduce((sum, value, i) => sum + Math.abs(value - y[2000 + i]!), 0) / 1000;
    });
    expect(exact).toBeLessThan(0.4);
    expect(binned).toBeLessThan(1.03 * exact!);
    expect(binned).not.toBe(exact);
  });
});

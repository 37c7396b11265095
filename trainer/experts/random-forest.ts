// Random forest: the mean of deep trees, each grown on a bootstrap sample (Breiman 2001). Cross-fitted by the out-of-bag trees.

import { Random } from '../random.js';
import type { Expert, FeatureMatrix, FittedExpert, TrainingSet } from './expert.js';
import { TreeArena } from './trees/arena.js';
import { binColumns } from './trees/binning.js';
import { TreeGrower } from './trees/grower.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const FOREST_DEFAULTS = {
  trees: 100,
  /** Share of the columns tried in each node. */
  columnShare: 1,
  /** Rows in each leaf at least, counted as often as the bootstrap drew them. */
  minLeafWeight: 1,
};

export type ForestOptions = typeof FOREST_DEFAULTS;

/** The forest as an expert. */
export function randomForest(options: Partial<ForestOptions> = {}): Expert {
  const settings = { ...FOREST_DEFAULTS, ...options };
  return { name: 'random_forest', reads: 'tree', fit: (data, seed) => fitForest(data, seed, settings) };
}

function fitForest({ features, y }: TrainingSet, seed: number, options: ForestOptions): FittedExpert {
  const n = features.rows;
  const grower = new TreeGrower(binColumns(features), {
    maxDepth: Number.POSITIVE_INFINITY,
    minLeafWeight: options.minLeafWeight,
    lambda: 0,
    columnsPerNode: Math.max(1, Math.round(options.columnShare * features.columns)),
  });
  const arena = new TreeArena(options.trees * n);
  const columns = Int32Array.from({ length: features.columns }, (_, j) => j);
  const weight = new Float64Array(n);
  const weighted = new Float64Array(n);
  const outOfBag = new MeanByRow(n);
  for (let tree = 0; tree < options.trees; tree++) {
    // A stream of its own: what the tree draws while it grows depends on y, and must not reach the rows of the next bag.
    const random = new Random(seed, tree);
    weight.fill(0);
    for (let draw = 0; draw < n; draw++) weight[random.integer(n)]! += 1;
    const bag: number[] = [];
    for (let i = 0; i < n; i++) {
      weighted[i] = weight[i]! * y[i]!;
      if (weight[i]! > 0) bag.push(i);
    }
    grower.grow(arena, { weight, weighted }, Int32Array.from(bag), columns.slice(), random);
    for (let i = 0; i < n; i++) {
      if (weight[i] === 0) outOfBag.add(i, arena.predict(tree, features.values, i * features.columns));
    }
  }
  return {
    predict: (rows) => ({ mean: predictMean(arena, rows) }),
    crossFitted: { mean: outOfBag.means((i) => meanOfOthers(y, i)) },
  };
}

function predictMean(arena: TreeArena, rows: FeatureMatrix): Float64Array {
  const mean = new Float64Array(rows.rows);
  for (let i = 0; i < rows.rows; i++) {
    for (let tree = 0; tree < arena.trees; tree++) mean[i]! += arena.predict(tree, rows.values, i * rows.columns);
    mean[i]! /= arena.trees;
  }
  return mean;
}

/** Running means of the predictions for each row. */
class MeanByRow {
  private readonly sum: Float64Array;
  private readonly count: Float64Array;

  constructor(rows: number) {
    this.sum = new Float64Array(rows);
    this.count = new Float64Array(rows);
  }

  add(row: number, value: number): void {
    this.sum[row]! += value;
    this.count[row]! += 1;
  }

  /** Means of all rows; `otherwise` says what stands for a row that nothing was added to. */
  means(otherwise: (row: number) => number): Float64Array {
    return this.sum.map((sum, row) => (this.count[row]! > 0 ? sum / this.count[row]! : otherwise(row)));
  }
}

/** Mean of y without row i: what is left to say where a tiny study's row is in every bag. 0 if there is no other row. */
function meanOfOthers(y: Float64Array, i: number): number {
  let sum = 0;
  for (let j = 0; j < y.length; j++) if (j !== i) sum += y[j]!;
  return y.length > 1 ? sum / (y.length - 1) : 0;
}

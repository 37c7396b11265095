// Random forest: the mean of deep trees, each grown on a bootstrap sample (Breiman 2001). Cross-fitted by the out-of-bag trees.

import { Random } from '../random.js';
import type { Expert, FeatureMatrix, FittedExpert, PointPredictions, TrainingSet } from './expert.js';
import { draw } from './sampling.js';
import { TreeArena } from './trees/arena.js';
import { TreeGrower } from './trees/grower.js';
import { sortColumns } from './trees/sorted-columns.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const FOREST_DEFAULTS = {
  trees: 100,
  /** Rows in each leaf at least, counted as often as the bootstrap drew them. */
  minLeafWeight: 1,
};

export type ForestOptions = typeof FOREST_DEFAULTS;

/** The forest as an expert. Every split looks at all columns: on small studies, trying a random few of them was worse throughout. */
export function randomForest(options: Partial<ForestOptions> = {}): Expert {
  const settings = { ...FOREST_DEFAULTS, ...options };
  return { name: 'random_forest', reads: 'tree', fit: (data, seed) => fitForest(data, seed, settings) };
}

function fitForest({ features, y }: TrainingSet, seed: number, options: ForestOptions): FittedExpert {
  const n = features.rows;
  const grower = new TreeGrower(sortColumns(features), {
    maxDepth: Number.POSITIVE_INFINITY,
    minLeafWeight: options.minLeafWeight,
    lambda: 0,
    shrinkage: 1,
  });
  const arena = new TreeArena(options.trees * n);
  const columns = Int32Array.from({ length: features.columns }, (_, j) => j);
  const weight = new Float64Array(n);
  const weighted = new Float64Array(n);
  const outOfBag = new MeanByRow(n);
  for (let tree = 0; tree < options.trees; tree++) {
    const random = new Random(seed, tree);
    weight.fill(0);
    for (let i = 0; i < n; i++) weight[random.integer(n)]! += 1;
    // Subtracted to keep the digits in which y differs. Of the bag alone: even rounding must not carry y to a row outside of it.
    const centre = weightedMean(y, weight);
    for (let i = 0; i < n; i++) weighted[i] = weight[i]! * (y[i]! - centre);
    // In an order of its own: where columns split equally well, trees should not all take the same one.
    grower.grow(arena, { weight, weighted }, draw(columns, columns.length, random), centre);
    for (let i = 0; i < n; i++) {
      if (weight[i] === 0) outOfBag.add(i, arena.predict(tree, features.values, i * features.columns));
    }
  }
  return {
    predict: (rows) => predictAll(arena, rows),
    crossFitted: { mean: outOfBag.means((i) => meanOfOthers(y, i)) },
  };
}

function predictAll(arena: TreeArena, rows: FeatureMatrix): PointPredictions {
  const mean = new Float64Array(rows.rows);
  const spread = new Float64Array(rows.rows);
  const said = new Float64Array(arena.trees);
  for (let i = 0; i < rows.rows; i++) {
    let sum = 0;
    for (let tree = 0; tree < arena.trees; tree++) {
      said[tree] = arena.predict(tree, rows.values, i * rows.columns);
      sum += said[tree]!;
    }
    const centre = sum / arena.trees;
    let squares = 0;
    for (const value of said) squares += (value - centre) ** 2;
    mean[i] = centre;
    spread[i] = Math.sqrt(squares / arena.trees);
  }
  return { mean, spread };
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

/** What is left to say of a row of a tiny study that is in every bag. */
function meanOfOthers(y: Float64Array, i: number): number {
  return weightedMean(y, new Float64Array(y.length).fill(1).fill(0, i, i + 1));
}

/** Mean of the rows of positive weight; 0 if there are none. */
function weightedMean(y: Float64Array, weight: Float64Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < y.length; i++) {
    if (weight[i] === 0) continue;
    sum += weight[i]! * y[i]!;
    total += weight[i]!;
  }
  return total > 0 ? sum / total : 0;
}

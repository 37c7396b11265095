// Gradient boosting: shallow trees, each fitted to what the ones before left over (Friedman 2001; penalties after XGBoost). Cross-fitted by folds.

import { Random } from '../random.js';
import type { Expert, FeatureMatrix, FittedExpert, PointPredictions, TrainingSet } from './expert.js';
import { draw, permutation } from './sampling.js';
import { TreeArena } from './trees/arena.js';
import { binColumns } from './trees/binned-columns.js';
import { TreeGrower } from './trees/grower.js';
import { HistogramGrower } from './trees/histogram-grower.js';
import { sortColumns } from './trees/sorted-columns.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const BOOSTING_DEFAULTS = {
  rounds: 80,
  /** Share of each tree's prediction that is kept. */
  shrinkage: 0.08,
  maxDepth: 5,
  minLeafWeight: 1,
  /** L2 penalty on leaf values, in rows. */
  lambda: 0.5,
  /** Share of the rows each tree is grown on, drawn without replacement. */
  rowShare: 0.8,
  /** Folds of the cross-fitted predictions. */
  folds: 5,
  /** From so many rows on, values are put into bins: faster there, slower below. */
  binnedRows: 1500,
};

export type BoostingOptions = typeof BOOSTING_DEFAULTS;

/** Boosting as an expert. Every split looks at all columns: on small studies, hiding some of them from a tree was worse throughout. */
export function gradientBoosting(options: Partial<BoostingOptions> = {}): Expert {
  const settings = { ...BOOSTING_DEFAULTS, ...options };
  return { name: 'gradient_boosting', reads: 'tree', fit: (data, seed) => fitBoosting(data, seed, settings) };
}

interface BoostedTrees {
  readonly base: number;
  readonly arena: TreeArena;
}

function fitBoosting({ features, y }: TrainingSet, seed: number, options: BoostingOptions): FittedExpert {
  const grower = growerFor(features, options);
  const all = Int32Array.from({ length: features.rows }, (_, i) => i);
  const boosted = boost(features, grower, y, all, new Random(seed, 0), options);
  let crossFitted: PointPredictions | undefined;
  return {
    predict: (rows) => ({ mean: Float64Array.from({ length: rows.rows }, (_, i) => predictRow(boosted, rows, i)) }),
    // When it is asked for: it costs five times what the fit itself does, and history never asks.
    get crossFitted() {
      crossFitted ??= { mean: crossFit(features, grower, y, seed, options) };
      return crossFitted;
    },
  };
}

type Grower = Pick<TreeGrower, 'grow'>;

function growerFor(features: FeatureMatrix, options: BoostingOptions): Grower {
  const sorted = sortColumns(features);
  return features.rows < options.binnedRows
    ? new TreeGrower(sorted, options)
    : new HistogramGrower(binColumns(sorted), options);
}

function crossFit(
  features: FeatureMatrix,
  grower: Grower,
  y: Float64Array,
  seed: number,
  options: BoostingOptions,
): Float64Array {
  const n = features.rows;
  const predictions = new Float64Array(n);
  if (n === 1) return predictions;
  const folds = Math.min(options.folds, n);
  const order = permutation(n, new Random(seed, folds + 1));
  for (let fold = 0; fold < folds; fold++) {
    const rest = order.filter((_, place) => place % folds !== fold).sort();
    const boosted = boost(features, grower, y, rest, new Random(seed, fold + 1), options);
    for (let place = fold; place < n; place += folds) {
      predictions[order[place]!] = predictRow(boosted, features, order[place]!);
    }
  }
  return predictions;
}

/** Boosts on the given rows alone. */
function boost(
  features: FeatureMatrix,
  grower: Grower,
  y: Float64Array,
  rows: Int32Array,
  random: Random,
  options: BoostingOptions,
): BoostedTrees {
  let base = 0;
  for (const row of rows) base += y[row]! / rows.length;
  const residual = new Float64Array(features.rows);
  for (const row of rows) residual[row] = y[row]! - base;

  const arena = new TreeArena(options.rounds * Math.min(2 * rows.length, 2 ** (options.maxDepth + 1)));
  const columns = Int32Array.from({ length: features.columns }, (_, j) => j);
  const rowsPerTree = Math.max(1, Math.round(options.rowShare * rows.length));
  const weight = new Float64Array(features.rows);
  for (let round = 0; round < options.rounds; round++) {
    weight.fill(0);
    for (const row of draw(rows, rowsPerTree, random)) weight[row] = 1;
    // Columns in an order of its own: of those that split equally well a tree takes the first.
    grower.grow(arena, { weight, weighted: residual }, draw(columns, columns.length, random));
    for (const row of rows) residual[row]! -= arena.predict(round, features.values, row * features.columns);
  }
  return { base, arena };
}

function predictRow({ base, arena }: BoostedTrees, rows: FeatureMatrix, i: number): number {
  let sum = base;
  for (let tree = 0; tree < arena.trees; tree++) sum += arena.predict(tree, rows.values, i * rows.columns);
  return sum;
}

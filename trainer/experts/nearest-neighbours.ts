// Nearest neighbours: the mean of the nearest trials, nearer ones counting more, by distances in which columns that matter for y count more.
// Cross-fitted by leaving each row out, and its whole fold out of the choice of what matters.
import { Random } from '../random.js';
import { type Neighbours, nearestRows } from './distances.js';
import type { Expert, FittedExpert, TrainingSet } from './expert.js';
import { relevanceFactors, stretch } from './relevance.js';
import { permutation } from './sampling.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const NEIGHBOURS_DEFAULTS = {
  /** Neighbours averaged. */
  k: 5,
  /** A neighbour at distance d weighs 1 / d^power. */
  power: 3,
  /** Folds of the cross-fitted predictions. */
  folds: 20,
};

export type NeighboursOptions = typeof NEIGHBOURS_DEFAULTS;

/** Nearest neighbours as an expert. */
export function nearestNeighbours(options: Partial<NeighboursOptions> = {}): Expert {
  const settings = { ...NEIGHBOURS_DEFAULTS, ...options };
  return { name: 'nearest_neighbours', reads: 'metric', fit: (data, seed) => fitNeighbours(data, seed, settings) };
}

function fitNeighbours({ features, y }: TrainingSet, seed: number, options: NeighboursOptions): FittedExpert {
  const { k, power } = options;
  const order = permutation(features.rows, new Random(seed));
  const factors = relevanceFactors(features, y, order);
  const training = stretch(features, factors);
  return {
    predict: (rows) => {
      const queries = stretch(rows, factors);
      const mean = new Float64Array(rows.rows);
      for (let i = 0; i < rows.rows; i++) mean[i] = weightedMean(nearestRows(training, queries, i, k), y, power);
      return { mean };
    },
    crossFitted: { mean: crossFit({ features, y }, order, options) },
  };
}

function crossFit({ features, y }: TrainingSet, order: Int32Array, options: NeighboursOptions): Float64Array {
  const mean = new Float64Array(features.rows);
  const folds = Math.min(options.folds, features.rows);
  for (let fold = 0; fold < folds; fold++) {
    const others = order.filter((_, place) => place % folds !== fold);
    const stretched = stretch(features, relevanceFactors(features, y, others));
    for (let place = fold; place < order.length; place += folds) {
      const row = order[place]!;
      mean[row] = weightedMean(nearestRows(stretched, stretched, row, options.k, row), y, options.power);
    }
  }
  return mean;
}

/** Rows at distance 0, if there are any, count alone. 0 if there are no neighbours at all. */
function weightedMean({ indices, distances }: Neighbours, y: Float64Array, power: number): number {
  const touches = distances[0] === 0;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < indices.length; i++) {
    // Relative to the nearest: a power of a tiny distance would overflow.
    const weight = touches ? (distances[i] === 0 ? 1 : 0) : (distances[0]! / distances[i]!) ** power;
    sum += weight * y[indices[i]!]!;
    total += weight;
  }
  return total > 0 ? sum / total : 0;
}

// Nearest neighbours: the mean of the nearest trials, nearer ones counting more. Cross-fitted by leaving the row itself out.
import { type Neighbours, nearestRows } from './distances.js';
import type { Expert, FittedExpert, TrainingSet } from './expert.js';

/** Settings, chosen on the tasks of test/bench/experts.ts. */
export const NEIGHBOURS_DEFAULTS = {
  /** Neighbours averaged. */
  k: 5,
  /** A neighbour at distance d weighs 1 / d^power. */
  power: 3,
};

export type NeighboursOptions = typeof NEIGHBOURS_DEFAULTS;

/** Nearest neighbours as an expert. */
export function nearestNeighbours(options: Partial<NeighboursOptions> = {}): Expert {
  const settings = { ...NEIGHBOURS_DEFAULTS, ...options };
  return { name: 'nearest_neighbours', reads: 'metric', fit: (data) => fitNeighbours(data, settings) };
}

function fitNeighbours({ features, y }: TrainingSet, { k, power }: NeighboursOptions): FittedExpert {
  const average = (neighbours: Neighbours): number => weightedMean(neighbours, y, power);
  return {
    predict: (rows) => ({
      mean: Float64Array.from({ length: rows.rows }, (_, i) => average(nearestRows(features, rows, i, k))),
    }),
    crossFitted: {
      mean: Float64Array.from({ length: features.rows }, (_, i) => average(nearestRows(features, features, i, k, i))),
    },
  };
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

// Nearest training rows of a query by Euclidean distance between metric features.
import type { FeatureMatrix } from './expert.js';

/** The nearest training rows of one query, nearest first; of equally near ones the earlier first. */
export interface Neighbours {
  /** Row numbers in the training set. */
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** The `k` nearest rows of `training` (all, if they are fewer) to row `row` of `queries`, leaving out row `except`. */
export function nearestRows(
  training: FeatureMatrix,
  queries: FeatureMatrix,
  row: number,
  k: number,
  except = -1,
): Neighbours {
  const available = training.rows - (except >= 0 ? 1 : 0);
  const count = Math.min(k, available);
  const indices = new Int32Array(count);
  const distances = new Float64Array(count);
  const query = row * queries.columns;
  let found = 0;
  for (let i = 0; i < training.rows; i++) {
    if (i === except) continue;
    const limit = found < count ? Number.POSITIVE_INFINITY : (distances[count - 1] ?? -1);
    const squared = squaredDistance(training, i * training.columns, queries, query, limit);
    if (squared >= limit) continue;
    let at = found < count ? found++ : count - 1;
    while (at > 0 && distances[at - 1]! > squared) {
      distances[at] = distances[at - 1]!;
      indices[at] = indices[at - 1]!;
      at--;
    }
    distances[at] = squared;
    indices[at] = i;
  }
  for (let i = 0; i < count; i++) distances[i] = Math.sqrt(distances[i]!);
  return { indices, distances };
}

/** Squared distance, or anything ≥ `limit` once it is known to be that far. */
function squaredDistance(a: FeatureMatrix, atA: number, b: FeatureMatrix, atB: number, limit: number): number {
  let sum = 0;
  for (let j = 0; j < a.columns && sum < limit; j++) {
    const difference = a.values[atA + j]! - b.values[atB + j]!;
    sum += difference * difference;
  }
  return sum;
}

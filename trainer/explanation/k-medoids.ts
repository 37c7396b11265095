// k-medoids: the few points of a set that stand nearest to all others. Deterministic, so that a study shows the same prototypes twice.

/** Exchanges of a medoid; far more than sets of some hundred points ever take. */
const MAX_SWAPS = 100;

export interface Clustering {
  /** Points that stand for the others, in the order in which they were found; no two at distance 0. */
  medoids: number[];
  /** For each point, the place in `medoids` of the nearest; of equally near ones the first. */
  assignment: Int32Array;
  /** Sum of all points' distances to their medoid. */
  cost: number;
}

/**
 * Partitioning around medoids (Kaufman and Rousseeuw, 1990): greedy choice, then the best exchange of a medoid for another
 * point until none lowers the cost. O(k·points²) an exchange, so for some hundred points.
 * @param distance symmetric, non-negative, 0 from a point to itself
 * @returns at most `k` medoids; fewer where fewer leave no distance
 */
export function kMedoids(points: number, k: number, distance: (a: number, b: number) => number): Clustering {
  const matrix = new Float64Array(points * points);
  for (let a = 0; a < points; a++) {
    for (let b = a + 1; b < points; b++) matrix[a * points + b] = matrix[b * points + a] = distance(a, b);
  }
  const medoids = greedy(matrix, points, k);
  for (let swaps = 0; swaps < MAX_SWAPS; swaps++) {
    const best = bestSwap(matrix, points, medoids);
    if (!best) break;
    medoids[best.place] = best.point;
  }
  return assign(matrix, points, medoids);
}

/** Each medoid lowers the cost most, given those before it. */
function greedy(matrix: Float64Array, points: number, k: number): number[] {
  const nearest = new Float64Array(points).fill(Number.POSITIVE_INFINITY);
  const medoids: number[] = [];
  while (medoids.length < k) {
    let best = -1;
    let least = medoids.length === 0 ? Number.POSITIVE_INFINITY : sum(nearest) * (1 - 1e-12);
    for (let candidate = 0; candidate < points; candidate++) {
      let cost = 0;
      for (let i = 0; i < points; i++) cost += Math.min(nearest[i]!, matrix[candidate * points + i]!);
      if (cost < least) [best, least] = [candidate, cost];
    }
    if (best < 0) break;
    medoids.push(best);
    for (let i = 0; i < points; i++) nearest[i] = Math.min(nearest[i]!, matrix[best * points + i]!);
  }
  return medoids;
}

/** The exchange that lowers the cost most, if any does. */
function bestSwap(
  matrix: Float64Array,
  points: number,
  medoids: readonly number[],
): { place: number; point: number } | undefined {
  const { assignment, cost } = assign(matrix, points, medoids);
  const first = Float64Array.from(assignment, (place, i) => matrix[medoids[place]! * points + i]!);
  // What a point falls back to where its own medoid goes.
  const second = first.map((_, i) =>
    medoids.reduce(
      (least, medoid, place) => (place === assignment[i] ? least : Math.min(least, matrix[medoid * points + i]!)),
      Number.POSITIVE_INFINITY,
    ),
  );
  let best: { place: number; point: number } | undefined;
  let least = cost * (1 - 1e-9);
  for (let place = 0; place < medoids.length; place++) {
    for (let point = 0; point < points; point++) {
      if (medoids.includes(point)) continue;
      let total = 0;
      for (let i = 0; i < points; i++) {
        const kept = assignment[i] === place ? second[i]! : first[i]!;
        total += Math.min(kept, matrix[point * points + i]!);
      }
      if (total < least) [best, least] = [{ place, point }, total];
    }
  }
  return best;
}

function assign(matrix: Float64Array, points: number, medoids: readonly number[]): Clustering {
  const assignment = new Int32Array(points);
  let cost = 0;
  for (let i = 0; i < points; i++) {
    let least = Number.POSITIVE_INFINITY;
    medoids.forEach((medoid, place) => {
      const distance = matrix[medoid * points + i]!;
      if (distance < least) [assignment[i], least] = [place, distance];
    });
    cost += least;
  }
  return { medoids: [...medoids], assignment, cost };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

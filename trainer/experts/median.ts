// The baseline every expert must beat: the median of the measurements, whatever the parameters.
import type { FittedExpert } from './expert.js';

/** Fits the median. Each measurement's cross-fitted prediction is the median of the others (0 if there are none). */
export function fitMedian(y: Float64Array): FittedExpert {
  const sorted = y.slice().sort();
  const centre = medianOfSorted(sorted);
  return {
    predict: (rows) => ({ mean: new Float64Array(rows.rows).fill(centre) }),
    crossFitted: { mean: y.map((value) => medianWithout(sorted, value)) },
  };
}

function medianOfSorted(sorted: Float64Array): number {
  const n = sorted.length;
  return sorted[(n - 1) >> 1]! / 2 + sorted[n >> 1]! / 2;
}

/** Median of sorted values with one occurrence of `value` taken out. */
function medianWithout(sorted: Float64Array, value: number): number {
  const rest = sorted.length - 1;
  if (rest === 0) return 0;
  const gone = sorted.indexOf(value);
  const at = (place: number): number => sorted[place < gone ? place : place + 1]!;
  return at((rest - 1) >> 1) / 2 + at(rest >> 1) / 2;
}

// Partial least squares: the few directions of a space in which most of what goes with y lies.

/** Coordinates along the directions that were found, each as long as it tells of y. */
export type Projection = (row: ArrayLike<number>) => Float64Array;

/**
 * PLS1 by NIPALS (Wold, 1975): each component is the direction of greatest covariance with what of y is left, and what of
 * the rows it explains is taken off before the next. A coordinate has unit variance over the rows, times the square root of
 * the share of y's variance that it explains: distances then say how far apart two points are in what matters for y.
 * @param rows at least one, all of one length; each column should be of like size
 * @param y one a row
 * @param components at most so many; fewer where less than that is left to explain
 */
export function partialLeastSquares(
  rows: readonly ArrayLike<number>[],
  y: ArrayLike<number>,
  components: number,
): Projection {
  const count = rows.length;
  const columns = rows[0]!.length;
  const centre = new Float64Array(columns);
  let meanY = 0;
  for (let i = 0; i < count; i++) {
    meanY += y[i]! / count;
    for (let j = 0; j < columns; j++) centre[j]! += rows[i]![j]! / count;
  }
  const left = rows.map((row) => centre.map((mean, j) => row[j]! - mean));
  const residual = Float64Array.from({ length: count }, (_, i) => y[i]! - meanY);
  const total = dot(residual, residual);
  const found: { weights: Float64Array; loadings: Float64Array; scale: number }[] = [];
  for (let component = 0; component < components; component++) {
    const weights = new Float64Array(columns);
    left.forEach((row, i) => addTimes(weights, row, residual[i]!));
    const length = Math.sqrt(dot(weights, weights));
    if (!(length > 1e-9 * Math.sqrt(total))) break;
    for (let j = 0; j < columns; j++) weights[j]! /= length;
    const scores = Float64Array.from(left, (row) => dot(row, weights));
    const squares = dot(scores, scores);
    if (!(squares > 0)) break;
    const loadings = new Float64Array(columns);
    left.forEach((row, i) => addTimes(loadings, row, scores[i]! / squares));
    const slope = dot(scores, residual) / squares;
    left.forEach((row, i) => addTimes(row, loadings, -scores[i]!));
    addTimes(residual, scores, -slope);
    const explained = (slope * slope * squares) / total;
    found.push({ weights, loadings, scale: Math.sqrt((explained * count) / squares) });
  }
  return (row) => {
    const rest = centre.map((mean, j) => row[j]! - mean);
    return Float64Array.from(found, ({ weights, loadings, scale }) => {
      const score = dot(rest, weights);
      addTimes(rest, loadings, -score);
      return score * scale;
    });
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

function addTimes(to: Float64Array, row: Float64Array, factor: number): void {
  for (let j = 0; j < to.length; j++) to[j]! += row[j]! * factor;
}

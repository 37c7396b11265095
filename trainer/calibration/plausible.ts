// Where a study's next y can be, whatever the model says: the rank that it will have among those measured is even.
import { type Cell, Distribution } from '../distribution.js';
import { FURTHEST, rangeOf, widened } from './measured-range.js';

/** Values that are plausible, and the most probability that is left to those below them, and to those above. */
export interface PlausibleRange {
  lower: number;
  upper: number;
  outside: number;
  /** The query lies outside of what the values were measured at: it is no exchangeable trial, and may well lie farther out. */
  continued?: boolean;
}

/**
 * The range of n measured values and as much again on either side. Of exchangeable trials the next is the greatest of all, or
 * the least, with probability 1/(n + 1); beyond the greatest by the whole range it is less often, but searching is not
 * exchangeable. Undefined where the values do not differ.
 */
export function plausibleRange(values: ArrayLike<number>): PlausibleRange | undefined {
  const range = rangeOf(values);
  return range && { ...widened(range, 1), outside: 1 / (range.count + 1) };
}

/**
 * The distribution with no more than `outside` of its mass on either side of the range. What it leaves on a side where it had more stands as
 * the mass of a cut cell does, near by rather than far; the shape within the range stays. Unchanged where it says nothing of the range, and where the
 * query is outside and more than twice as much lies beyond: a runtime that grew with n keeps growing.
 */
export function keepPlausible(distribution: Distribution, range: PlausibleRange): Distribution {
  const { lower, upper, outside, continued } = range;
  const below = distribution.cdf(lower);
  const above = 1 - distribution.cdf(upper);
  if (below <= outside && above <= outside) return distribution;
  // Where the query is no exchangeable trial, that much is no stray tail: it is what the model says.
  if (continued && Math.max(below, above) > 2 * outside) return distribution;
  const cells: Cell[] = [];
  let inside = 0;
  for (const { lo, hi, mass } of distribution.cells) {
    const from = Math.max(lo, lower);
    const to = Math.min(hi, upper);
    if (from > to || (from === to && lo !== hi)) continue;
    const share = lo === hi ? mass : (mass * (to - from)) / (hi - lo);
    cells.push({ lo: from, hi: to, mass: share, whole: true });
    inside += share;
  }
  if (!(inside > 0)) return distribution;
  const [left, right] = [Math.min(below, outside), Math.min(above, outside)];
  const factor = (1 - left - right) / inside;
  for (const cell of cells) cell.mass *= factor;
  return new Distribution(
    [
      { lo: -FURTHEST, hi: lower, mass: left, whole: false },
      ...cells,
      { lo: upper, hi: FURTHEST, mass: right, whole: false },
    ].filter(({ mass }) => mass > 0),
    distribution.pInfeasible,
  );
}

// Where the mass of a cell stands that the descent did not look into: the ends of the line are up to 1e31 away.

/** One cell [lo, hi) and its probability mass. */
export interface Cell {
  lo: number;
  hi: number;
  mass: number;
  /** False where the descent stopped before the last digit, as the mass was below ε: it lies somewhere in the interval. */
  whole: boolean;
}

/**
 * Density beyond the near edge falls with the distance r from the middle as r^−(TAIL + 1): the heaviest tail with a whole
 * exponent that still has a variance. Every doubling of the distance then holds an eighth of the mass of the one before.
 */
const TAIL = 3;

/**
 * Replaces every cut cell that is wider than it is far from the middle by cells that double in distance, with masses of a
 * truncated Pareto distribution. Spread evenly, a mass of 1e-4 on [23, 1e31) would move the mean by 1e27; put at 23, the
 * distribution would claim that nothing lies beyond. Narrow cut cells stay as they are: even is close enough there.
 * @param cells ascending and disjoint, of positive total mass
 */
export function spreadCutCells(cells: readonly Cell[]): readonly Cell[] {
  const middle = middleOf(cells);
  // Plain loops: a distribution has a thousand cells, and predictions are counted in milliseconds.
  let spread: Cell[] | undefined;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    if (isWide(cell, middle)) {
      spread ??= cells.slice(0, i);
      spread.push(...doublings(cell, middle));
    } else spread?.push(cell);
  }
  return spread ?? cells;
}

function isWide({ lo, hi, whole }: Cell, middle: number): boolean {
  if (whole || (lo <= middle && middle <= hi)) return false;
  return hi - lo > distance(lo > middle ? lo : hi, middle);
}

/**
 * The median, the first and the last cell left out where they are cut: of an experiment that is sure to fail nothing is
 * looked into, and the median of what is left may lie in a cell that reaches to the end of the line.
 */
function middleOf(cells: readonly Cell[]): number {
  let first = cells[0]!.whole ? 0 : 1;
  let end = cells[cells.length - 1]!.whole ? cells.length : cells.length - 1;
  let half = massOf(cells, first, end) / 2;
  if (!(half > 0)) [first, end, half] = [0, cells.length, massOf(cells, 0, cells.length) / 2];
  let below = 0;
  for (let i = first; i < end; i++) {
    const { lo, hi, mass } = cells[i]!;
    if (mass > 0 && below + mass >= half) return lo + ((half - below) / mass) * (hi - lo);
    below += mass;
  }
  return cells[end - 1]!.hi;
}

function massOf(cells: readonly Cell[], first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += cells[i]!.mass;
  return sum;
}

function doublings({ lo, hi, mass }: Cell, middle: number): Cell[] {
  const above = lo > middle;
  const near = distance(above ? lo : hi, middle);
  const reach = distance(above ? hi : lo, middle) / near;
  const held = 1 - reach ** -TAIL;
  const pieces: Cell[] = [];
  for (let from = 1; from < reach; from *= 2) {
    const to = Math.min(2 * from, reach);
    const share = (from ** -TAIL - to ** -TAIL) / held;
    // The outer edges are the cell's own, so that cells still tile.
    const inner = from === 1 ? (above ? lo : hi) : at(middle, above, from * near);
    const outer = to === reach ? (above ? hi : lo) : at(middle, above, to * near);
    pieces.push({ lo: above ? inner : outer, hi: above ? outer : inner, mass: mass * share, whole: false });
  }
  return above ? pieces : pieces.reverse();
}

const distance = (edge: number, middle: number): number => Math.abs(edge - middle);
const at = (middle: number, above: boolean, r: number): number => (above ? middle + r : middle - r);

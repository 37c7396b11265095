// The exact distribution of y that the model's digits state: a histogram whose cells tile the line.

/** One cell [lo, hi) and its probability mass. */
export interface Cell {
  lo: number;
  hi: number;
  mass: number;
  /** False where the descent stopped before the last digit, as the mass was below ε: it lies somewhere in the interval. */
  whole: boolean;
}

/**
 * A histogram over y with the probability of failure beside it. Between the edges of a cell the density is uniform, so
 * that quantiles are continuous and never cross. A cell that is not whole and wider than it is far from the median says
 * little about where its mass (below ε) lies, up to 1e31 away: it is counted at its edge next to the median.
 */
export class Distribution {
  /** Ascending, disjoint; masses sum to 1 (given that the experiment does not fail). */
  readonly cells: readonly Cell[];
  /** cumulative[i]: mass of the cells before i. */
  private readonly cumulative: Float64Array;

  /** @param cells ascending and disjoint, masses of any positive sum; `pInfeasible` in [0, 1]. */
  constructor(
    cells: readonly Cell[],
    readonly pInfeasible = 0,
  ) {
    const total = cells.reduce((sum, cell) => sum + cell.mass, 0);
    this.cells = cells.map((cell) => ({ ...cell, mass: cell.mass / total }));
    this.cumulative = new Float64Array(cells.length + 1);
    this.cells.forEach((cell, i) => {
      this.cumulative[i + 1] = this.cumulative[i]! + cell.mass;
    });
    const { median } = this;
    this.cells = this.cells.map((cell) => atNearEdge(cell, median));
  }

  get median(): number {
    return this.quantile(0.5);
  }

  get mean(): number {
    return this.cells.reduce((sum, { lo, hi, mass }) => sum + mass * (lo + (hi - lo) / 2), 0);
  }

  get sd(): number {
    const { mean } = this;
    const variance = this.cells.reduce((sum, { lo, hi, mass }) => {
      const middle = lo + (hi - lo) / 2 - mean;
      return sum + mass * (middle * middle + (hi - lo) ** 2 / 12);
    }, 0);
    return Math.sqrt(variance);
  }

  /** The y with P(Y < y) = p, p in [0, 1]. */
  quantile(p: number): number {
    const { cells, cumulative } = this;
    const target = p * cumulative[cells.length]!;
    let low = 0;
    let high = cells.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle + 1]! >= target) high = middle;
      else low = middle + 1;
    }
    const { lo, hi, mass } = cells[low]!;
    const share = mass > 0 ? Math.min(1, Math.max(0, (target - cumulative[low]!) / mass)) : 0;
    // Not lo + share·(hi − lo): that can pass hi by rounding, and quantiles would cross.
    return share < 1 ? Math.min(hi, lo + share * (hi - lo)) : hi;
  }

  /** P(Y < y), with half of any mass that stands exactly at y. */
  cdf(y: number): number {
    let sum = 0;
    for (const { lo, hi, mass } of this.cells) {
      if (y >= hi && hi > lo) sum += mass;
      else if (y > lo) sum += hi > lo ? (mass * (y - lo)) / (hi - lo) : mass;
      else if (y === lo && hi === lo) sum += mass / 2;
      else break;
    }
    return Math.min(1, sum);
  }

  /** The distribution of f(Y) for an increasing f. Densities stay uniform inside of cells. */
  map(f: (y: number) => number): Distribution {
    const cells = this.cells.map((cell) => ({ ...cell, lo: f(cell.lo), hi: f(cell.hi) }));
    return new Distribution(cells, this.pInfeasible);
  }

  /**
   * Continuous ranked probability score ∫ (F(t) − 1[t ≥ y])² dt, in the unit of y; 0 is best (Gneiting and Raftery, 2007).
   * Exact for this histogram: F is linear inside a cell.
   */
  crps(y: number): number {
    const first = this.cells[0]!.lo;
    const last = this.cells[this.cells.length - 1]!.hi;
    let sum = Math.max(0, first - y) + Math.max(0, y - last);
    let end = first;
    let below = 0;
    for (const { lo, hi, mass } of this.cells) {
      sum += gap(end, lo, below, y);
      if (hi > lo) {
        const slope = mass / (hi - lo);
        const cut = Math.min(hi, Math.max(lo, y));
        const atCut = below + slope * (cut - lo);
        sum += squareIntegral(below, atCut, cut - lo) + squareIntegral(1 - atCut, 1 - below - mass, hi - cut);
      }
      below += mass;
      end = hi;
    }
    return sum;
  }
}

/** The cell, or where it is cut short and wide for its distance from the median, a point at its near edge. */
function atNearEdge(cell: Cell, median: number): Cell {
  const { lo, hi, whole } = cell;
  if (whole || (lo <= median && median <= hi)) return cell;
  const near = lo > median ? lo : hi;
  return hi - lo > Math.abs(near - median) ? { ...cell, lo: near, hi: near } : cell;
}

/** ∫ (F − step)² over [from, to), where F is constant. */
function gap(from: number, to: number, level: number, y: number): number {
  const cut = Math.min(to, Math.max(from, y));
  return level ** 2 * (cut - from) + (1 - level) ** 2 * (to - cut);
}

/** ∫ of the square of a function that runs linearly from `a` to `b` over `width`. */
function squareIntegral(a: number, b: number, width: number): number {
  return (width * (a * a + a * b + b * b)) / 3;
}

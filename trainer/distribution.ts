// The exact distribution of y that the model's digits state: a histogram whose cells tile the line. See docs/distribution.md.
import { type Cell, spreadCutCells } from './cut-cells.js';
import { TrainerError } from './errors.js';
import { Random } from './random.js';

export type { Cell } from './cut-cells.js';

/**
 * A histogram over y with the probability of failure beside it. Everything but `pInfeasible` and `sample` speaks of y given
 * that the experiment does not fail. The density is uniform between the edges of a cell, so that quantiles are continuous
 * and never cross; a cut cell that reaches far out is spread as `spreadCutCells` says. All results are closed forms.
 */
export class Distribution {
  private readonly stated: readonly Cell[];
  private normalized: readonly Cell[] | undefined;
  private readonly lo: Float64Array;
  private readonly hi: Float64Array;
  private readonly mass: Float64Array;
  /** Mass of the cells before the i-th, summed from the left, and of those after it, from the right: both tails are exact. */
  private readonly below: Float64Array;
  private readonly above: Float64Array;

  /**
   * @param cells ascending and disjoint, masses of any positive sum
   * @param pInfeasible probability that the experiment fails, in [0, 1]
   * @throws TrainerError `distribution` where they are not
   */
  constructor(
    cells: readonly Cell[],
    readonly pInfeasible = 0,
  ) {
    const total = check(cells, pInfeasible);
    this.stated = spreadCutCells(cells);
    const count = this.stated.length;
    this.lo = new Float64Array(count);
    this.hi = new Float64Array(count);
    this.mass = new Float64Array(count);
    this.below = new Float64Array(count + 1);
    this.above = new Float64Array(count + 1);
    for (let i = 0; i < count; i++) {
      const { lo, hi, mass } = this.stated[i]!;
      this.lo[i] = lo;
      this.hi[i] = hi;
      this.mass[i] = mass / total;
      this.below[i + 1] = this.below[i]! + this.mass[i]!;
    }
    for (let i = count - 2; i >= 0; i--) this.above[i] = this.above[i + 1]! + this.mass[i + 1]!;
  }

  /** Ascending, disjoint; masses sum to 1. Made when first asked for: predictions do without. */
  get cells(): readonly Cell[] {
    this.normalized ??= this.stated.map(({ lo, hi, whole }, i) => ({ lo, hi, mass: this.mass[i]!, whole }));
    return this.normalized;
  }

  get median(): number {
    return this.quantile(0.5);
  }

  get mean(): number {
    const { lo, hi, mass } = this;
    let sum = 0;
    for (let i = 0; i < mass.length; i++) sum += mass[i]! * middle(lo[i]!, hi[i]!);
    return sum;
  }

  get sd(): number {
    const { mean, lo, hi, mass } = this;
    let variance = 0;
    for (let i = 0; i < mass.length; i++) {
      variance += mass[i]! * ((middle(lo[i]!, hi[i]!) - mean) ** 2 + (hi[i]! - lo[i]!) ** 2 / 12);
    }
    return Math.sqrt(variance);
  }

  /**
   * The least y with P(Y ≤ y) ≥ p.
   * @param p in [0, 1]; 0 and 1 give the ends of what has mass
   * @throws TrainerError `distribution` for any other p
   */
  quantile(p: number): number {
    if (!(p >= 0 && p <= 1)) {
      throw new TrainerError('distribution', `quantile: p is ${p}; give a probability between 0 and 1.`);
    }
    if (p <= 0.5) return this.fromLeft(p);
    // Counted from the right, where 1 − p may be far smaller than the rounding of sums from the left.
    return Math.max(this.fromLeft(0.5), this.fromRight(1 - p));
  }

  /** P(Y < t), with half of any mass that stands exactly at t. */
  cdf(t: number): number {
    const { lo, hi, mass, below } = this;
    let i = this.cellAt(t);
    let standing = 0;
    for (; i >= 0 && lo[i] === t; i--) if (hi[i] === t) standing += mass[i]!;
    if (i < 0) return standing / 2;
    const within = t >= hi[i]! ? mass[i]! : (mass[i]! * (t - lo[i]!)) / (hi[i]! - lo[i]!);
    return Math.min(1, below[i]! + within + standing / 2);
  }

  /**
   * Natural logarithm of the density at y, per unit of y; −∞ where there is none, +∞ where mass stands at one point. The
   * log-likelihood of a measured y is this plus log(1 − pInfeasible); that of a failure is log(pInfeasible).
   */
  logDensity(y: number): number {
    const i = this.cellAt(y);
    if (i < 0) return Number.NEGATIVE_INFINITY;
    const [lo, hi, mass] = [this.lo[i]!, this.hi[i]!, this.mass[i]!];
    if (hi === lo) return y === lo && mass > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    return y < hi ? Math.log(mass) - Math.log(hi - lo) : Number.NEGATIVE_INFINITY;
  }

  /**
   * Continuous ranked probability score ∫ (F(t) − 1[t ≥ y])² dt, in the unit of y; 0 is best (Gneiting and Raftery, 2007).
   * Exact for this histogram: F is linear inside a cell.
   */
  crps(y: number): number {
    const { lo, hi, mass, below, above } = this;
    const last = mass.length - 1;
    let sum = Math.max(0, lo[0]! - y);
    for (let i = 0; i <= last; i++) {
      const [from, to] = [lo[i]!, hi[i]!];
      const cut = Math.min(to, Math.max(from, y));
      const share = to > from ? (cut - from) / (to - from) : 0;
      sum += squareIntegral(below[i]!, below[i]! + mass[i]! * share, cut - from);
      sum += squareIntegral(above[i]! + mass[i]! * (1 - share), above[i]!, to - cut);
      const next = i < last ? lo[i + 1]! : Math.max(to, y);
      const turn = Math.min(next, Math.max(to, y));
      sum += below[i + 1]! ** 2 * (turn - to) + above[i]! ** 2 * (next - turn);
    }
    return sum;
  }

  /** E[max(t − Y, 0)] in the unit of y: by how much Y falls short of t on average. It is ∫ F from −∞ to t. */
  expectedShortfall(t: number): number {
    const { lo, hi, mass } = this;
    let sum = 0;
    for (let i = 0; i < mass.length && t > lo[i]!; i++) {
      const [from, to] = [lo[i]!, hi[i]!];
      sum += mass[i]! * (t >= to ? t - middle(from, to) : (t - from) ** 2 / (2 * (to - from)));
    }
    return sum;
  }

  /** E[max(Y − t, 0)] in the unit of y: by how much Y exceeds t on average. */
  expectedExcess(t: number): number {
    const { lo, hi, mass } = this;
    let sum = 0;
    for (let i = mass.length - 1; i >= 0 && t < hi[i]!; i--) {
      const [from, to] = [lo[i]!, hi[i]!];
      sum += mass[i]! * (t <= from ? middle(from, to) - t : (to - t) ** 2 / (2 * (to - from)));
    }
    return sum;
  }

  /**
   * One draw, null where the experiment fails; the same seeds give the same draw.
   * @param seeds integers that name the draw, such as a seed and a number within it
   */
  sample(...seeds: number[]): number | null {
    const random = new Random(...seeds);
    if (random.uniform() < this.pInfeasible) return null;
    // Two draws of 32 bits: one would leave steps of 2^-32 within a wide cell.
    return this.quantile(random.uniform() + random.uniform() / 0x1_0000_0000);
  }

  /** The distribution of f(Y) for an increasing f. Densities stay uniform inside of cells. */
  map(f: (y: number) => number): Distribution {
    // Floating-point f may rise by a rounding where it should stay: no edge goes below the one before it.
    let edge = Number.NEGATIVE_INFINITY;
    const rise = (y: number): number => {
      edge = Math.max(edge, f(y));
      return edge;
    };
    // Whole now: what was cut has been spread, and distances after f mean something else.
    const cells = this.cells.map(({ lo, hi, mass }) => ({ lo: rise(lo), hi: rise(hi), mass, whole: true }));
    return new Distribution(cells, this.pInfeasible);
  }

  /** The same y where the experiment succeeds, with another probability that it does not. */
  failing(pInfeasible: number): Distribution {
    return new Distribution(
      this.cells.map((cell) => ({ ...cell, whole: true })),
      pInfeasible,
    );
  }

  /** E[Y] of the distribution with what lies beyond the ends moved to them: what a far tail of little mass does not rule. */
  meanWithin(lower: number, upper: number): number {
    const { lo, hi, mass } = this;
    const moved = (y: number): number => Math.max(lower, Math.min(upper, y));
    // Cell by cell: a difference of expectations would lose a mean of 3 between ends of 1e20.
    return mass.reduce((sum, m, i) => {
      const [from, to] = [lo[i]!, hi[i]!];
      const [a, b] = [moved(from), moved(to)];
      if (a === b || to - from === 0) return sum + m * a;
      const [before, after] = [(a - from) / (to - from), (to - b) / (to - from)];
      return sum + m * (before * a + after * b + (1 - before - after) * middle(a, b));
    }, 0);
  }

  private fromLeft(p: number): number {
    const { lo, hi, mass, below } = this;
    const i = firstWhere(mass.length - 1, (k) => below[k + 1]! >= p && below[k + 1]! > 0);
    const share = (p - below[i]!) / mass[i]!;
    // Not lo + share·(hi − lo) alone: that can pass hi by rounding, and quantiles would cross.
    return share < 1 ? Math.min(hi[i]!, lo[i]! + Math.max(0, share) * (hi[i]! - lo[i]!)) : hi[i]!;
  }

  private fromRight(q: number): number {
    const { lo, hi, mass, above } = this;
    const last = mass.findLastIndex((m) => m > 0);
    const i = firstWhere(last, (k) => above[k]! <= q);
    const share = (q - above[i]!) / mass[i]!;
    return share < 1 ? Math.max(lo[i]!, hi[i]! - share * (hi[i]! - lo[i]!)) : lo[i]!;
  }

  /** The last cell with lo ≤ y; −1 where there is none. */
  private cellAt(y: number): number {
    return firstWhere(this.lo.length, (k) => this.lo[k]! > y) - 1;
  }
}

/** The least k in 0..end from which on `holds` is true; `end` where it is false for all before. */
function firstWhere(end: number, holds: (k: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const half = (low + high) >> 1;
    if (holds(half)) high = half;
    else low = half + 1;
  }
  return low;
}

const middle = (lo: number, hi: number): number => lo + (hi - lo) / 2;

/** ∫ of the square of a function that runs linearly from `a` to `b` over `width`. */
function squareIntegral(a: number, b: number, width: number): number {
  return (width * (a * a + a * b + b * b)) / 3;
}

/** Sum of the masses. */
function check(cells: readonly Cell[], pInfeasible: number): number {
  if (!(pInfeasible >= 0 && pInfeasible <= 1)) {
    throw new TrainerError('distribution', `pInfeasible is ${pInfeasible}; give a probability between 0 and 1.`);
  }
  let total = 0;
  let before = -Number.MAX_VALUE;
  for (let i = 0; i < cells.length; i++) {
    const { lo, hi, mass } = cells[i]!;
    if (!(lo >= before && hi >= lo && hi <= Number.MAX_VALUE && mass >= 0)) {
      throw new TrainerError(
        'distribution',
        `cells[${i}] is [${lo}, ${hi}) with mass ${mass}; give finite ascending disjoint cells with masses of at least 0.`,
      );
    }
    before = hi;
    total += mass;
  }
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new TrainerError('distribution', `the cells' masses sum to ${total}; give at least one above 0.`);
  }
  return total;
}

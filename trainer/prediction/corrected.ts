// One answer of the model with its study's calibration: what predictions and rankings say of it. See docs/calibration.md.
import type { Calibration } from '../calibration/calibration.js';
import { FURTHEST } from '../calibration/measured-range.js';
import type { Quantiles } from '../calibration/scored.js';
import { type Cell, Distribution } from '../distribution.js';
import type { Difficulty } from '../evidence.js';
import type { PredictionInterval } from '../types.js';

/** What the model says of a query, and how hard its evidence says it is. */
export interface Answered {
  distribution: Distribution;
  difficulty: Difficulty | undefined;
}

/**
 * The mean is that of the distribution within the calibrated interval of this level: the far cells that the descent did not look
 * into hold little, and are so far off that they would rule it.
 */
const MEAN_LEVEL = 0.99;

/** Intervals whose ends are the edges of the corrected distribution's cells. */
const LEVELS = [...Array.from({ length: 19 }, (_, i) => (i + 1) / 20), 0.98, 0.99, 0.998];

export class Corrected {
  /** @param besides as for `Calibration.interval` */
  constructor(
    private readonly calibration: Calibration,
    private readonly answered: Answered,
    private readonly besides: readonly Quantiles[] = [],
  ) {}

  get median(): number {
    return this.answered.distribution.median;
  }

  get mean(): number {
    const { lower, upper } = this.interval(MEAN_LEVEL);
    return this.answered.distribution.meanWithin(lower, upper);
  }

  get sd(): number {
    const { distribution, difficulty } = this.answered;
    return this.calibration.spread(distribution, difficulty, this.besides);
  }

  get pInfeasible(): number {
    return this.answered.distribution.pInfeasible;
  }

  /** @param level in (0, 1) */
  interval(level: number): PredictionInterval {
    const { distribution, difficulty } = this.answered;
    return this.calibration.interval(distribution, level, difficulty, this.besides);
  }

  /** The end of the central interval that leaves p beyond it. @param p in (0, 1) */
  quantile(p: number): number {
    if (p === 0.5) return this.median;
    const { lower, upper } = this.interval(Math.abs(2 * p - 1));
    return p < 0.5 ? lower : upper;
  }

  /**
   * The distribution whose central intervals are the calibrated ones: a histogram between their ends. One per mille is left to what
   * lies beyond either, near by rather than far, and not beyond 0 where intervals reach by factors.
   */
  get distribution(): Distribution {
    const { median, pInfeasible } = this;
    const cells: Cell[] = [];
    let inner = { level: 0, lower: median, upper: median };
    for (const level of LEVELS) {
      const { lower, upper } = this.interval(level);
      const mass = (level - inner.level) / 2;
      cells.unshift({ lo: lower, hi: inner.lower, mass, whole: true });
      cells.push({ lo: inner.upper, hi: upper, mass, whole: true });
      inner = { level, lower, upper };
    }
    const rest = (1 - inner.level) / 2;
    const { inRatios } = this.calibration;
    const [least, greatest] = [
      inRatios && inner.lower >= 0 ? 0 : -FURTHEST,
      inRatios && inner.upper <= 0 ? 0 : FURTHEST,
    ];
    // Where intervals have no width on a side, nothing is expected beyond it at all.
    cells.unshift(tail(inner.lower < median ? least : inner.lower, inner.lower, rest));
    cells.push(tail(inner.upper, inner.upper > median ? greatest : inner.upper, rest));
    return new Distribution(cells, pInfeasible);
  }
}

/** Cut where it reaches to the end of the line: then it is spread near by. */
const tail = (lo: number, hi: number, mass: number): Cell => ({
  lo,
  hi,
  mass,
  whole: lo !== -FURTHEST && hi !== FURTHEST,
});

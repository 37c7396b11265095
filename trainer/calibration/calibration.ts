// Intervals that hold: conformal prediction on a family of nested intervals, as adaptive as the model's own. See docs/calibration.md.
import type { Distribution } from '../distribution.js';
import type { Difficulty } from '../evidence.js';
import type { PredictionInterval } from '../types.js';
import { CALIBRATION_DEFAULTS } from './defaults.js';
import { chooseScale, type ErrorScale } from './error-scale.js';
import { ErrorUnit } from './error-unit.js';
import { FURTHEST, type MeasuredRange } from './measured-range.js';
import { centralOf, deviations, sizesOfModel } from './normal-sizes.js';
import {
  centralQuantiles,
  coreOf,
  placedOn,
  type Quantiles,
  type Scored,
  shapeOn,
  sizeOf,
  tempered,
} from './scored.js';

const { leastTrials, modelWeight } = CALIBRATION_DEFAULTS;
/** The central share within one standard deviation of a normal distribution. */
const ONE_DEVIATION = 0.6827;

/**
 * Corrects the model's distributions of one study, from what the model said of the study's own trials without knowing them and
 * of its validation trials in other studies.
 *
 * The intervals are a nested family: one of size s reaches s units to either side of the median, more to the side that the core interval leans to.
 * The unit is how large an error is to be expected of this answer (normalized conformal prediction; Papadopoulos et al., 2011): the mean of the
 * typical one of the study and a weighted geometric mean of the core's half width and of what makes a query difficult, each in
 * its typical size. So it is adaptive, and not at the mercy of one overconfident answer.
 *
 * All of it is measured on the scale of y, or of its logarithm, on which the study's errors are even.
 *
 * The size for a level is a weighted quantile of the sizes that the scored trials needed: split conformal prediction (Vovk et
 * al., 2005; Lei et al., 2018) on nested sets (Gupta et al., 2022), the scores cross-fitted as in CV+ (Barber et al., 2021). With n exchangeable
 * scores of the study alone the ⌈(n+1)·level⌉-th holds the next trial with probability in [level, level + 1/(n+1)]: the one
 * more score at the far end pays for having few. Cross-fitting, the typical width taken from the same trials, and the model's
 * scores make that approximate; CV+ guarantees 1 − 2·(1 − level) and holds the level in practice. A level above what
 * the scores bound is stretched as the tail of a normal distribution is.
 *
 * Without scores of the study an interval up to the core is a central share of the distribution, and a larger one the core widened by multiples of its half width.
 */
export class Calibration {
  private readonly scale: ErrorScale;
  private readonly units: ErrorUnit | undefined;
  private readonly sizes: readonly { size: number; weight: number }[];
  /** How many of the study's trials it rests on. */
  readonly own: number;
  private readonly known: number;
  /** A thousand queries ask for the same few. */
  private readonly sizeOfLevel = new Map<number, number>();

  /**
   * @param study scores of its own trials; they count from `leastTrials` on
   * @param model centralities of the model's validation queries
   * @param range of the study's measured values. Ends of intervals stay within reach of it, on a side where the core does, at levels whose share of misses
   * leaves room for what is beyond
   */
  constructor(
    study: readonly Scored[],
    model: readonly number[],
    private readonly range?: MeasuredRange,
  ) {
    const own = study.length >= leastTrials ? study : [];
    const weightOfModel = Math.min(modelWeight.most, Math.max(modelWeight.least, own.length), model.length);
    this.own = own.length;
    this.known = own.length + weightOfModel;
    this.scale = chooseScale(own, range);
    const placed = own.map((scored) => placedOn(this.scale, scored));
    const units = own.length > 0 ? new ErrorUnit(placed) : undefined;
    this.units = units;
    const sizes = placed.map((one) => sizeOf(one, units!.of(one.half, one.difficulty))).sort((a, b) => a - b);
    // The model's sizes say what tails are like; how large the middle one is, the study knows the better the larger it is.
    const middle = sizes[sizes.length >> 1] ?? 1;
    const scale = middle > 0 ? middle ** (own.length / (own.length + modelWeight.most)) : 1;
    this.sizes = [
      ...sizes.map((size) => ({ size, weight: 1 })),
      ...sizesOfModel(model).map((size) => ({ size: size * scale, weight: weightOfModel / model.length })),
    ].sort((a, b) => a.size - b.size);
  }

  /** Whether intervals reach by factors rather than by differences. */
  get inRatios(): boolean {
    return this.scale.logarithmic;
  }

  /**
   * The interval that holds the truth with probability `level`; the model's own where there are no scores at all.
   * @param level in (0, 1)
   * @param difficulty what the evidence says of this query; without it, it counts as a typical one
   * @param besides whose central shares of the same level it holds too: where the query is unlike the trials that the scores are of
   */
  interval(
    distribution: Distribution,
    level: number,
    difficulty?: Difficulty,
    besides: readonly Quantiles[] = [],
  ): PredictionInterval {
    let { lower, upper } = this.ends(distribution, level, difficulty);
    for (const other of besides) {
      const share = centralQuantiles(other, level);
      [lower, upper] = [Math.min(lower, share.lower), Math.max(upper, share.upper)];
    }
    return { level, ...within(lower, upper) };
  }

  private ends(distribution: Distribution, level: number, difficulty: Difficulty | undefined) {
    const size = this.sizeFor(level);
    if (size === undefined) return centralQuantiles(distribution, level);
    const core = coreOf(distribution);
    if (!this.units) {
      if (size <= 1) return centralQuantiles(distribution, centralOf(size));
      const wider = (core.upper / 2 - core.lower / 2) * (size - 1);
      return { lower: core.lower - wider, upper: core.upper + wider };
    }
    const { scale, range } = this;
    const { half, left, right, difficulty: onScale } = shapeOn(scale, core, difficulty);
    const arm = size * this.units.of(half, onScale);
    const middle = scale.to(core.median);
    // A median that the scale cannot tell from others is held all the same.
    let lower = Math.min(core.median, scale.from(middle - arm * tempered(left)));
    let upper = Math.max(core.median, scale.from(middle + arm * tempered(right)));
    if (scale.reach && 1 - level >= 2 / (range!.count + 1)) {
      // On a side where the core itself lies beyond it, no end of a wider interval could be there: all would be one.
      if (core.lower >= scale.reach.lower) lower = Math.max(lower, scale.reach.lower);
      if (core.upper <= scale.reach.upper) upper = Math.min(upper, scale.reach.upper);
    }
    return { lower, upper };
  }

  /**
   * Half the width of the calibrated interval that holds the central 68.27%: the standard deviation of a normal distribution, and
   * of another one a measure of spread that a far and unlikely tail does not rule.
   * @param difficulty as for `interval`
   * @param besides as for `interval`
   */
  spread(distribution: Distribution, difficulty?: Difficulty, besides?: readonly Quantiles[]): number {
    const { lower, upper } = this.interval(distribution, ONE_DEVIATION, difficulty, besides);
    return upper / 2 - lower / 2;
  }

  /** undefined where there are no scores at all. */
  private sizeFor(level: number): number | undefined {
    if (this.known === 0) return undefined;
    let size = this.sizeOfLevel.get(level);
    if (size === undefined) {
      size = this.findSize(level);
      this.sizeOfLevel.set(level, size);
    }
    return size;
  }

  private findSize(level: number): number {
    const { own, known, sizes } = this;
    // The model's scores are many: only the study's own share of the weight has few to pay for.
    const total = known + own / known;
    let below = 0;
    for (const { size, weight } of sizes) {
      below += weight;
      if (below >= level * total) return size;
    }
    return sizes.at(-1)!.size * Math.max(1, deviations(level) / deviations(known / (known + 1)));
  }
}

const within = (lower: number, upper: number) => ({
  lower: Math.max(-FURTHEST, lower),
  upper: Math.min(FURTHEST, upper),
});

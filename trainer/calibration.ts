// Intervals that hold: conformal prediction on a family of nested intervals, as adaptive as the model's own. See docs/calibration.md.
import type { Distribution } from './distribution.js';
import { chooseScale, type ErrorScale } from './error-scale.js';
import { ErrorUnit } from './error-unit.js';
import type { Difficulty } from './evidence.js';
import { FURTHEST, type MeasuredRange } from './measured-range.js';
import { normalCdf, normalQuantile } from './normal.js';
import type { PredictionInterval } from './types.js';

export const CALIBRATION_DEFAULTS = {
  /** Fewest cross-fitted trials of a study for a correction of its own. */
  leastTrials: 3,
  /**
   * Fewest for one that may be called calibrated: below it a 90% interval would need more trials than there are to bound its level at all
   * (⌈(n+1)·0.9⌉ ≤ n from n = 9 on).
   */
  boundingTrials: 9,
  /**
   * The weight of all the model's scores together, in trials of the study: as much as the study's own, within these ends. Of models on
   * studies unlike those they were validated on they say too little, and few trials alone too much.
   */
  modelWeight: { least: 10, most: 20 },
  /** By how much the model's scores are stretched: a new study is less like those that it was validated on than they are like those it learned from. */
  unlike: 1.3,
  /**
   * The central share of a distribution whose shape is followed. Further out the mass is known better than where it stands:
   * cells that the descent did not look into, what little the model learned of its rare errors.
   */
  core: 0.5,
};

const { leastTrials, modelWeight, unlike, core: CORE } = CALIBRATION_DEFAULTS;
/** A centrality of 1 would be infinitely far out. */
const MOST_CENTRAL = 0.9999;
/** The central share within one standard deviation of a normal distribution. */
const ONE_DEVIATION = 0.6827;

/**
 * How central a measured value stands in what was predicted for it: 0 at the median, 1 at the far ends. Uniform on
 * [0, 1] where the model's probabilities hold.
 */
export function centrality(distribution: Distribution, y: number): number {
  return Math.abs(2 * distribution.cdf(y) - 1);
}

/** The middle of what was predicted: its median, and the ends of the central half. */
interface Core {
  lower: number;
  median: number;
  upper: number;
}

/** What is kept of an answer about a measured trial, in the unit of y. */
export interface Scored extends Core {
  y: number;
  difficulty?: Difficulty | undefined;
}

/** What says where y can be. */
export interface Quantiles {
  quantile(p: number): number;
}

/** @param y measured, and not known when the distribution was stated, nor when its difficulty was */
export const scoreOf = (distribution: Distribution, y: number, difficulty?: Difficulty): Scored => ({
  y,
  ...coreOf(distribution),
  difficulty,
});

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
  private readonly own: number;
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

/** What a distribution's core looks like on a scale: half its width, and how much of it lies on either side of the median, 1 where it is even, in [0, 2]. */
function shapeOn({ to, rate }: ErrorScale, { lower, median, upper }: Core, difficulty: Difficulty | undefined) {
  const [below, at, above] = [to(lower), to(median), to(upper)];
  const half = above / 2 - below / 2;
  const [left, right] = half > 0 ? [(at - below) / half, (above - at) / half] : [1, 1];
  return { half, left, right, difficulty: difficulty && times(difficulty, rate(median)) };
}

const times = ({ forest, experts, neighbours }: Difficulty, factor: number): Difficulty => ({
  forest: forest * factor,
  experts: experts * factor,
  neighbours: neighbours * factor,
});

/** An answer about a measured trial as intervals see it, on a scale. */
interface Placed {
  /** From the median to y. */
  error: number;
  half: number;
  /** On y's side. */
  lean: number;
  difficulty: Difficulty | undefined;
}

function placedOn(scale: ErrorScale, scored: Scored): Placed {
  const { half, left, right, difficulty } = shapeOn(scale, scored, scored.difficulty);
  const { y, median } = scored;
  return { error: Math.abs(scale.to(y) - scale.to(median)), half, lean: y < median ? left : right, difficulty };
}

/** Size of the smallest interval of the family that held a trial. */
function sizeOf({ error, lean }: Placed, unit: number): number {
  // A unit of 0 means that no error was made at all.
  return unit > 0 ? error / (unit * tempered(lean)) : 0;
}

/** Half of a lean: which side is the longer one is known less well than how wide both are. */
const tempered = (lean: number): number => (1 + lean) / 2;

const coreOf = (distribution: Distribution): Core => ({
  ...centralQuantiles(distribution, CORE),
  median: distribution.median,
});

const within = (lower: number, upper: number) => ({
  lower: Math.max(-FURTHEST, lower),
  upper: Math.min(FURTHEST, upper),
});

function centralQuantiles(distribution: Quantiles, share: number): { lower: number; upper: number } {
  return { lower: distribution.quantile((1 - share) / 2), upper: distribution.quantile((1 + share) / 2) };
}

const KNOWN_SIZES = new WeakMap<readonly number[], number[]>();

/** A model's are the same for all its studies, and a hundred iterations each. */
function sizesOfModel(centralities: readonly number[]): number[] {
  let sizes = KNOWN_SIZES.get(centralities);
  if (!sizes) {
    sizes = centralities.map((central) => unlike * normalSize(central));
    KNOWN_SIZES.set(centralities, sizes);
  }
  return sizes;
}

/** The size that a centrality has in a normal distribution, 1 at the core. */
const normalSize = (central: number): number => deviations(Math.min(central, MOST_CENTRAL)) / deviations(CORE);

/** The centrality of a size, the other way round. */
const centralOf = (size: number): number => 2 * normalCdf(size * deviations(CORE)) - 1;

/** Standard deviations from the middle of a normal distribution to the ends of its central share. */
const deviations = (share: number): number => normalQuantile((1 + share) / 2);

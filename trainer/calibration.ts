// Intervals that hold: conformal prediction on a family of nested intervals, as adaptive as the model's own. See docs/calibration.md.
import type { Distribution } from './distribution.js';
import { normalQuantile } from './normal.js';
import type { PredictionInterval } from './types.js';

export const CALIBRATION_DEFAULTS = {
  /**
   * Fewest cross-fitted trials of a study for a correction of its own: below it a 90% interval would need more trials than
   * there are to bound its level at all (⌈(n+1)·0.9⌉ ≤ n from n = 9 on).
   */
  leastTrials: 9,
  /** The weight of all the model's scores together, in trials of the study. */
  modelWeight: 20,
  /**
   * The central share of a distribution whose shape is followed. Further out the mass is known better than where it stands:
   * cells that the descent did not look into, what little the model learned of its rare errors.
   */
  core: 0.5,
};

const { leastTrials, modelWeight, core: CORE } = CALIBRATION_DEFAULTS;

/** A distribution that is this many times wider than the study's middle one says nothing of the others. */
const WIDEST = 10;
/** A centrality of 1 would be infinitely far out. */
const MOST_CENTRAL = 0.9999;
/** Where numbers end. */
const FURTHEST = 1e31;
/** The central share within one standard deviation of a normal distribution. */
const ONE_DEVIATION = 0.6827;

/**
 * How central a measured value stands in what was predicted for it: 0 at the median, 1 at the far ends. Uniform on
 * [0, 1] where the model's probabilities hold.
 */
export function centrality(distribution: Distribution, y: number): number {
  return Math.abs(2 * distribution.cdf(y) - 1);
}

/** What is kept of an answer about a measured trial, in the unit of y where it has one. */
export interface Scored {
  central: number;
  /** Distance from the core interval; 0 inside of it. */
  outside: number;
  /** Half the width of the core interval. */
  half: number;
}

/** @param y measured, and not known when the distribution was stated */
export function scoreOf(distribution: Distribution, y: number): Scored {
  const { lower, upper } = centralQuantiles(distribution, CORE);
  return {
    central: centrality(distribution, y),
    outside: Math.max(0, lower - y, y - upper),
    half: upper / 2 - lower / 2,
  };
}

/**
 * Corrects the model's distributions of one study, from what the model said of the study's own trials without knowing them and
 * of its validation trials in other studies.
 *
 * The intervals are a nested family. One of size s ≤ core holds the central s of the distribution; a larger one is the core
 * interval, each end moved out by (s/core − 1)·unit, the unit being the mean of its own half width and the typical one of the study:
 * adaptive, and not at the mercy of one overconfident answer (normalized conformal prediction; Papadopoulos et al., 2011).
 *
 * The size for a level is a weighted quantile of the sizes that the scored trials needed: split conformal prediction (Vovk et
 * al., 2005; Lei et al., 2018) on nested sets (Gupta et al., 2022), the scores cross-fitted as in CV+ (Barber et al., 2021). With n exchangeable
 * scores of the study alone the ⌈(n+1)·level⌉-th holds the next trial with probability in [level, level + 1/(n+1)]: the one
 * more score at the far end pays for having few. Cross-fitting, the typical width taken from the same trials, and the model's
 * scores make that approximate; CV+ guarantees 1 − 2·(1 − level) and holds the level in practice. A level above what
 * the scores bound is stretched as the tail of a normal distribution is.
 */
export class Calibration {
  private readonly typicalHalf: number | undefined;
  private readonly sizes: readonly { size: number; weight: number }[];
  private readonly own: number;
  private readonly known: number;

  /**
   * @param study scores of its own trials; they count from `leastTrials` on
   * @param model centralities of the model's validation queries
   */
  constructor(study: readonly Scored[], model: readonly number[]) {
    const own = study.length >= leastTrials ? study : [];
    const weightOfModel = Math.min(modelWeight, model.length);
    this.own = own.length;
    this.known = own.length + weightOfModel;
    this.typicalHalf = own.length > 0 ? typical(own.map(({ half }) => half)) : undefined;
    this.sizes = [
      ...own.map((scored) => ({ size: this.sizeOf(scored), weight: 1 })),
      ...model.map((central) => ({ size: normalSize(central), weight: weightOfModel / model.length })),
    ].sort((a, b) => a.size - b.size);
  }

  /**
   * The interval that holds the truth with probability `level`; the model's own where there are no scores at all.
   * @param level in (0, 1)
   */
  interval(distribution: Distribution, level: number): PredictionInterval {
    const size = this.sizeFor(level);
    if (size === undefined || size <= CORE) return { level, ...centralQuantiles(distribution, size ?? level) };
    const { lower, upper } = centralQuantiles(distribution, CORE);
    const wider = this.unit(upper / 2 - lower / 2) * (size / CORE - 1);
    return { level, lower: Math.max(-FURTHEST, lower - wider), upper: Math.min(FURTHEST, upper + wider) };
  }

  /**
   * Half the width of the calibrated interval that holds the central 68.27%: the standard deviation of a normal distribution, and
   * of another one a measure of spread that a far and unlikely tail does not rule.
   */
  spread(distribution: Distribution): number {
    const { lower, upper } = this.interval(distribution, ONE_DEVIATION);
    return upper / 2 - lower / 2;
  }

  /** Size of the smallest interval of the family that held a trial. */
  private sizeOf({ central, outside, half }: Scored): number {
    if (central <= CORE || outside === 0) return Math.min(central, CORE);
    return CORE * (1 + outside / this.unit(half));
  }

  private unit(half: number): number {
    const unit = this.typicalHalf === undefined ? half : half / 2 + this.typicalHalf / 2;
    // Distributions that all stand at one point have no width to measure in: then it is measured in the unit of y.
    return unit > 0 ? unit : 1;
  }

  private sizeFor(level: number): number | undefined {
    const { own, known, sizes } = this;
    if (known === 0) return undefined;
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

function centralQuantiles(distribution: Distribution, share: number): { lower: number; upper: number } {
  return { lower: distribution.quantile((1 - share) / 2), upper: distribution.quantile((1 + share) / 2) };
}

/** The mean, none counting as more than WIDEST times the middle one. */
function typical(halves: readonly number[]): number {
  const sorted = [...halves].sort((a, b) => a - b);
  const most = WIDEST * sorted[Math.floor(sorted.length / 2)]! || Number.POSITIVE_INFINITY;
  return sorted.reduce((sum, half) => sum + Math.min(half, most) / sorted.length, 0);
}

/** The size that a centrality has in a normal distribution; in any distribution up to the core. */
function normalSize(central: number): number {
  return central <= CORE ? central : (CORE * deviations(Math.min(central, MOST_CENTRAL))) / deviations(CORE);
}

/** Standard deviations from the middle of a normal distribution to the ends of its central share. */
const deviations = (share: number): number => normalQuantile((1 + share) / 2);

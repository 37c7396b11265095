// What several objectives of one experiment measure together: equally likely paths of conditional distributions. See docs/objectives.md.

import type { Distribution } from '../distribution.js';
import { TrainerError } from '../errors.js';
import { Random } from '../random.js';
import { mean } from '../statistics.js';
import { mixture } from './mixture.js';
import type { Stratum } from './strata.js';

/** One objective on one path: its distribution given the path's earlier values, of which the path takes one stratum. */
export interface PathStep extends Stratum {
  distribution: Distribution;
}

/** Bounds of one objective; an absent one does not bound. */
export interface Range {
  lower?: number;
  upper?: number;
}

/** Levels of a stratum at which ranks are averaged. */
const RANK_LEVELS = 16;

/**
 * Objectives follow the study's order, in vectors as in `objectives`. On a path they are independent, each within its stratum; how
 * they depend on each other lies in the paths. An experiment fails for all objectives or for none: everything but
 * `pInfeasible` and `sample` speaks of one that succeeds. The same parts give the same answers.
 */
export class JointDistribution {
  private readonly marginals = new Map<number, Distribution>();

  /**
   * @param paths [paths][objectives], all equally likely
   * @param pInfeasible probability that the experiment fails
   */
  constructor(
    readonly objectives: readonly string[],
    private readonly paths: readonly (readonly PathStep[])[],
    readonly pInfeasible: number,
  ) {}

  /**
   * The distribution of one objective alone: of the first the model's own, of a later one the mixture of what the model says
   * given the earlier ones.
   * @throws TrainerError `given` for a name that is none of `objectives`
   */
  marginal(name: string): Distribution {
    const place = this.objectives.indexOf(name);
    if (place < 0) {
      const known = this.objectives.join(', ');
      throw new TrainerError(
        'given',
        `marginal: ${JSON.stringify(name)} is not among the joint objectives; they are ${known}.`,
      );
    }
    return this.marginalAt(place);
  }

  /** One vector of values, named by its seeds; null where the experiment fails. */
  sample(...seeds: number[]): number[] | null {
    const random = new Random(...seeds);
    if (random.uniform() < this.pInfeasible) return null;
    return this.draw(random.integer(this.paths.length), random);
  }

  /** `count` vectors of an experiment that succeeds, the paths in turn: more even than as many samples. */
  draws(count: number, ...seeds: number[]): number[][] {
    return Array.from({ length: count }, (_, i) =>
      // Paths that stand next to each other are much alike: a count below theirs takes them at even distances.
      this.draw(Math.floor(((i + 0.5) * this.paths.length) / count) % this.paths.length, new Random(...seeds, i)),
    );
  }

  /** P(lower < Y ≤ upper for every objective at once), given that the experiment succeeds. @param box one range an objective */
  probability(box: readonly Range[]): number {
    const shares = this.paths.map((path) =>
      path.reduce((product, step, j) => product * shareWithin(step, box[j] ?? {}), 1),
    );
    return mean(shares);
  }

  /**
   * Spearman's rank correlation of every two objectives: [objectives][objectives], 1 on the diagonal and 0 where one does not
   * vary. What depends on each other within a stratum is not seen, so that no correlation reaches 1: see docs/objectives.md.
   */
  rankCorrelation(): number[][] {
    const ranks = this.objectives.map((_, j) => {
      const marginal = this.marginalAt(j);
      return this.paths.map((path) =>
        levelsOf(path[j]!).map((level) => marginal.cdf(path[j]!.distribution.quantile(level))),
      );
    });
    const centred = ranks.map((paths) => paths.map((levels) => mean(levels) - 0.5));
    const variance = ranks.map((paths) => mean(paths.map((levels) => mean(levels.map((r) => (r - 0.5) ** 2)))));
    return ranks.map((_, a) =>
      ranks.map((_, b) => {
        if (a === b) return 1;
        const scale = Math.sqrt(variance[a]! * variance[b]!);
        return scale > 0 ? mean(centred[a]!.map((r, path) => r * centred[b]![path]!)) / scale : 0;
      }),
    );
  }

  private draw(path: number, random: Random): number[] {
    return this.paths[path]!.map(({ distribution, from, to }) =>
      distribution.quantile(from + (to - from) * random.uniform()),
    );
  }

  private marginalAt(place: number): Distribution {
    let marginal = this.marginals.get(place);
    if (!marginal) {
      const distinct = new Set(this.paths.map((path) => path[place]!.distribution));
      const parts = distinct.size === 1 ? [...distinct] : this.paths.map((path) => path[place]!.distribution);
      marginal = mixture(parts, this.pInfeasible);
      this.marginals.set(place, marginal);
    }
    return marginal;
  }
}

/** The share of a path's stratum that lies within the range. */
function shareWithin({ distribution, from, to }: PathStep, { lower, upper }: Range): number {
  const share = (y: number) => Math.min(1, Math.max(0, (distribution.cdf(y) - from) / (to - from)));
  return Math.max(0, (upper === undefined ? 1 : share(upper)) - (lower === undefined ? 0 : share(lower)));
}

function levelsOf({ from, to }: Stratum): number[] {
  return Array.from({ length: RANK_LEVELS }, (_, i) => from + ((to - from) * (i + 0.5)) / RANK_LEVELS);
}

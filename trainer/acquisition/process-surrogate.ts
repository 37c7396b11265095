// The surrogate of a study: a Gaussian process on its trials, made for searching, and a forest for failures.
import { Featurizer } from '../experts/features/featurizer.js';
import { fitExperts } from '../experts/fit-experts.js';
import { fitProcessAlone, type ProcessOptions } from '../experts/gaussian-process.js';
import { thin } from '../thin.js';
import type { Trial } from '../types.js';
import type { Surrogate } from './surrogate.js';

/**
 * Other priors than those of the expert in prompts, which is to be right on average and takes what it cannot explain for
 * noise. A search must not: an optimum that was found by a step, and put down to noise, is lost. So noise has to be shown by
 * the trials, and length scales may be short. Measured in docs/suggest.md.
 */
export const SURROGATE_PROCESS: Partial<ProcessOptions> = {
  noise: 1e-4,
  noiseSpread: 1.5,
  lengthScale: 1.5,
  lengthScaleSpread: 1,
  evaluations: 40,
  trialEvaluations: 10,
};
/** Of a longer study: the best trials, where the search goes, and as many of the rest, evenly over its history. */
const BEST = 150;
const OTHERS = 150;
const SEED = 1;

/**
 * @param trials in the order they were finished in; x as the experts see it
 * @returns undefined where nothing was measured
 */
export function fitSurrogate(trials: readonly Trial[]): Surrogate | undefined {
  const measured = trials.filter((t): t is Trial & { y: number } => t.y !== null);
  if (measured.length === 0) return undefined;
  const xs = measured.map(({ x }) => x);
  const featurizer = Featurizer.fit(xs);
  const y = Float64Array.from(measured, (t) => t.y);
  const process = fitProcessAlone({ features: featurizer.transform(xs).metric, y }, SEED, SURROGATE_PROCESS);
  const failed = Float64Array.from(trials, (t) => (t.y === null ? 1 : 0));
  const failures = failed.includes(1)
    ? fitExperts(
        trials.map(({ x }) => x),
        failed,
        { seed: SEED, which: ['random_forest'] },
      )
    : undefined;
  return {
    bent: process.bent,
    toScale: process.toScale,
    fromScale: process.fromScale,
    predict: (asked) => {
      const { mean, sd } = process.predictFunction(featurizer.transform(asked).metric);
      // Means of a forest can leave [0, 1] by rounding.
      const pInfeasible = failures?.predict(asked).random_forest?.mean.map((p) => Math.min(1, Math.max(0, p)));
      return pInfeasible ? { mean, sd, pInfeasible } : { mean, sd };
    },
  };
}

/** The trials that a surrogate is fitted on: all, unless there are too many. */
export function surrogateTrials<T extends Trial>(trials: readonly T[], goal: 'minimize' | 'maximize'): readonly T[] {
  if (trials.length <= BEST + OTHERS) return trials;
  const worth = ({ y }: Trial): number => (y === null ? Number.NEGATIVE_INFINITY : goal === 'minimize' ? -y : y);
  const best = new Set(trials.toSorted((a, b) => ascending(worth(b), worth(a))).slice(0, BEST));
  return [
    ...best,
    ...thin(
      [...trials].filter((trial) => !best.has(trial)),
      OTHERS,
    ),
  ];
}

/** Not a difference: that of two infinities is NaN. */
const ascending = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

// The contestants of bench:suggest: each is given the trials so far and names the next x.
import { CandidatePool } from '../../trainer/acquisition/candidates.js';
import { fitSurrogate } from '../../trainer/acquisition/process-surrogate.js';
import { screen } from '../../trainer/acquisition/screening.js';
import type { SearchSpace } from '../../trainer/acquisition/search-space.js';
import { suggest } from '../../trainer/acquisition/suggest.js';
import type { SuggestOptions } from '../../trainer/acquisition/suggest-options.js';
import { type Surrogate, surrogateScores } from '../../trainer/acquisition/surrogate.js';
import type { FeatureMatrix } from '../../trainer/experts/expert.js';
import { ProcessPosterior } from '../../trainer/experts/gaussian-process.js';
import { minimize } from '../../trainer/experts/gp/lbfgs.js';
import { KernelPosterior, logPriors } from '../../trainer/experts/gp/marginal-likelihood.js';
import type { Predictor } from '../../trainer/prediction/predictor.js';
import { deriveSeed, Random } from '../../trainer/random.js';
import type { JsonObject } from '../../trainer/types.js';

export interface Measured {
  x: JsonObject;
  y: number;
}

/** The next x to try, to make y small. */
export type Method = (trials: readonly Measured[], space: SearchSpace, seed: number) => Promise<JsonObject>;

export const METHODS = ['random', 'gp_ei', 'surrogate', 'ours'] as const;
export type MethodName = (typeof METHODS)[number];

/** @param predictor needed by `ours` alone */
export function methods(predictor?: Predictor, options: Partial<SuggestOptions> = {}): Record<MethodName, Method> {
  return {
    random: async (trials, space, seed) => space.sample(new Random(seed, trials.length, 1)),
    gp_ei: bySurrogate(plainProcess),
    surrogate: bySurrogate((trials) => fitSurrogate(trials)!),
    ours: async (trials, space, seed) => {
      const objective = { name: 'y', goal: 'minimize' as const };
      const study = { id: 'search', metadata: { name: 'search' }, objective, trials: [...trials] };
      const oracle = predictor!.oracle(study, 'minimize');
      const { suggestions } = await suggest(study, space, oracle, { ...options, seed });
      return suggestions[0]!.x;
    },
  };
}

const PARENTS = 8;

/** Expected improvement of a surrogate alone, maximised over more than a thousand candidates and by local search. */
function bySurrogate(surrogateOf: (trials: readonly Measured[], space: SearchSpace) => Surrogate): Method {
  return async (trials, space, seed) => {
    const best = trials.toSorted((a, b) => a.y - b.y);
    const surrogate = surrogateOf(trials, space);
    const tried = trials.map(({ x }) => x);
    const pool = new CandidatePool(space, tried, deriveSeed(seed, trials.length));
    const aim = { goal: 'minimize' as const, incumbent: best[0]!.y };
    const parents = best.slice(0, PARENTS).map(({ x }) => x);
    const criterion = { criterion: 'expected_improvement' as const, level: 0.9 };
    return screen(pool, space, parents, (xs) => surrogateScores(surrogate, xs, aim, criterion))[0]!.x;
  };
}

/** In widths of the box: wide priors about what is common in the field, so that the likelihood decides. */
const PRIORS = {
  lengthScale: 0.5,
  lengthScaleSpread: 1,
  signal: 1,
  signalSpread: 1,
  noise: 1e-4,
  noiseSpread: 1.5,
};
const STARTS = [1, 0.25];

/**
 * The textbook's Gaussian process (Jones et al., 1998; Snoek et al., 2012): the box scaled to the unit cube, y standardised, Matérn 5/2 with a
 * length scale a parameter, all of it by the marginal likelihood from two starts, anew for every suggestion.
 */
function plainProcess(trials: readonly Measured[], space: SearchSpace): Surrogate {
  const ranges = [...space.parameters].map(([name, parameter]) => {
    if (parameter.type !== 'float') throw new Error(`${name}: the box of a test function is of numbers`);
    return { name, low: parameter.low, width: parameter.high - parameter.low };
  });
  const features = (xs: readonly JsonObject[]): FeatureMatrix => ({
    rows: xs.length,
    columns: ranges.length,
    values: Float64Array.from(
      xs.flatMap((x) => ranges.map(({ name, low, width }) => ((x[name] as number) - low) / width)),
    ),
    groups: Int32Array.from(ranges.keys()),
  });
  const mean = trials.reduce((sum, { y }) => sum + y, 0) / trials.length;
  const sd = Math.sqrt(trials.reduce((sum, { y }) => sum + (y - mean) ** 2, 0) / trials.length) || 1;
  const toScale = (y: number): number => (y - mean) / sd;
  const matrix = features(trials.map(({ x }) => x));
  const y = Float64Array.from(trials, (trial) => toScale(trial.y));
  const priors = logPriors(PRIORS, ranges.length);
  const posterior = new KernelPosterior(matrix, y, priors);
  const fits = STARTS.map((factor) => {
    const start = priors.mean.map((value, i) => (i < ranges.length ? value + Math.log(factor) : value));
    const options = { maxEvaluations: 60, maxMove: 1, tolerance: 1e-4 };
    return minimize((x, gradient) => posterior.negativeLog(x, gradient), start, options);
  });
  const best = fits.reduce((a, b) => (b.value < a.value ? b : a));
  const process = new ProcessPosterior(matrix, y, best.x);
  const fromScale = (z: number): number => mean + sd * z;
  return { bent: false, toScale, fromScale, predict: (xs) => process.predict(features(xs), false) };
}

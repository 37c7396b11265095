// Asks the model back: which experiments to run next. Any predictor of distributions will do. See docs/distribution.md.
import type { Distribution } from '../distribution.js';
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import { deriveSeed } from '../random.js';
import type { JsonObject, Objective, Trial } from '../types.js';
import { CandidatePool } from './candidates.js';
import { ACQUISITION_DEFAULTS, type AcquisitionOptions, type Aim, acquisitionOptions } from './criteria.js';
import { rank } from './rank.js';
import type { SearchSpace } from './search-space.js';

export interface SuggestOptions extends AcquisitionOptions {
  /** Experiments to suggest. */
  count: number;
  /** Asked for elsewhere and not measured yet: nothing near them is suggested. */
  pending: readonly JsonObject[];
  /** Candidates that the predictor is asked about in the first round. */
  candidates: number;
  /** Further rounds, each with half as many candidates, near the best so far. */
  rounds: number;
  /** Distance (see `SearchSpace.distance`) that suggestions of one batch keep from each other where they can. */
  apart: number;
}

export const SUGGEST_DEFAULTS: SuggestOptions = {
  ...ACQUISITION_DEFAULTS,
  count: 1,
  pending: [],
  candidates: 256,
  rounds: 2,
  apart: 0.1,
};

export interface Suggestion {
  x: JsonObject;
  /** What the predictor says of it; absent where it was not asked, as no experiment has been measured. */
  distribution?: Distribution;
  /** Of the criterion; greater is better. */
  score?: number;
}

/** The distribution of y for each of xs, in their order. */
export type PredictDistributions = (xs: readonly JsonObject[]) => Promise<readonly Distribution[]>;

export interface MeasuredStudy {
  objective: Objective;
  trials: readonly Trial[];
}

/** Parts of the candidates: even over the space, near the best trials, children of two of them. */
const GLOBAL = 0.5;
const LOCAL = 0.35;
/** Trials that candidates are made from. */
const PARENTS = 8;
/** Candidates that a further round looks around. */
const LEADERS = 8;
/** Distance below which two x are as good as one, and any candidate will do. */
const FINEST = 1e-3;

/**
 * Experiments to run next, the most promising first, all different, none tried before; fewer than `count` where the space
 * has no more. Before the first measurement they are a Latin hypercube of the space. The same study, space and options
 * give the same suggestions as long as `predict` gives the same distributions.
 * @throws TrainerError `acquisition` where the objective has no goal or an option is unknown or out of range
 */
export async function suggest(
  study: MeasuredStudy,
  space: SearchSpace,
  predict: PredictDistributions,
  options: Partial<SuggestOptions> = {},
): Promise<Suggestion[]> {
  const given = suggestOptions(options);
  // Another stream once there is another trial: the same candidates every time would leave the rest of the space unseen.
  const settings = { ...given, seed: deriveSeed(given.seed, study.trials.length) };
  const { goal, name } = study.objective;
  if (!goal) throw new TrainerError('acquisition', `objective '${name}' has no goal; give 'minimize' or 'maximize'.`);
  const pool = new CandidatePool(space, [...study.trials.map(({ x }) => x), ...settings.pending], settings.seed);
  if (study.trials.length === 0) {
    return pool.spread(settings.count).map((x) => ({ x }));
  }
  const sign = goal === 'minimize' ? 1 : -1;
  const measured = study.trials.filter((t): t is Trial & { y: number } => t.y !== null);
  const best = measured.toSorted((a, b) => sign * (a.y - b.y));
  const aim: Aim = { goal, incumbent: best[0]?.y };

  const asked: Asked[] = [];
  const ask = async (xs: readonly JsonObject[]): Promise<void> => {
    if (xs.length === 0) return;
    const distributions = await predict(xs);
    xs.forEach((x, i) => asked.push({ x, distribution: distributions[i]! }));
  };
  const parents = best.slice(0, PARENTS).map(({ x }) => x);
  const candidates = Math.max(settings.candidates, 2 * settings.count);
  await ask([
    ...pool.spread(Math.ceil(candidates * (parents.length > 0 ? GLOBAL : 1))),
    ...pool.near(parents, Math.floor(candidates * LOCAL)),
    ...pool.children(parents, Math.floor(candidates * (1 - GLOBAL - LOCAL))),
  ]);
  for (let round = 0; round < settings.rounds && asked.length > 0; round++) {
    const leaders = ranked(asked, aim, settings).slice(0, LEADERS);
    await ask(
      pool.near(
        leaders.map(({ x }) => x),
        Math.floor(candidates / 2),
      ),
    );
  }
  return pick(asked, aim, space, settings);
}

interface Asked {
  x: JsonObject;
  distribution: Distribution;
}

function ranked(asked: readonly Asked[], aim: Aim, options: AcquisitionOptions): (Asked & { score: number })[] {
  const { criterion, level, seed } = options;
  const order = rank(
    asked.map(({ distribution }) => distribution),
    aim,
    { criterion, level, seed },
  );
  return order.map(({ index, score }) => ({ ...asked[index]!, score }));
}

/**
 * A batch, one after the other: the best-ranked candidate that keeps its distance from those picked and pending. Where none
 * does, the distance is halved. Thompson draws anew for every place of the batch, which makes batches diverse by itself.
 */
function pick(asked: readonly Asked[], aim: Aim, space: SearchSpace, settings: SuggestOptions): Suggestion[] {
  const picked: Suggestion[] = [];
  const nearest = new Map(asked.map(({ x }) => [x, Number.POSITIVE_INFINITY]));
  const keepAway = (from: JsonObject): void => {
    for (const [x, distance] of nearest) nearest.set(x, Math.min(distance, space.distance(x, from)));
  };
  settings.pending.forEach(keepAway);
  let order = ranked(asked, aim, settings);
  while (picked.length < settings.count && nearest.size > 0) {
    if (settings.criterion === 'thompson' && picked.length > 0) {
      order = ranked(asked, aim, { ...settings, seed: deriveSeed(settings.seed, picked.length) });
    }
    const free = order.filter(({ x }) => nearest.has(x));
    let next: Suggestion | undefined;
    for (let { apart } = settings; !next; apart = apart > FINEST ? apart / 2 : 0) {
      next = free.find(({ x }) => nearest.get(x)! >= apart);
    }
    nearest.delete(next.x);
    keepAway(next.x);
    picked.push(next);
  }
  return picked;
}

function suggestOptions(options: Partial<SuggestOptions>): SuggestOptions {
  const known = Object.keys(SUGGEST_DEFAULTS);
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearestName(key, known);
    const advice = meant ? `did you mean '${meant}'?` : `known are ${known.join(', ')}.`;
    throw new TrainerError('acquisition', `suggest: there is no option '${key}'; ${advice}`);
  }
  const settings = { ...SUGGEST_DEFAULTS, ...options };
  const { criterion, level, seed } = settings;
  acquisitionOptions({ criterion, level, seed });
  for (const [key, least] of [
    ['count', 1],
    ['candidates', 1],
    ['rounds', 0],
  ] as const) {
    if (!Number.isSafeInteger(settings[key]) || settings[key] < least) {
      throw new TrainerError('acquisition', `${key} is ${settings[key]}; give an integer of at least ${least}.`);
    }
  }
  if (!(settings.apart >= 0 && settings.apart <= 1)) {
    throw new TrainerError('acquisition', `apart is ${settings.apart}; give a distance from 0 to 1.`);
  }
  return settings;
}

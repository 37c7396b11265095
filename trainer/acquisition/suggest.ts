// Asks the model back: which experiments to run next. Any predictor of distributions will do. See docs/suggest.md.
import type { Distribution } from '../distribution.js';
import { TrainerError } from '../errors.js';
import { deriveSeed } from '../random.js';
import type { JsonObject, Objective, Trial } from '../types.js';
import { pickBatch } from './batch.js';
import { CandidatePool } from './candidates.js';
import type { AcquisitionOptions, Aim } from './criteria.js';
import { rank } from './rank.js';
import { apart, screen } from './screening.js';
import type { SearchSpace } from './search-space.js';
import { type SuggestOptions, suggestOptions } from './suggest-options.js';
import { type Surrogate, surrogateScores } from './surrogate.js';

export interface Suggestion {
  x: JsonObject;
  /** What the predictor says of it; absent where it was not asked, as no experiment has ended. */
  distribution?: Distribution;
  /** Of the criterion; greater is better. */
  score?: number;
}

export interface Suggestions {
  /** Best first. */
  suggestions: Suggestion[];
  /** What improvement was measured from; absent where nothing was measured. */
  incumbent?: number;
}

/** Who is asked. */
export interface Oracle {
  /** The distribution of y for each of xs, in their order. */
  distributions(xs: readonly JsonObject[]): Promise<readonly Distribution[]>;
  /** Finds what to ask about; without one, candidates are drawn and the predictor is asked about all. */
  surrogate?: Surrogate | undefined;
}

export interface MeasuredStudy {
  objective: Objective;
  trials: readonly Trial[];
}

/** Parts of the candidates without a surrogate: even over the space, near the best trials, children of two of them. */
const GLOBAL = 0.5;
const LOCAL = 0.35;
/** Trials that candidates are made from. */
const PARENTS = 8;
/** Candidates that a further round looks around. */
const LEADERS = 8;
/** Distance that candidates from the surrogate keep: the model is asked about different ones. */
const CANDIDATES_APART = 0.01;

/**
 * Experiments to run next, the most promising first, all different, none tried before; fewer than `count` where the space
 * has no more. Before the first measurement they are a Latin hypercube of the space. The same study, space and options
 * give the same suggestions as long as the oracle gives the same answers.
 * @throws TrainerError `acquisition` where the objective has no goal or an option is unknown or out of range
 */
export async function suggest(
  study: MeasuredStudy,
  space: SearchSpace,
  oracle: Oracle,
  options: Partial<SuggestOptions> = {},
): Promise<Suggestions> {
  const given = suggestOptions(options);
  // Another stream once there is another trial: the same candidates every time would leave the rest of the space unseen.
  const settings = { ...given, seed: deriveSeed(given.seed, study.trials.length) };
  const { goal, name } = study.objective;
  if (!goal) throw new TrainerError('acquisition', `objective '${name}' has no goal; give 'minimize' or 'maximize'.`);
  const pool = new CandidatePool(space, [...study.trials.map(({ x }) => x), ...settings.pending], settings.seed);
  if (study.trials.length === 0) return { suggestions: pool.spread(settings.count).map((x) => ({ x })) };
  const sign = goal === 'minimize' ? 1 : -1;
  const measured = study.trials.filter((t): t is Trial & { y: number } => t.y !== null);
  const best = measured.toSorted((a, b) => sign * (a.y - b.y));
  const aim: Aim = { goal, incumbent: best[0]?.y };
  const parents = best.slice(0, PARENTS).map(({ x }) => x);

  const asked: Asked[] = [];
  const ask = async (xs: readonly JsonObject[]): Promise<void> => {
    if (xs.length === 0) return;
    const distributions = await oracle.distributions(xs);
    xs.forEach((x, i) => asked.push({ x, distribution: distributions[i]! }));
  };
  const count = Math.max(settings.candidates, 2 * settings.count);
  await ask(candidates(pool, space, parents, count, aim, settings, oracle.surrogate));
  for (let round = 0; round < settings.rounds && asked.length > 0; round++) {
    const leaders = ranked(asked, aim, settings).slice(0, LEADERS);
    await ask(
      pool.near(
        leaders.map(({ x }) => x),
        Math.floor(count / 2),
      ),
    );
  }
  const anew = settings.criterion === 'thompson';
  const suggestions = pickBatch((seed) => ranked(asked, aim, { ...settings, seed }), anew, space, settings);
  return aim.incumbent === undefined ? { suggestions } : { suggestions, incumbent: aim.incumbent };
}

/** The x that the model is asked about first. */
function candidates(
  pool: CandidatePool,
  space: SearchSpace,
  parents: readonly JsonObject[],
  count: number,
  aim: Aim,
  settings: SuggestOptions,
  surrogate: Surrogate | undefined,
): JsonObject[] {
  if (surrogate) {
    const screened = screen(pool, space, parents, (xs) => surrogateScores(surrogate, xs, aim, settings));
    // A batch needs some to choose from, however far the best one is ahead.
    const least = settings.count === 1 ? 1 : 4 * settings.count;
    const limit = screened[0] ? screened[0].score - settings.slack : 0;
    const promising = screened.filter(({ score }, place) => score >= limit || place < least);
    return apart(promising, space, count, CANDIDATES_APART).map(({ x }) => x);
  }
  return [
    ...pool.spread(Math.ceil(count * (parents.length > 0 ? GLOBAL : 1))),
    ...pool.near(parents, Math.floor(count * LOCAL)),
    ...pool.children(parents, Math.floor(count * (1 - GLOBAL - LOCAL))),
  ];
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

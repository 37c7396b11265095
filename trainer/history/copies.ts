// Relatives that are the study itself under another id, as when a file is imported twice. They know the very trials that are left out to see
// how well history speaks: they seem never to err, and would be believed as much where nothing was measured.
import type { JsonObject } from '../types.js';
import { type Relative, togetherOne } from './alike.js';
import type { KnownStudy, KnownTrial } from './known-studies.js';

/** Trials that a study and a relative have to share, with as many different y, before they can be told to be copies. */
const LEAST_SHARED = 3;
/** Share of them with the very same y. Two experiments with noise never agree so; two without are one. */
const LEAST_EQUAL = 0.9;

/**
 * The relatives as they may speak to a study with these trials. Of a copy only those trials are kept that the study does not
 * have, and where these are fewer than those that both have, nothing: they may be the ones that are asked about.
 * @returns the same list where there is no copy
 */
export function withoutCopies(relatives: readonly Relative[], trials: readonly KnownTrial[]): readonly Relative[] {
  if (trials.length < LEAST_SHARED) return relatives;
  const own = outcomesByX(trials);
  if (!relatives.some(({ study }) => isCopy(study, own))) return relatives;
  const kept = relatives.flatMap((relative): Relative[] => {
    const { study, weight } = relative;
    if (!isCopy(study, own)) return [relative];
    const rest = study.trials.filter(({ x }) => !own.has(keyOf(x)));
    return 2 * rest.length > study.trials.length ? [{ study: { ...study, trials: rest }, weight }] : [];
  });
  return togetherOne(kept);
}

type Outcomes = ReadonlyMap<string, ReadonlySet<number>>;

function isCopy(study: KnownStudy, own: Outcomes): boolean {
  const theirs = knownOutcomes(study);
  let [shared, equal] = [0, 0];
  const values = new Set<number>();
  for (const [x, ys] of own) {
    const others = theirs.get(x);
    if (!others) continue;
    shared++;
    const same = [...ys].find((y) => others.has(y));
    if (same === undefined) continue;
    equal++;
    values.add(same);
  }
  return values.size >= LEAST_SHARED && equal >= LEAST_EQUAL * shared;
}

const known = new WeakMap<KnownStudy, Outcomes>();

function knownOutcomes(study: KnownStudy): Outcomes {
  let outcomes = known.get(study);
  if (!outcomes) {
    outcomes = outcomesByX(study.trials);
    known.set(study, outcomes);
  }
  return outcomes;
}

function outcomesByX(trials: readonly KnownTrial[]): Outcomes {
  const outcomes = new Map<string, Set<number>>();
  for (const { x, y } of trials) {
    const key = keyOf(x);
    const ys = outcomes.get(key);
    if (ys) ys.add(y);
    else outcomes.set(key, new Set([y]));
  }
  return outcomes;
}

const keyOf = (x: JsonObject): string => JSON.stringify(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)));

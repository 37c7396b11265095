// What is kept of the studies that a model learned from: some trials of each, for what they say about studies to come.
import { Random } from '../random.js';
import { drawFew } from '../study-source.js';
import { thin } from '../thin.js';
import type { JsonObject, Objective, StudyHead, StudySource } from '../types.js';

/** A measured trial of a study that is known. */
export interface KnownTrial {
  x: JsonObject;
  y: number;
}

/** A study seen through one of its objectives, with an even choice of its measured trials. */
export interface KnownStudy {
  id: string;
  metadata: JsonObject;
  objective: Objective;
  trials: readonly KnownTrial[];
}

/** Trials kept a study: more would hardly change its fit. */
const MAX_TRIALS = 1000;
/** Trials kept in all: what is held in memory, and written with a model, stays bounded however many studies there are. */
const MAX_ALL_TRIALS = 48_000;
const SEED = 1;
const TRIAL_STREAM = 0x726f7773;

/** Names a study and what it measures: of a study with several objectives each is known on its own. */
export const keyOfKnown = ({ id, objective }: Pick<StudyHead, 'id' | 'objective'>): string =>
  JSON.stringify([id, objective.name]);

const shareOf = (studies: number): number =>
  Math.max(1, Math.min(MAX_TRIALS, Math.floor(MAX_ALL_TRIALS / Math.max(1, studies))));

/** Of each study at most its share of all trials that are kept, drawn evenly; studies without any measured trial have none. */
export async function collectKnown(studies: readonly StudySource[]): Promise<KnownStudy[]> {
  const share = shareOf(studies.length);
  const known: KnownStudy[] = [];
  for (const [index, study] of studies.entries()) {
    const outcomes = await study.outcomes();
    const measured = Int32Array.from(outcomes.keys()).filter((position) => !Number.isNaN(outcomes[position]!));
    const drawn = drawFew(measured, share, new Random(SEED, TRIAL_STREAM, index));
    const trials = await study.read(drawn);
    if (trials.length === 0) continue;
    known.push(
      knownStudy(
        study,
        Array.from(drawn, (position, i) => ({ x: trials[i]!.x, y: outcomes[position]! })),
      ),
    );
  }
  return known;
}

export function knownStudy({ id, metadata, objective }: StudyHead, trials: readonly KnownTrial[]): KnownStudy {
  return { id, metadata, objective, trials };
}

/** What the parent model knew stays known, but for the studies that are learned anew; never more trials than are kept in all. */
export function mergeKnown(own: readonly KnownStudy[], parents: readonly KnownStudy[]): KnownStudy[] {
  const learned = new Set(own.map(({ id }) => id));
  const all = [...own, ...parents.filter(({ id }) => !learned.has(id))].slice(0, MAX_ALL_TRIALS);
  const total = all.reduce((sum, { trials }) => sum + trials.length, 0);
  if (total <= MAX_ALL_TRIALS) return all;
  const share = shareOf(all.length);
  return all.map((study) => ({ ...study, trials: thin(study.trials, share) }));
}

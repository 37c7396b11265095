// Studies as the trainer wants them: one view an objective, with finished trials only; whole, or as sources that read them when asked.
import type { Store } from '../store/store.js';
import type { FinishedTrial, NewStudy, Study } from '../store/types.js';
import type { StudyData, StudyHead, StudySource, Trial } from '../trainer/types.js';

/**
 * The trials that a job's snapshot holds of the study, through each of its objectives, in the order they were finished in.
 * In memory is what was measured, 8 bytes a trial and as much again an objective; parameters are read when they are asked for,
 * and with them what the other objectives measured, in the same query.
 * The store must stay open as long as they are.
 * @throws study_not_found
 */
export async function studySources(store: Store, study: Study, until: number): Promise<StudySource[]> {
  const { finishSeqs, y } = await store.outcomes(study.id, until);
  return studyHeads(study).map((head, i) => ({
    ...head,
    trials: finishSeqs.length,
    // A finished trial never changes, and the trials up to a number in the order of finish are the same for ever.
    version: `${study.id}@${until}`,
    outcomes: async () => y[i]!,
    read: async (positions) => {
      const seqs = Float64Array.from(positions, (position) => finishSeqs[position]!);
      return viewsOf(study, await store.trialsAt(study.id, seqs))(i);
    },
  }));
}

/**
 * The latest trials of the study, in the order they were finished in.
 * @param limit of their number @param characters of their parameters together, as JSON
 * @throws study_not_found
 */
export async function latestTrials(
  store: Store,
  studyId: string,
  limit: number,
  characters: number,
): Promise<FinishedTrial[]> {
  return (await store.finishedTrials(studyId, { limit, characters, order: 'desc' })).reverse();
}

/** The study seen through each of its objectives, in their order. */
export function studyData(study: Study, trials: FinishedTrial[]): StudyData[] {
  const view = viewsOf(study, trials);
  return studyHeads(study).map((head, i) => ({ ...head, trials: view(i) }));
}

/** A study that is described and not stored, through each of its objectives. */
export function describedViews(study: NewStudy): StudyData[] {
  return studyHeads({ id: '', ...study }).map((head) => ({ ...head, trials: [] }));
}

function studyHeads({ id, name, metadata, objectives }: NewStudy & { id: string }): StudyHead[] {
  return objectives.map((objective) => {
    const head = { metadata: { name, ...metadata }, objective };
    if (objectives.length === 1) return { id, ...head };
    const others = objectives.filter((other) => other !== objective).map((other) => other.name);
    // The trainer holds back trials by study: the views of one study need names of their own.
    return { id: `${id}/${objective.name}`, ...head, others };
  });
}

/** The trials through each objective. All views share one record of what a trial measured. */
function viewsOf({ objectives }: Study, trials: readonly FinishedTrial[]): (objective: number) => Trial[] {
  const several = objectives.length > 1;
  const measured = trials.map(({ y }) =>
    // fromEntries makes own properties of any name, where assignment would fall for some.
    several && y ? { measured: Object.fromEntries(objectives.map(({ name }, i) => [name, y[i]!])) } : undefined,
  );
  return (objective) => trials.map(({ x, y }, t) => ({ x, y: y === null ? null : y[objective]!, ...measured[t] }));
}

// Studies as the trainer wants them: one view an objective, with finished trials only; whole, or as sources that read them when asked.
import type { Store } from '../store/store.js';
import type { FinishedTrial, Study } from '../store/types.js';
import type { StudyData, StudyHead, StudySource, Trial } from '../trainer/types.js';

/**
 * The trials that a job's snapshot holds of the study, through each of its objectives, in the order they were finished in.
 * In memory is what was measured, 8 bytes a trial and as much again an objective; parameters are read when they are asked for.
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
      return (await store.trialsAt(study.id, seqs)).map((trial) => viewOf(trial, i));
    },
  }));
}

/** The latest `limit` trials of the study, in the order they were finished in. @throws study_not_found */
export async function latestTrials(store: Store, studyId: string, limit: number): Promise<FinishedTrial[]> {
  return (await store.finishedTrials(studyId, { limit, order: 'desc' })).reverse();
}

/** The study seen through each of its objectives, in their order. */
export function studyData(study: Study, trials: FinishedTrial[]): StudyData[] {
  return studyHeads(study).map((head, i) => ({ ...head, trials: trials.map((trial) => viewOf(trial, i)) }));
}

function studyHeads(study: Study): StudyHead[] {
  return study.objectives.map((objective) => ({
    // The trainer holds back trials by study: the views of one study need names of their own.
    id: study.objectives.length === 1 ? study.id : `${study.id}/${objective.name}`,
    metadata: { name: study.name, ...study.metadata },
    objective,
  }));
}

function viewOf({ x, y }: FinishedTrial, objective: number): Trial {
  return { x, y: y === null ? null : y[objective]! };
}

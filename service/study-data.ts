// Studies as the trainer wants them: one StudyData per objective, with finished trials only.
import type { Store } from '../store/store.js';
import type { FinishedTrial, Study } from '../store/types.js';
import type { StudyData } from '../trainer/types.js';

/** Read at once; bounds the time that a thread is busy with the database. */
const PAGE = 5000;

/** All trials that a job's snapshot holds of the study, in the order they were finished in. @throws study_not_found */
export async function snapshotTrials(store: Store, studyId: string, until: number): Promise<FinishedTrial[]> {
  const trials: FinishedTrial[] = [];
  for (;;) {
    const page = await store.finishedTrials(studyId, { after: trials.at(-1)?.finishSeq ?? 0, until, limit: PAGE });
    trials.push(...page);
    if (page.length < PAGE) return trials;
  }
}

/** The latest `limit` trials of the study, in the order they were finished in. @throws study_not_found */
export async function latestTrials(store: Store, studyId: string, limit: number): Promise<FinishedTrial[]> {
  return (await store.finishedTrials(studyId, { limit, order: 'desc' })).reverse();
}

/** The study seen through each of its objectives, in their order. */
export function studyData(study: Study, trials: FinishedTrial[]): StudyData[] {
  return study.objectives.map((objective, i) => ({
    // The trainer holds back trials by study: the views of one study need names of their own.
    id: study.objectives.length === 1 ? study.id : `${study.id}/${objective.name}`,
    metadata: { name: study.name, ...study.metadata },
    objective,
    trials: trials.map(({ x, y }) => ({ x, y: y === null ? null : y[i]! })),
  }));
}

// Studies whose finished trials are kept ready, until there are more of them.
import type { Store } from '../../store/store.js';
import type { StudyData } from '../../trainer/types.js';
import { latestTrials, studyData } from '../study-data.js';
import { LruCache } from './lru-cache.js';

const CACHED_STUDIES = 16;

export class StudyCache {
  private readonly studies = new LruCache<StudyData[]>(CACHED_STUDIES);

  /** @param maxTrials the latest this many of a study are read */
  constructor(
    private readonly store: Store,
    private readonly maxTrials: number,
  ) {}

  /** The study as it stands, seen through each of its objectives, in their order. */
  async views(id: string): Promise<StudyData[]> {
    const study = await this.store.getStudy(id);
    if (study === null) throw new Error(`${id} is not in the database`);
    // A finished trial never changes: as many of them are the same ones.
    const version = String(study.counts.completed + study.counts.infeasible);
    const read = async () => {
      const views = studyData(study, await latestTrials(this.store, id, this.maxTrials));
      return views.map((view) => ({ ...view, version }));
    };
    return this.studies.use(`${id}@${version}`, read, async (views) => views);
  }
}

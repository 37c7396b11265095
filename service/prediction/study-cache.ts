// Studies whose finished trials are kept ready, until there are more of them.
import type { Store } from '../../store/store.js';
import type { StudyData } from '../../trainer/types.js';
import { latestTrials, studyData } from '../study-data.js';
import { LruCache } from './lru-cache.js';

const CACHED_STUDIES = 16;

export interface CachedStudy {
  /** The study as it stands, seen through each of its objectives, in their order. */
  views: StudyData[];
  /** Ids of its trials, in the order that they have in every view. */
  trialIds: readonly string[];
}

export class StudyCache {
  private readonly studies = new LruCache<CachedStudy>(CACHED_STUDIES);

  /** @param maxTrials the latest this many of a study are read @param maxCharacters and no more than these hold, as JSON */
  constructor(
    private readonly store: Store,
    private readonly maxTrials: number,
    private readonly maxCharacters: number,
  ) {}

  async read(id: string): Promise<CachedStudy> {
    const study = await this.store.getStudy(id);
    if (study === null) throw new Error(`${id} is not in the database`);
    // A finished trial never changes: as many of them are the same ones, under the same name and metadata.
    const finished = study.counts.completed + study.counts.infeasible;
    const version = study.revision === 0 ? String(finished) : `${finished}.${study.revision}`;
    const make = async (): Promise<CachedStudy> => {
      const trials = await latestTrials(this.store, id, this.maxTrials, this.maxCharacters);
      const views = studyData(study, trials).map((view) => ({ ...view, version }));
      return { views, trialIds: trials.map((trial) => trial.id) };
    };
    return this.studies.use(`${id}@${version}`, make, async (read) => read);
  }
}

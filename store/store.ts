// What the service asks of its memory. Asynchronous and silent about SQLite, so that another database can stand behind it.
// Every promise of a write resolves only after the write is on disk. Errors are StoreErrors.
import type {
  ApiKey,
  Checkpoint,
  FinishedTrial,
  Idempotency,
  Import,
  ImportStatus,
  ImportStep,
  Job,
  JobEvent,
  JobKind,
  JobOutcome,
  JobProgress,
  JobStatus,
  JsonObject,
  Lease,
  Model,
  ModelHead,
  NewApiKey,
  NewImport,
  NewJob,
  NewJobEvent,
  NewStudy,
  NewTrial,
  Outcomes,
  Page,
  PageRequest,
  Reject,
  StoredResponse,
  Study,
  StudyChange,
  Trial,
  TrialOutcome,
  TrialStatus,
  Written,
} from './types.js';

/** Called with the record as it stands, inside the write that would change it: what it throws, the write throws, and is not done. */
export type Expect<T> = (current: T) => void;

export interface StudyStore {
  createStudy(study: NewStudy, once?: Idempotency<Study>): Promise<Written<Study>>;
  /** Null where there is none. */
  getStudy(id: string): Promise<Study | null>;
  /** @throws study_not_found, study_in_use where name or metadata are to change under a job that reads them */
  updateStudy(id: string, change: StudyChange, expect?: Expect<Study>): Promise<Study>;
  /** Gone for every reader at once; its trials go with `purgeStudies`. @throws study_not_found, study_in_use */
  deleteStudy(id: string, expect?: Expect<Study>): Promise<void>;
  /** Removes up to `limit` trials of deleted studies. @returns whether there is more to do */
  purgeStudies(limit: number): Promise<boolean>;
  /** @throws cursor_not_found */
  listStudies(page: PageRequest, filter?: { name?: string }): Promise<Page<Study>>;
}

export interface TrialStore {
  /**
   * Writes all of them in one transaction, in their order.
   * @throws study_not_found, idempotency_key_reused
   */
  createTrials(studyId: string, trials: NewTrial[], once?: Idempotency<Trial[]>): Promise<Written<Trial[]>>;
  getTrial(studyId: string, trialId: string): Promise<Trial | null>;
  /** @throws study_not_found, cursor_not_found */
  listTrials(studyId: string, page: PageRequest, filter?: { status?: TrialStatus }): Promise<Page<Trial>>;
  /**
   * Ends a running trial. A finished trial never changes again: snapshots rely on it.
   * @throws trial_not_found, trial_already_finished, idempotency_key_reused
   */
  finishTrial(
    studyId: string,
    trialId: string,
    outcome: TrialOutcome,
    once?: Idempotency<Trial>,
    expect?: Expect<Trial>,
  ): Promise<Written<Trial>>;
  /**
   * Up to `limit` finished trials with `after` < finishSeq <= `until`, in that order or against it: to read a study of
   * any size piece by piece, and the same pieces again later. None is added once they hold so many `characters`.
   * @throws study_not_found
   */
  finishedTrials(
    studyId: string,
    range: { after?: number; until?: number; limit: number; order?: 'asc' | 'desc'; characters?: number },
  ): Promise<FinishedTrial[]>;
  /**
   * What all finished trials with finishSeq <= `until` measured, in the order they were finished in: for a study of a
   * million trials, of which only some are read whole.
   * @throws study_not_found
   */
  outcomes(studyId: string, until: number): Promise<Outcomes>;
  /**
   * The finished trials with these finishSeqs, in this order.
   * @throws study_not_found, trial_not_found
   */
  trialsAt(studyId: string, finishSeqs: ArrayLike<number>): Promise<FinishedTrial[]>;
}

export interface ImportStore {
  /** @throws study_not_found, idempotency_key_reused */
  createImport(made: NewImport, once?: Idempotency<Import>): Promise<Written<Import>>;
  getImport(id: string): Promise<Import | null>;
  /** The import of a request that brought its rows along under this key, and the hash of that request. */
  importOfKey(key: string): Promise<{ import: Import; requestHash: string } | null>;
  /** By status or by source, or all. @throws cursor_not_found */
  listImports(page: PageRequest, filter?: { status: ImportStatus } | { source: string }): Promise<Page<Import>>;
  /**
   * Writes rows and how far they bring the import in one transaction. A failed import that gets more rows is open again.
   * @throws import_not_found, import_not_open, study_not_found, import_moved where it is not at `from`
   */
  stepImport(id: string, step: ImportStep): Promise<Import>;
  /** Its rows stay. @throws import_not_found, import_not_open unless it was cancelled, idempotency_key_reused */
  cancelImport(id: string, once?: Idempotency<Import>): Promise<Written<Import>>;
  /** Up to `limit` rejected rows with place > `after`, in order. @throws import_not_found */
  listRejects(id: string, page: { after: number; limit: number }): Promise<Page<Reject>>;
}

export interface JobStore {
  /**
   * Queues a job on the trials that its studies hold now.
   * @throws study_not_found, model_not_found, too_few_trials, idempotency_key_reused
   */
  createJob(job: NewJob, once?: Idempotency<Job>): Promise<Written<Job>>;
  getJob(id: string): Promise<Job | null>;
  /** @throws cursor_not_found */
  listJobs(page: PageRequest, filter: { kind: JobKind }): Promise<Page<Job>>;
  countJobs(): Promise<Record<JobStatus, number>>;
  /**
   * Ends a queued job, or marks a running one for its worker to stop.
   * @throws job_not_found, job_already_finished unless it was cancelled, idempotency_key_reused
   */
  cancelJob(id: string, once?: Idempotency<Job>, expect?: Expect<Job>): Promise<Written<Job>>;
  /**
   * Takes the oldest job that is queued, or running under a lease that has run out. Null where there is none.
   * The same job is never given to two owners at once.
   */
  claimJob(owner: string, leaseMs: number): Promise<{ job: Job; lease: Lease } | null>;
  /** @throws lease_lost */
  renewLease(lease: Lease, leaseMs: number): Promise<{ cancelRequested: boolean }>;
  /** Gives an unfinished job back, so that it can be claimed at once. @throws lease_lost */
  releaseJob(lease: Lease): Promise<void>;
  /** @throws lease_lost */
  appendEvents(lease: Lease, events: NewJobEvent[], progress?: JobProgress): Promise<void>;
  /** Ends the job and, where one was made, registers its model or keeps its report, together. @throws lease_lost */
  finishJob(lease: Lease, outcome: JobOutcome): Promise<Job>;
  /** What an evaluation found; null where it has not, or not yet. @throws job_not_found */
  jobReport(jobId: string): Promise<JsonObject | null>;
  /** Up to `limit` checkpoints with seq > `after`, in order. @throws job_not_found */
  listCheckpoints(jobId: string, page: { after: number; limit: number }): Promise<Page<Checkpoint>>;
  /** Up to `limit` events with seq > `after`, in order. @throws job_not_found */
  listEvents(jobId: string, page: { after: number; limit: number }): Promise<Page<JobEvent>>;
}

export interface ModelStore {
  getModel(id: string): Promise<Model | null>;
  /** @param filter those that came of a model, or stand beside it @throws cursor_not_found */
  listModels(page: PageRequest, filter?: { parent?: string; base?: string }): Promise<Page<Model>>;
  /** @throws model_not_found, model_in_use where an adapter stands beside it or a job that has not ended needs it */
  deleteModel(id: string, expect?: Expect<Model>): Promise<Model>;
  /** The newest published whole model. */
  newestModel(): Promise<ModelHead | null>;
  /** Published models, adapters among them, that were trained on the study: the newest `limit`, newest first. */
  modelsOfStudy(studyId: string, limit: number): Promise<ModelHead[]>;
}

export interface KeyStore {
  createKey(key: NewApiKey, once?: Idempotency<ApiKey>): Promise<Written<ApiKey>>;
  getKey(id: string): Promise<ApiKey | null>;
  /** @throws cursor_not_found */
  listKeys(page: PageRequest): Promise<Page<ApiKey>>;
  /** The key that begins so. It may have expired. */
  findKey(prefix: string): Promise<ApiKey | null>;
  /** Whether there is any key at all, expired or not. */
  hasKeys(): Promise<boolean>;
  /** Remembers that the key was used. */
  touchKey(id: string): Promise<void>;
  /** @throws key_not_found, last_admin_key unless `evenLast` */
  deleteKey(id: string, options?: { evenLast?: boolean; expect?: Expect<ApiKey> | undefined }): Promise<void>;
}

/** Answers that are given again to the same request. */
export interface AnswerStore {
  /** What the request was answered before; null: it is new. @throws idempotency_key_reused */
  recall<T>(once: Idempotency<T>): Promise<StoredResponse | null>;
  /** Keeps the answer that was made of `value`, or gives the one that was kept meanwhile. @throws idempotency_key_reused */
  remember<T>(once: Idempotency<T>, value: T): Promise<Written<T>>;
}

export interface Store extends StudyStore, TrialStore, ImportStore, JobStore, ModelStore, KeyStore, AnswerStore {
  /** Rejects unless the database answers. */
  ping(): Promise<void>;
  /** Size of the database, without what is written to it and not merged yet. */
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

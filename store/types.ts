// The records that a store keeps, as plain data. Times are Dates, ids carry the prefix of their kind.

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Objective {
  name: string;
  goal?: 'minimize' | 'maximize';
  unit?: string;
}

export interface NewStudy {
  name: string;
  metadata: JsonObject;
  /** 1 to 8, names distinct. */
  objectives: Objective[];
  /** Where x may go, as the trainer's SearchSpace reads it; absent: not declared. */
  searchSpace?: JsonObject;
}

export interface Study extends NewStudy {
  id: string;
  /** Grows with every change of the study and every write to its trials. */
  version: number;
  /** Counts the changes of name and metadata. */
  revision: number;
  counts: Record<TrialStatus, number>;
  createdAt: Date;
}

/** What is to be different; what is absent stays. */
export interface StudyChange {
  name?: string;
  metadata?: JsonObject;
  /** Null: no longer declared. */
  searchSpace?: JsonObject | null;
}

export type TrialStatus = 'completed' | 'running' | 'infeasible';

export interface NewTrial {
  status: TrialStatus;
  x: JsonObject;
  /** One number per objective, in their order; null unless completed. */
  y: number[] | null;
  infeasibleReason: string | null;
  metadata: JsonObject;
}

export interface Trial extends NewTrial {
  id: string;
  studyId: string;
  createdAt: Date;
  /** When it was measured or failed; null while running. */
  completedAt: Date | null;
}

/** How a running trial ended. */
export type TrialOutcome = { status: 'completed'; y: number[] } | { status: 'infeasible'; reason: string | null };

/** A completed or infeasible trial, as trainings and predictions read it. */
export interface FinishedTrial {
  id: string;
  /** Place in the order in which all trials of the store were finished; the set below any number never changes. */
  finishSeq: number;
  x: JsonObject;
  y: number[] | null;
}

/** Finished trials without their parameters: 8 bytes a trial, and 8 more an objective. */
export interface Outcomes {
  /** Ascending. */
  finishSeqs: Float64Array;
  /** One array an objective: y of each trial, NaN where it is infeasible. */
  y: Float64Array[];
}

export type ImportStatus = 'open' | 'completed' | 'failed' | 'cancelled';

export interface NewImport {
  /** As it was asked for; what is in it the store does not read. */
  request: JsonObject;
  /** What the rows come from, in the client's words. */
  source: string | null;
  /** Study to add to; null: one is made with the first good row. */
  studyId: string | null;
  /** How columns are read, where that is known from the start. */
  plan: JsonObject | null;
  /** Of a request that brings its rows along, to find the import again when it is sent again. */
  key: { value: string; requestHash: string } | null;
}

/** How far an import has come in its table. */
export interface ImportPosition {
  /** Bytes that are dealt with: up to the end of a row. */
  bytes: number;
  /** CRC-32 of these bytes. */
  checksum: number;
  /** Number of the next line, from 1. */
  line: number;
  /** Rows in these bytes, the rejected ones too. */
  rows: number;
}

export interface Import extends ImportPosition {
  id: string;
  status: ImportStatus;
  request: JsonObject;
  source: string | null;
  studyId: string | null;
  plan: JsonObject | null;
  imported: number;
  /** Of those imported. */
  infeasible: number;
  rejected: number;
  /** Why it failed. */
  error: JsonObject | null;
  createdAt: Date;
  updatedAt: Date;
  finishedAt: Date | null;
}

/** A trial whose objects are JSON text already, as the store keeps them. */
export interface TrialText {
  status: TrialStatus;
  x: string;
  y: string | null;
  infeasibleReason: string | null;
  metadata: string;
}

/** A row of a table that is no trial. */
export interface Reject {
  /** Among the table's rows, from 0. */
  place: number;
  line: number;
  /** Its bytes in the table. */
  start: number;
  bytes: number;
  errors: JsonObject[];
}

/** What is written together: rows, and how far they bring the import. */
export interface ImportStep {
  /** `bytes` of the import before. */
  from: number;
  to: ImportPosition;
  trials: readonly TrialText[];
  rejects: readonly Reject[];
  plan: JsonObject | null;
  /** The study to make where the import has none yet and there is a trial. */
  study: NewStudy | null;
  /** Absent: more is to come. */
  end?: { status: 'completed' } | { status: 'failed'; error: JsonObject };
}

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** What a job does: train a model, or measure how good one is. */
export type JobKind = 'fine_tuning' | 'evaluation';

export interface NewJob {
  kind: JobKind;
  /** As it was asked for, kept for the record. */
  request: JsonObject;
  /** Ids of the studies to learn from; 'all' means all there are now. */
  studies: string[] | 'all';
  /** Model to start from; 'newest' means the newest published one, if any; null: random weights. */
  parent: string | 'newest' | null;
  hyperparameters: JsonObject;
  seed: number;
  /** Completed trials that the studies need to have together, else `too_few_trials`. */
  minTrials: number;
}

/** Of a training. */
export interface TrainingProgress {
  step: number;
  steps: number;
  loss: number;
  tokensPerSecond: number;
  etaSeconds: number;
}

/** Of an evaluation. */
export interface EvaluationProgress {
  done: number;
  total: number;
  etaSeconds: number;
}

export type JobProgress = TrainingProgress | EvaluationProgress;

export interface Job {
  id: string;
  kind: JobKind;
  status: JobStatus;
  request: JsonObject;
  studies: string[];
  parent: string | null;
  /** Its trials are those of its studies with `finishSeq` up to this. */
  snapshot: number;
  trialCount: number;
  /** As asked for; after success with every default resolved. */
  hyperparameters: JsonObject;
  seed: number;
  cancelRequested: boolean;
  /** How often it was started. */
  attempt: number;
  progress: JobProgress | null;
  outcome: 'published' | 'kept_parent' | null;
  reason: string | null;
  metrics: Record<string, number> | null;
  modelId: string | null;
  error: { code: string; message: string } | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** Right to run a job: good until it expires unless renewed, void once another attempt has begun. */
export interface Lease {
  jobId: string;
  /** The fence: every write of the worker names it. */
  attempt: number;
}

export type EventType = 'status' | 'phase' | 'prepare' | 'step' | 'validation' | 'checkpoint' | 'progress' | 'log';

export interface NewJobEvent {
  type: EventType;
  level: 'info' | 'warn' | 'error';
  message: string;
  data: JsonObject;
}

export interface JobEvent extends NewJobEvent {
  /** Counts the job's events from 1. */
  seq: number;
  createdAt: Date;
}

/** A point that a training could have gone on from. */
export interface Checkpoint {
  jobId: string;
  /** Of its event; checkpoints of a job are ordered by it. */
  seq: number;
  step: number;
  createdAt: Date;
}

export type JobOutcome =
  | {
      status: 'succeeded';
      /** `kept_parent`: the model has its parent's weights, and knows the studies. */
      outcome: 'published' | 'kept_parent';
      reason: string;
      metrics: Record<string, number>;
      config: JsonObject;
      model: NewModel;
    }
  /** An evaluation: its report is kept beside the job. */
  | { status: 'succeeded'; outcome: 'evaluated'; reason: string; report: JsonObject }
  | { status: 'failed'; code: string; message: string }
  | { status: 'cancelled' };

export interface NewModel {
  id: string;
  /** Where its files are, in the words of whatever keeps them. */
  directory: string;
  /** The model that an adapter stands beside; null for a whole model. */
  base: string | null;
}

/** A model without the list of its studies, which may be long. */
export interface ModelHead extends NewModel {
  parent: string | null;
  jobId: string;
  published: boolean;
  metrics: Record<string, number>;
  config: JsonObject;
  createdAt: Date;
}

export interface Model extends ModelHead {
  studyIds: string[];
}

/** What a key may do; each includes the ones before it. */
export type Scope = 'read' | 'write' | 'admin';

export interface NewApiKey {
  name: string;
  scope: Scope;
  /** The key's first characters: no two keys have the same. */
  prefix: string;
  /** SHA-256 of the whole key. */
  hash: Uint8Array;
  expiresAt: Date | null;
}

export interface ApiKey extends NewApiKey {
  id: string;
  createdAt: Date;
  /** To the minute; null: never. */
  lastUsedAt: Date | null;
}

/** A page of a list: those behind the one with id `after`, in order of creation. */
export interface PageRequest {
  limit: number;
  after?: string;
  order: 'asc' | 'desc';
}

export interface Page<T> {
  data: T[];
  hasMore: boolean;
}

/** An answer that was given once and is to be given again to the same request. */
export interface StoredResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Makes a write happen once per key. `respond` is called inside the write's transaction and its answer is kept with
 * it, so the write and the memory of it are on disk together or not at all.
 */
export interface Idempotency<T> {
  key: string;
  /** Method and path. */
  operation: string;
  /** Hash of everything that makes the request what it is; another one with the same key is refused. */
  requestHash: string;
  respond: (value: T) => StoredResponse;
}

export type Written<T> = { replayed: false; value: T } | { replayed: true; response: StoredResponse };

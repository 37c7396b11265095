// From the rows of the database to the records of the store.
import type {
  EventRow,
  FinishedTrialRow,
  ImportRow,
  JobRow,
  KeyRow,
  ModelRow,
  RejectRow,
  StudyRow,
  TrialRow,
} from './statements.js';
import type {
  ApiKey,
  FinishedTrial,
  Import,
  Job,
  JobEvent,
  JobProgress,
  JsonObject,
  ModelHead,
  Objective,
  Outcomes,
  Reject,
  Study,
  Trial,
} from './types.js';

// What the store wrote itself it may read back as the type it was: CHECK (json_valid) and STRICT tables hold the rest.
const object = (json: string) => JSON.parse(json) as JsonObject;
const numbers = (json: string | null) => (json === null ? null : (JSON.parse(json) as number[]));
const metrics = (json: string) => JSON.parse(json) as Record<string, number>;
const time = (ms: number | null) => (ms === null ? null : new Date(ms));

export function toStudy(row: StudyRow): Study {
  return {
    id: row.id,
    name: row.name,
    metadata: object(row.metadata),
    objectives: JSON.parse(row.objectives) as Objective[],
    ...(row.search_space === null ? {} : { searchSpace: object(row.search_space) }),
    version: row.version,
    revision: row.revision,
    counts: { completed: row.completed, running: row.running, infeasible: row.infeasible },
    createdAt: new Date(row.created_at),
  };
}

export function toTrial(row: Omit<TrialRow, 'row'>, studyId: string): Trial {
  return {
    id: row.id,
    studyId,
    status: row.status,
    x: object(row.x),
    y: numbers(row.y),
    infeasibleReason: row.infeasible_reason,
    metadata: object(row.metadata),
    createdAt: new Date(row.created_at),
    completedAt: time(row.completed_at),
  };
}

export function toFinishedTrial(row: FinishedTrialRow): FinishedTrial {
  return { id: row.id, finishSeq: row.finish_seq, x: object(row.x), y: numbers(row.y) };
}

/** Measurements of some rows; `objectives` is their number. */
export function toOutcomes(rows: { finish_seq: number; y: string | null }[], objectives: number): Outcomes {
  const y = Array.from({ length: objectives }, () => new Float64Array(rows.length).fill(Number.NaN));
  rows.forEach((row, i) => {
    numbers(row.y)?.forEach((value, objective) => {
      y[objective]![i] = value;
    });
  });
  return { finishSeqs: Float64Array.from(rows, (row) => row.finish_seq), y };
}

export function joinOutcomes(pages: readonly Outcomes[]): Outcomes {
  const y = pages[0]!.y.map((_, objective) => concatenate(pages.map((page) => page.y[objective]!)));
  return { finishSeqs: concatenate(pages.map((page) => page.finishSeqs)), y };
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function toImport(row: ImportRow): Import {
  return {
    id: row.id,
    status: row.status,
    request: object(row.request),
    source: row.source,
    studyId: row.study_id,
    plan: row.plan === null ? null : object(row.plan),
    bytes: row.bytes,
    checksum: row.checksum,
    line: row.line,
    rows: row.rows,
    imported: row.imported,
    infeasible: row.infeasible,
    rejected: row.rejected,
    error: row.error === null ? null : object(row.error),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    finishedAt: time(row.finished_at),
  };
}

export function toReject({ place, line, start, bytes, errors }: RejectRow): Reject {
  return { place, line, start, bytes, errors: JSON.parse(errors) as JsonObject[] };
}

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    status: row.status,
    request: object(row.request),
    studies: JSON.parse(row.studies) as string[],
    parent: row.parent,
    snapshot: row.snapshot,
    trialCount: row.trial_count,
    hyperparameters: object(row.hyperparameters),
    seed: row.seed,
    cancelRequested: row.cancel_requested === 1,
    attempt: row.attempt,
    progress: row.progress === null ? null : (JSON.parse(row.progress) as JobProgress),
    outcome: row.outcome,
    reason: row.reason,
    metrics: row.metrics === null ? null : metrics(row.metrics),
    modelId: row.model_id,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    createdAt: new Date(row.created_at),
    startedAt: time(row.started_at),
    finishedAt: time(row.finished_at),
  };
}

export function toJobEvent(row: EventRow): JobEvent {
  return {
    seq: row.seq,
    type: row.type,
    level: row.level,
    message: row.message,
    data: object(row.data),
    createdAt: new Date(row.created_at),
  };
}

export function toModelHead(row: ModelRow): ModelHead {
  return {
    id: row.id,
    parent: row.parent,
    base: row.base,
    jobId: row.job,
    directory: row.directory,
    published: row.published === 1,
    metrics: metrics(row.metrics),
    config: object(row.config),
    createdAt: new Date(row.created_at),
  };
}

export function toApiKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scope: row.scope,
    prefix: row.prefix,
    hash: row.hash,
    createdAt: new Date(row.created_at),
    expiresAt: time(row.expires_at),
    lastUsedAt: time(row.last_used_at),
  };
}

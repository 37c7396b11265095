// Fine-tuning jobs, their events and the models they make, in SQLite.
import { StoreError } from './errors.js';
import { newId } from './ids.js';
import { toJob, toJobEvent, toModelHead } from './rows.js';
import type { Connection } from './sqlite-connection.js';
import type { JobRow, ModelRow, StudyRow } from './statements.js';
import type { JobStore, ModelStore } from './store.js';
import type {
  Job,
  JobKind,
  JobOutcome,
  JobProgress,
  JobStatus,
  JsonObject,
  Lease,
  Model,
  NewJob,
  NewJobEvent,
} from './types.js';

/** How ids of jobs begin. */
const ID_PREFIX = { fine_tuning: 'ftjob', evaluation: 'eval' } as const satisfies Record<JobKind, string>;

export function jobMethods(connection: Connection): JobStore & ModelStore {
  const { sql } = connection;

  function jobRow(id: string): JobRow {
    const row = sql.jobById.get(id);
    if (row === undefined) throw new StoreError('job_not_found', id);
    return row;
  }

  /** The job's row, if the lease is still the one that may write. */
  function leasedRow({ jobId, attempt }: Lease): JobRow {
    const row = jobRow(jobId);
    if (row.status !== 'running' || row.attempt !== attempt)
      throw new StoreError('lease_lost', jobId, `${jobId} is ${row.status} in attempt ${row.attempt}, not ${attempt}`);
    return row;
  }

  function append(row: JobRow, events: NewJobEvent[], progress: JobProgress | null): void {
    const now = Date.now();
    let seq = row.last_event_seq;
    for (const event of events)
      sql.insertEvent.run({
        job: row.row,
        seq: ++seq,
        type: event.type,
        level: event.level,
        message: event.message,
        data: JSON.stringify(event.data),
        created_at: now,
      });
    sql.advanceEvents.run({ row: row.row, seq, progress: progress === null ? null : JSON.stringify(progress) });
  }

  /** Every change of a job's status is an event too, written with it. */
  function appendStatus(id: string, status: JobStatus, message: string, level: NewJobEvent['level'] = 'info'): void {
    const row = jobRow(id);
    append(row, [{ type: 'status', level, message, data: { status, attempt: row.attempt } }], null);
  }

  function modelRecord(row: ModelRow): Model {
    const studies = sql.modelStudies.all(row.row).map(({ id }) => id);
    return { ...toModelHead(row), studyIds: studies };
  }

  function studiesOf(job: NewJob): StudyRow[] {
    if (job.studies === 'all') return sql.studiesWithTrials.all();
    return job.studies.map((id) => {
      const row = sql.studyById.get(id);
      if (row === undefined) throw new StoreError('study_not_found', id);
      return row;
    });
  }

  function parentOf(job: NewJob): string | null {
    if (job.parent === 'newest') return sql.newestWholeModel.get()?.id ?? null;
    if (job.parent !== null && sql.modelById.get(job.parent) === undefined)
      throw new StoreError('model_not_found', job.parent);
    return job.parent;
  }

  function insertModel(job: JobRow, outcome: Extract<JobOutcome, { model: object }>): void {
    const { lastInsertRowid } = sql.insertModel.run({
      id: outcome.model.id,
      parent: job.parent,
      base: outcome.model.base,
      job: job.id,
      directory: outcome.model.directory,
      metrics: JSON.stringify(outcome.metrics),
      config: JSON.stringify(outcome.config),
      created_at: Date.now(),
    });
    for (const study of JSON.parse(job.studies) as string[]) sql.insertModelStudy.run(lastInsertRowid, study);
  }

  return {
    async createJob(job, once) {
      return connection.writeOnce(once, () => {
        const studies = studiesOf(job);
        const parent = parentOf(job);
        const completed = studies.reduce((sum, study) => sum + study.completed, 0);
        if (completed < job.minTrials) {
          const detail = `${completed} in ${studies.length} ${studies.length === 1 ? 'study' : 'studies'}, ${job.minTrials} are needed`;
          throw new StoreError('too_few_trials', String(completed), detail);
        }
        const id = newId(ID_PREFIX[job.kind]);
        sql.insertJob.run({
          id,
          kind: job.kind,
          request: JSON.stringify(job.request),
          studies: JSON.stringify(studies.map((study) => study.id)),
          parent,
          snapshot: sql.lastFinishSeq.get()!.seq,
          trial_count: studies.reduce((sum, study) => sum + study.completed + study.infeasible, 0),
          hyperparameters: JSON.stringify(job.hyperparameters),
          seed: job.seed,
          created_at: Date.now(),
        });
        appendStatus(id, 'queued', 'queued');
        return toJob(jobRow(id));
      });
    },

    async getJob(id) {
      const row = sql.jobById.get(id);
      return row === undefined ? null : toJob(row);
    },

    async listJobs(request, filter) {
      return connection.page(sql.jobs, request, { ...filter }, (id) => sql.jobById.get(id), toJob);
    },

    async countJobs() {
      const counts: Record<JobStatus, number> = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
      for (const { status, jobs } of sql.countJobs.all()) counts[status] = jobs;
      return counts;
    },

    async cancelJob(id, once, expect) {
      return connection.writeOnce(once, (): Job => {
        const row = jobRow(id);
        expect?.(toJob(row));
        if (row.status === 'succeeded' || row.status === 'failed')
          throw new StoreError('job_already_finished', id, `${id} has ${row.status}`);
        if (row.status === 'queued') {
          sql.cancelQueuedJob.run({ row: row.row, now: Date.now() });
          appendStatus(id, 'cancelled', 'cancelled before it began');
        }
        if (row.status === 'running') sql.requestCancel.run(row.row);
        return toJob(jobRow(id));
      });
    },

    async claimJob(owner, leaseMs) {
      return connection.write(() => {
        const now = Date.now();
        // What was begun and lost goes first: it has waited longest and has its checkpoint.
        const row = sql.oldestExpired.get(now) ?? sql.oldestQueued.get();
        if (row === undefined) return null;
        sql.claimJob.run({ row: row.row, owner, now, expires: now + leaseMs });
        const attempt = row.attempt + 1;
        appendStatus(row.id, 'running', attempt === 1 ? 'started' : `started again, attempt ${attempt}`);
        return { job: toJob(jobRow(row.id)), lease: { jobId: row.id, attempt } };
      });
    },

    async renewLease(lease, leaseMs) {
      return connection.write(() => {
        const row = leasedRow(lease);
        sql.renewLease.run({ row: row.row, expires: Date.now() + leaseMs });
        return { cancelRequested: row.cancel_requested === 1 };
      });
    },

    async releaseJob(lease) {
      await connection.write(() => {
        sql.releaseJob.run(leasedRow(lease).row);
        appendStatus(lease.jobId, 'queued', 'stopped with the server, goes on when it is started again');
      });
    },

    async appendEvents(lease, events, progress) {
      await connection.write(() => append(leasedRow(lease), events, progress ?? null));
    },

    async finishJob(lease, outcome) {
      return connection.write(() => {
        const row = leasedRow(lease);
        const succeeded = outcome.status === 'succeeded';
        const evaluated = succeeded && outcome.outcome === 'evaluated';
        if (evaluated) sql.insertReport.run(row.row, JSON.stringify(outcome.report));
        const trained = succeeded && outcome.outcome !== 'evaluated';
        if (trained) insertModel(row, outcome);
        sql.finishJob.run({
          row: row.row,
          status: outcome.status,
          outcome: trained ? outcome.outcome : null,
          reason: succeeded ? outcome.reason : null,
          metrics: trained ? JSON.stringify(outcome.metrics) : null,
          hyperparameters: trained ? JSON.stringify(outcome.config) : row.hyperparameters,
          model_id: trained ? outcome.model.id : null,
          error_code: outcome.status === 'failed' ? outcome.code : null,
          error_message: outcome.status === 'failed' ? outcome.message : null,
          now: Date.now(),
        });
        appendStatus(lease.jobId, outcome.status, describe(outcome), outcome.status === 'failed' ? 'error' : 'info');
        return toJob(jobRow(lease.jobId));
      });
    },

    async jobReport(jobId) {
      const found = sql.reportOfJob.get(jobRow(jobId).row);
      return found === undefined ? null : (JSON.parse(found.report) as JsonObject);
    },

    async listEvents(jobId, { after, limit }) {
      const rows = sql.events.all(jobRow(jobId).row, after, limit + 1);
      return { data: rows.slice(0, limit).map(toJobEvent), hasMore: rows.length > limit };
    },

    async listCheckpoints(jobId, { after, limit }) {
      const rows = sql.checkpoints.all(jobRow(jobId).row, after, limit + 1);
      const data = rows.slice(0, limit).map(toJobEvent);
      return {
        data: data.map(({ seq, createdAt, data }) => ({ jobId, seq, step: Number(data.step), createdAt })),
        hasMore: rows.length > limit,
      };
    },

    async getModel(id) {
      const row = sql.modelById.get(id);
      return row === undefined ? null : modelRecord(row);
    },

    async listModels(request, { parent, base } = {}) {
      const [pages, bound] =
        parent !== undefined
          ? ([sql.modelsByParent, { parent }] as const)
          : base !== undefined
            ? ([sql.modelsByBase, { base }] as const)
            : ([sql.models, {}] as const);
      return connection.page(pages, request, bound, (id) => sql.modelById.get(id), modelRecord);
    },

    async deleteModel(id, expect) {
      return connection.write(() => {
        const row = sql.modelById.get(id);
        if (row === undefined) throw new StoreError('model_not_found', id);
        const model = modelRecord(row);
        expect?.(model);
        const [adapter, job] = [sql.adapterOf.get(id), sql.jobFromModel.get(id)];
        if (adapter) throw new StoreError('model_in_use', id, `${id}, beside which the adapter ${adapter.id} stands`);
        if (job) throw new StoreError('model_in_use', id, `${id}, by ${job.id}, which has not ended`);
        sql.deleteModelStudies.run(row.row);
        sql.deleteModel.run(row.row);
        return model;
      });
    },

    async newestModel() {
      const row = sql.newestWholeModel.get();
      return row === undefined ? null : toModelHead(row);
    },

    async modelsOfStudy(studyId, limit) {
      return sql.modelsOfStudy.all(studyId, limit).map(toModelHead);
    },
  };
}

function describe(outcome: JobOutcome): string {
  if (outcome.status === 'succeeded') return outcome.reason;
  return outcome.status === 'failed' ? outcome.message : 'cancelled';
}

// All SQL of the SQLite store, prepared once. Every list is read along an index, a page at a time by key.
import type { Database } from 'better-sqlite3';

export interface StudyRow {
  row: number;
  id: string;
  name: string;
  metadata: string;
  objectives: string;
  search_space: string | null;
  version: number;
  revision: number;
  completed: number;
  running: number;
  infeasible: number;
  created_at: number;
}

export interface TrialRow {
  row: number;
  id: string;
  status: 'completed' | 'running' | 'infeasible';
  x: string;
  y: string | null;
  infeasible_reason: string | null;
  metadata: string;
  created_at: number;
  completed_at: number | null;
}

export interface FinishedTrialRow {
  id: string;
  finish_seq: number;
  x: string;
  y: string | null;
}

export interface JobRow {
  row: number;
  id: string;
  kind: 'fine_tuning' | 'evaluation';
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  request: string;
  studies: string;
  parent: string | null;
  snapshot: number;
  trial_count: number;
  hyperparameters: string;
  seed: number;
  cancel_requested: number;
  attempt: number;
  last_event_seq: number;
  progress: string | null;
  outcome: 'published' | 'kept_parent' | null;
  reason: string | null;
  metrics: string | null;
  model_id: string | null;
  error_code: string | null;
  error_message: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface EventRow {
  seq: number;
  type: 'status' | 'phase' | 'prepare' | 'step' | 'validation' | 'checkpoint' | 'progress' | 'log';
  level: 'info' | 'warn' | 'error';
  message: string;
  data: string;
  created_at: number;
}

export interface ModelRow {
  row: number;
  id: string;
  parent: string | null;
  base: string | null;
  job: string;
  directory: string;
  metrics: string;
  config: string;
  published: number;
  created_at: number;
}

export interface KeyRow {
  row: number;
  id: string;
  name: string;
  scope: 'read' | 'write' | 'admin';
  prefix: string;
  hash: Uint8Array;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

export interface IdempotencyRow {
  operation: string;
  request_hash: string;
  response: string;
}

export interface ImportRow {
  row: number;
  id: string;
  status: 'open' | 'completed' | 'failed' | 'cancelled';
  request: string;
  source: string | null;
  request_hash: string | null;
  study: number | null;
  study_id: string | null;
  plan: string | null;
  bytes: number;
  checksum: number;
  line: number;
  rows: number;
  imported: number;
  infeasible: number;
  rejected: number;
  error: string | null;
  created_at: number;
  updated_at: number;
  finished_at: number | null;
}

export interface RejectRow {
  place: number;
  line: number;
  start: number;
  bytes: number;
  errors: string;
}

/** Of one statement. */
export const TRIALS_AT_ONCE = 20;

export type TrialValues = [
  id: string,
  study: number,
  status: TrialRow['status'],
  x: string,
  y: string | null,
  infeasibleReason: string | null,
  metadata: string,
  finishSeq: number | null,
  createdAt: number,
  completedAt: number | null,
];
type Named = [Record<string, number | string | Uint8Array | null>];

/** A prepared statement: what of better-sqlite3's the store uses. */
export interface Query<Bound extends unknown[], Row> {
  readonly source: string;
  get(...bound: Bound): Row | undefined;
  all(...bound: Bound): Row[];
  iterate(...bound: Bound): IterableIterator<Row>;
  run(...bound: Bound): { lastInsertRowid: number | bigint; changes: number };
}

/** A list in both directions. */
export type Pages<Row> = { asc: Query<Named, Row>; desc: Query<Named, Row> };

/** The two directions of a list whose `where` picks an index that ends in `row`. Bound: @after (a row), @limit. */
function pages<Row>(db: Database, select: string, where: string): Pages<Row> {
  const filter = where === '' ? '' : `${where} AND `;
  return {
    asc: db.prepare<Named, Row>(`${select} WHERE ${filter}row > @after ORDER BY row ASC LIMIT @limit`),
    desc: db.prepare<Named, Row>(`${select} WHERE ${filter}row < @after ORDER BY row DESC LIMIT @limit`),
  };
}

function insertTrials(count: number): string {
  const values = Array(count).fill('(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO trials (id, study, status, x, y, infeasible_reason, metadata, finish_seq, created_at, completed_at)
    VALUES ${values}`;
}

export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: Database) {
  const query = <Bound extends unknown[], Row = never>(sql: string): Query<Bound, Row> => db.prepare<Bound, Row>(sql);
  const selectTrial = `SELECT row, id, status, x, y, infeasible_reason, metadata, created_at, completed_at FROM trials`;
  const selectImport = `SELECT imports.*, (SELECT id FROM studies
    WHERE studies.row = imports.study AND deletion IS NULL) AS study_id FROM imports`;
  const selectFinished = `SELECT id, finish_seq, x, y FROM trials
    WHERE study = @study AND finish_seq > @after AND finish_seq <= @until`;
  return {
    ping: query<[], { one: number }>('SELECT 1 AS one FROM studies LIMIT 1'),

    insertStudy: query<Named>(
      `INSERT INTO studies (id, name, metadata, objectives, search_space, created_at)
       VALUES (@id, @name, @metadata, @objectives, @search_space, @created_at)`,
    ),
    studyById: query<[string], StudyRow>('SELECT * FROM studies WHERE id = ? AND deletion IS NULL'),
    /** Of a deleted one too: a page goes on behind it. */
    studyCursor: query<[string], { row: number }>('SELECT row FROM studies WHERE id = ?'),
    studies: pages<StudyRow>(db, 'SELECT * FROM studies', 'deletion IS NULL'),
    studiesByName: pages<StudyRow>(db, 'SELECT * FROM studies', 'name = @name AND deletion IS NULL'),
    updateStudy: query<Named>(
      `UPDATE studies SET name = @name, metadata = @metadata, search_space = @search_space, version = version + 1,
         revision = revision + @revised WHERE row = @row`,
    ),
    /** A job that has not ended and works on the study. */
    jobOnStudy: query<[string], { id: string }>(
      `SELECT id FROM jobs WHERE status IN ('queued', 'running') AND EXISTS
         (SELECT 1 FROM json_each(studies) WHERE value = ?) LIMIT 1`,
    ),
    deleteStudy: query<[number]>(`UPDATE studies SET deletion = 'pending' WHERE row = ?`),
    studyToPurge: query<[], { row: number }>(`SELECT row FROM studies WHERE deletion = 'pending' ORDER BY row LIMIT 1`),
    purgeTrials: query<[number, number]>(
      'DELETE FROM trials WHERE row IN (SELECT row FROM trials WHERE study = ? ORDER BY row LIMIT ?)',
    ),
    forgetStudy: query<[number]>('DELETE FROM model_studies WHERE study = ?'),
    emptyStudy: query<[number]>(
      `UPDATE studies SET deletion = 'done', name = '', metadata = '{}', search_space = NULL, completed = 0, running = 0,
         infeasible = 0 WHERE row = ?`,
    ),
    /** Studies that a training can learn from; a scan, but of studies, not of their trials. */
    studiesWithTrials: query<[], StudyRow>(
      'SELECT * FROM studies WHERE completed > 0 AND deletion IS NULL ORDER BY row',
    ),
    countTrials: query<Named>(
      `UPDATE studies SET version = version + 1, completed = completed + @completed, running = running + @running,
         infeasible = infeasible + @infeasible WHERE row = @study`,
    ),

    insertTrial: query<Named>(
      `INSERT INTO trials (id, study, status, x, y, infeasible_reason, metadata, finish_seq, created_at, completed_at)
       VALUES (@id, @study, @status, @x, @y, @infeasible_reason, @metadata, @finish_seq, @created_at, @completed_at)`,
    ),
    /** For many at once: values by place are bound in half the time of values by name. */
    insertTrialText: query<TrialValues>(insertTrials(1)),
    /** The values of `TRIALS_AT_ONCE` trials, one after another: a third less time than as many statements. */
    insertTrialTexts: query<[(string | number | null)[]]>(insertTrials(TRIALS_AT_ONCE)),
    trialById: query<[string, number], TrialRow>(`${selectTrial} WHERE id = ? AND study = ?`),
    trials: pages<TrialRow>(db, selectTrial, 'study = @study'),
    trialsByStatus: pages<TrialRow>(db, selectTrial, 'study = @study AND status = @status'),
    finishTrial: query<Named>(
      `UPDATE trials SET status = @status, y = @y, infeasible_reason = @infeasible_reason, finish_seq = @finish_seq,
         completed_at = @completed_at WHERE row = @row`,
    ),
    lastFinishSeq: query<[], { seq: number }>('SELECT last AS seq FROM finish_counter WHERE only_row = 1'),
    setFinishSeq: query<[number]>('UPDATE finish_counter SET last = ? WHERE only_row = 1'),
    finishedTrials: {
      asc: query<Named, FinishedTrialRow>(`${selectFinished} ORDER BY finish_seq ASC LIMIT @limit`),
      desc: query<Named, FinishedTrialRow>(`${selectFinished} ORDER BY finish_seq DESC LIMIT @limit`),
    },

    outcomes: query<[number, number, number, number], { finish_seq: number; y: string | null }>(
      `SELECT finish_seq, y FROM trials WHERE study = ? AND finish_seq > ? AND finish_seq <= ?
         ORDER BY finish_seq LIMIT ?`,
    ),
    trialAt: query<[number, number], FinishedTrialRow>(
      'SELECT id, finish_seq, x, y FROM trials WHERE finish_seq = ? AND study = ?',
    ),

    insertImport: query<Named>(
      `INSERT INTO imports (id, status, request, source, idempotency_key, request_hash, study, plan, created_at, updated_at)
       VALUES (@id, 'open', @request, @source, @key, @request_hash, @study, @plan, @now, @now)`,
    ),
    importById: query<[string], ImportRow>(`${selectImport} WHERE id = ?`),
    importByKey: query<[string], ImportRow>(`${selectImport} WHERE idempotency_key = ?`),
    imports: pages<ImportRow>(db, selectImport, ''),
    importsByStatus: pages<ImportRow>(db, selectImport, 'status = @status'),
    importsBySource: pages<ImportRow>(db, selectImport, 'source = @source'),
    stepImport: query<Named>(
      `UPDATE imports SET status = @status, study = @study, plan = @plan, bytes = @bytes, checksum = @checksum, line = @line,
         rows = @rows, imported = imported + @imported, infeasible = infeasible + @infeasible,
         rejected = rejected + @rejected, error = @error, updated_at = @now, finished_at = @finished_at WHERE row = @row`,
    ),
    cancelImport: query<[number, number, number]>(
      `UPDATE imports SET status = 'cancelled', updated_at = ?, finished_at = ? WHERE row = ?`,
    ),
    insertReject: query<[number, number, number, number, number, string]>(
      'INSERT INTO import_rejects (import, place, line, start, bytes, errors) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    rejects: query<[number, number, number], RejectRow>(
      'SELECT place, line, start, bytes, errors FROM import_rejects WHERE import = ? AND place > ? ORDER BY place LIMIT ?',
    ),

    insertJob: query<Named>(
      `INSERT INTO jobs (id, kind, status, request, studies, parent, snapshot, trial_count, hyperparameters, seed, created_at)
       VALUES (@id, @kind, 'queued', @request, @studies, @parent, @snapshot, @trial_count, @hyperparameters, @seed, @created_at)`,
    ),
    jobById: query<[string], JobRow>('SELECT * FROM jobs WHERE id = ?'),
    jobs: pages<JobRow>(db, 'SELECT * FROM jobs', 'kind = @kind'),
    countJobs: query<[], { status: JobRow['status']; jobs: number }>(
      'SELECT status, count(*) AS jobs FROM jobs GROUP BY status',
    ),
    cancelQueuedJob: query<Named>(
      `UPDATE jobs SET status = 'cancelled', cancel_requested = 1, finished_at = @now WHERE row = @row`,
    ),
    requestCancel: query<[number]>('UPDATE jobs SET cancel_requested = 1 WHERE row = ?'),
    oldestQueued: query<[], JobRow>(`SELECT * FROM jobs WHERE status = 'queued' ORDER BY row LIMIT 1`),
    oldestExpired: query<[number], JobRow>(
      `SELECT * FROM jobs WHERE status = 'running' AND lease_expires_at <= ? ORDER BY row LIMIT 1`,
    ),
    claimJob: query<Named>(
      `UPDATE jobs SET status = 'running', attempt = attempt + 1, lease_owner = @owner, lease_expires_at = @expires,
         started_at = coalesce(started_at, @now) WHERE row = @row`,
    ),
    renewLease: query<Named>('UPDATE jobs SET lease_expires_at = @expires WHERE row = @row'),
    releaseJob: query<[number]>(
      `UPDATE jobs SET status = 'queued', lease_owner = NULL, lease_expires_at = NULL WHERE row = ?`,
    ),
    finishJob: query<Named>(
      `UPDATE jobs SET status = @status, outcome = @outcome, reason = @reason, metrics = @metrics,
         hyperparameters = @hyperparameters, model_id = @model_id, error_code = @error_code,
         error_message = @error_message, finished_at = @now, lease_owner = NULL, lease_expires_at = NULL
       WHERE row = @row`,
    ),
    insertReport: query<[number, string]>('INSERT INTO job_reports (job, report) VALUES (?, ?)'),
    reportOfJob: query<[number], { report: string }>('SELECT report FROM job_reports WHERE job = ?'),
    insertEvent: query<Named>(
      `INSERT INTO job_events (job, seq, type, level, message, data, created_at)
       VALUES (@job, @seq, @type, @level, @message, @data, @created_at)`,
    ),
    advanceEvents: query<Named>(
      'UPDATE jobs SET last_event_seq = @seq, progress = coalesce(@progress, progress) WHERE row = @row',
    ),
    events: query<[number, number, number], EventRow>(
      'SELECT seq, type, level, message, data, created_at FROM job_events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?',
    ),

    checkpoints: query<[number, number, number], EventRow>(
      `SELECT seq, type, level, message, data, created_at FROM job_events
       WHERE job = ? AND seq > ? AND type = 'checkpoint' ORDER BY seq LIMIT ?`,
    ),

    insertModel: query<Named>(
      `INSERT INTO models (id, parent, base, job, directory, metrics, config, published, created_at)
       VALUES (@id, @parent, @base, @job, @directory, @metrics, @config, 1, @created_at)`,
    ),
    insertModelStudy: query<[number | bigint, string]>(
      'INSERT INTO model_studies (model, study) SELECT ?, row FROM studies WHERE id = ?',
    ),
    modelById: query<[string], ModelRow>('SELECT * FROM models WHERE id = ?'),
    models: pages<ModelRow>(db, 'SELECT * FROM models', ''),
    modelsByParent: pages<ModelRow>(db, 'SELECT * FROM models', 'parent = @parent'),
    modelsByBase: pages<ModelRow>(db, 'SELECT * FROM models', 'base = @base'),
    jobFromModel: query<[string], { id: string }>(
      `SELECT id FROM jobs WHERE status IN ('queued', 'running') AND parent = ? LIMIT 1`,
    ),
    adapterOf: query<[string], { id: string }>('SELECT id FROM models WHERE base = ? LIMIT 1'),
    deleteModelStudies: query<[number]>('DELETE FROM model_studies WHERE model = ?'),
    deleteModel: query<[number]>('DELETE FROM models WHERE row = ?'),
    modelStudies: query<[number], { id: string }>(
      'SELECT s.id FROM model_studies m JOIN studies s ON s.row = m.study WHERE m.model = ? AND s.deletion IS NULL ORDER BY m.study',
    ),
    newestWholeModel: query<[], ModelRow>(
      'SELECT * FROM models WHERE published = 1 AND base IS NULL ORDER BY row DESC LIMIT 1',
    ),
    modelsOfStudy: query<[string, number], ModelRow>(
      `SELECT m.* FROM model_studies s CROSS JOIN models m ON m.row = s.model
       WHERE s.study = (SELECT row FROM studies WHERE id = ?) AND m.published = 1 ORDER BY s.model DESC LIMIT ?`,
    ),

    insertKey: query<Named>(
      `INSERT INTO api_keys (id, name, scope, prefix, hash, created_at, expires_at)
       VALUES (@id, @name, @scope, @prefix, @hash, @created_at, @expires_at)`,
    ),
    keyById: query<[string], KeyRow>('SELECT * FROM api_keys WHERE id = ?'),
    keyByPrefix: query<[string], KeyRow>('SELECT * FROM api_keys WHERE prefix = ?'),
    keys: pages<KeyRow>(db, 'SELECT * FROM api_keys', ''),
    anyKey: query<[], { row: number }>('SELECT row FROM api_keys ORDER BY row LIMIT 1'),
    otherAdminKey: query<[number], { row: number }>(
      `SELECT row FROM api_keys WHERE scope = 'admin' AND row <> ? LIMIT 1`,
    ),
    touchKey: query<[number, string]>('UPDATE api_keys SET last_used_at = ? WHERE id = ?'),
    deleteKey: query<[number]>('DELETE FROM api_keys WHERE row = ?'),

    idempotencyByKey: query<[string], IdempotencyRow>(
      'SELECT operation, request_hash, response FROM idempotency_keys WHERE key = ?',
    ),
    insertIdempotency: query<Named>(
      `INSERT INTO idempotency_keys (key, operation, request_hash, response, created_at)
       VALUES (@key, @operation, @request_hash, @response, @created_at)`,
    ),
    /** A few at a time, so that no request waits for a long clean-up. */
    forgetIdempotency: query<[number]>(
      `DELETE FROM idempotency_keys WHERE key IN
         (SELECT key FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT 20)`,
    ),
  };
}

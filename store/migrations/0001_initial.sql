-- Studies, trials, models, jobs with their events, and idempotency keys.
-- Times are milliseconds since 1970 in UTC. `row` columns give the order of creation, ids are what the outside sees.

CREATE TABLE studies (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  objectives TEXT NOT NULL CHECK (json_valid(objectives)),
  -- Grows with every write to the study's trials, so that what was derived from them knows when it is stale.
  version INTEGER NOT NULL DEFAULT 0,
  -- Kept beside the trials because counting a million rows is slow.
  completed INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0,
  infeasible INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX studies_by_name ON studies (name, row);

CREATE TABLE trials (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  study INTEGER NOT NULL REFERENCES studies (row),
  status TEXT NOT NULL CHECK (status IN ('completed', 'running', 'infeasible')),
  x TEXT NOT NULL CHECK (json_valid(x)),
  -- JSON array, one number per objective.
  y TEXT CHECK (json_valid(y)),
  infeasible_reason TEXT,
  metadata TEXT NOT NULL CHECK (json_valid(metadata)),
  -- Counts all trials in the order they were finished in. A finished trial never changes, so "finish_seq <= n" is
  -- the same set of trials for ever: what a job's snapshot needs. `row` would not do: trials are finished out of order.
  finish_seq INTEGER,
  created_at INTEGER NOT NULL,
  completed_at INTEGER,
  CHECK ((status = 'completed') = (y IS NOT NULL)),
  CHECK ((status = 'running') = (finish_seq IS NULL)),
  CHECK ((status = 'running') = (completed_at IS NULL))
) STRICT;
CREATE INDEX trials_by_study ON trials (study, row);
CREATE INDEX trials_by_status ON trials (study, status, row);
CREATE INDEX trials_by_finish ON trials (study, finish_seq) WHERE finish_seq IS NOT NULL;
CREATE UNIQUE INDEX trials_finish_seq ON trials (finish_seq) WHERE finish_seq IS NOT NULL;

CREATE TABLE jobs (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  request TEXT NOT NULL CHECK (json_valid(request)),
  -- What the request meant when it was made: study ids, the model to start from, and the trials with finish_seq <= snapshot.
  studies TEXT NOT NULL CHECK (json_valid(studies)),
  parent TEXT,
  snapshot INTEGER NOT NULL,
  trial_count INTEGER NOT NULL,
  hyperparameters TEXT NOT NULL CHECK (json_valid(hyperparameters)),
  seed INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  -- The fence: a worker may write only with the number of the attempt that it was given.
  attempt INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT,
  lease_expires_at INTEGER,
  last_event_seq INTEGER NOT NULL DEFAULT 0,
  progress TEXT CHECK (json_valid(progress)),
  outcome TEXT CHECK (outcome IN ('published', 'kept_parent')),
  reason TEXT,
  metrics TEXT CHECK (json_valid(metrics)),
  model_id TEXT,
  error_code TEXT,
  error_message TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT;
CREATE INDEX jobs_by_status ON jobs (status, row);

CREATE TABLE job_events (
  job INTEGER NOT NULL REFERENCES jobs (row),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
  message TEXT NOT NULL,
  data TEXT NOT NULL CHECK (json_valid(data)),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  parent TEXT,
  job TEXT NOT NULL,
  -- Where its files are, in the words of whatever keeps them.
  directory TEXT NOT NULL,
  metrics TEXT NOT NULL CHECK (json_valid(metrics)),
  config TEXT NOT NULL CHECK (json_valid(config)),
  published INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX models_by_published ON models (published, row);

CREATE TABLE model_studies (
  study INTEGER NOT NULL REFERENCES studies (row),
  model INTEGER NOT NULL REFERENCES models (row),
  PRIMARY KEY (study, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX model_studies_by_model ON model_studies (model, study);

CREATE TABLE idempotency_keys (
  key TEXT PRIMARY KEY,
  -- Method and path of the request, for the error message.
  operation TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  response TEXT NOT NULL CHECK (json_valid(response)),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

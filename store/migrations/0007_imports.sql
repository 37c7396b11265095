-- Imports: tables of any size that become trials, a transaction at a time. How far one has come is stored with the rows that
-- brought it there, so it goes on after the last of them whatever moment it broke off at.
CREATE TABLE imports (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('open', 'completed', 'failed', 'cancelled')),
  -- As it was asked for: the study, what the rows look like, what to do with bad ones.
  request TEXT NOT NULL CHECK (json_valid(request)),
  -- What the rows come from, in the client's words, to find an import again by.
  source TEXT,
  -- Of the request that made it and brought its rows along; the same request sent again goes on with it.
  idempotency_key TEXT UNIQUE,
  request_hash TEXT,
  -- Null until the first good row, where the study is to be made.
  study INTEGER REFERENCES studies (row),
  -- How columns are read, once that is settled.
  plan TEXT CHECK (plan IS NULL OR json_valid(plan)),
  -- Of the table: bytes that are dealt with, their CRC-32, the line behind them, and the rows in them.
  bytes INTEGER NOT NULL DEFAULT 0,
  checksum INTEGER NOT NULL DEFAULT 0,
  line INTEGER NOT NULL DEFAULT 1,
  rows INTEGER NOT NULL DEFAULT 0,
  imported INTEGER NOT NULL DEFAULT 0,
  infeasible INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
CREATE INDEX imports_by_status ON imports (status, row);
CREATE INDEX imports_by_source ON imports (source, row) WHERE source IS NOT NULL;

CREATE TABLE import_rejects (
  import INTEGER NOT NULL REFERENCES imports (row),
  -- Place among the table's rows, from 0.
  place INTEGER NOT NULL,
  line INTEGER NOT NULL,
  -- Its bytes in the table.
  start INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  errors TEXT NOT NULL CHECK (json_valid(errors)),
  PRIMARY KEY (import, place)
) STRICT, WITHOUT ROWID;

-- The last number in the order of finish stands in a row of its own: an index on all trials only for its end cost every
-- insertion a fifth of its time.
CREATE TABLE finish_counter (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO finish_counter (only_row, last) SELECT 1, coalesce(max(finish_seq), 0) FROM trials WHERE finish_seq IS NOT NULL;
DROP INDEX trials_finish_seq;

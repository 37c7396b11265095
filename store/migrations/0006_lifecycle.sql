-- Studies can be changed and deleted, models deleted and asked for what came of them, checkpoints listed.
-- A deleted study is gone for every reader at once; its trials are removed after it, a few at a time. Its row stays, emptied, for
-- what refers to it.
ALTER TABLE studies ADD COLUMN deletion TEXT CHECK (deletion IS NULL OR deletion IN ('pending', 'done'));
-- Counts the changes of name and metadata: what was derived from them knows when it is stale.
ALTER TABLE studies ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX studies_to_purge ON studies (row) WHERE deletion = 'pending';

CREATE INDEX models_by_parent ON models (parent, row) WHERE parent IS NOT NULL;
CREATE INDEX models_by_base ON models (base, row) WHERE base IS NOT NULL;
CREATE INDEX job_checkpoints ON job_events (job, seq) WHERE type = 'checkpoint';

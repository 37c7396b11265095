-- Evaluations are jobs too. What one found may be megabytes, so it stands apart from the row that is read at every look.
ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'fine_tuning' CHECK (kind IN ('fine_tuning', 'evaluation'));
CREATE INDEX jobs_by_kind ON jobs (kind, row);

CREATE TABLE job_reports (
  job INTEGER PRIMARY KEY REFERENCES jobs (row),
  report TEXT NOT NULL CHECK (json_valid(report))
) STRICT;

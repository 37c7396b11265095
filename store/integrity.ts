// Whether a database is whole: SQLite's own check, references between tables, and the counters that are kept beside the trials.
import Sqlite, { type Database } from 'better-sqlite3';
import { StoreError } from './errors.js';

export interface Integrity {
  /** What is wrong, up to 20 of each kind; none where all is well. */
  problems: string[];
  studies: number;
  trials: number;
  /** Number of the last migration that it has seen. */
  schema: number;
}

/** Of each kind of problem so many are told. */
const TOLD = 20;

/**
 * Reads the whole database, beside a server that works on it: some seconds a gigabyte.
 * @throws StoreError database_unusable where it cannot be opened or read at all
 */
export function checkIntegrity(file: string): Integrity {
  let db: Database | undefined;
  try {
    db = new Sqlite(file, { readonly: true, fileMustExist: true });
    // One snapshot for all that is compared.
    const opened = db;
    return opened.transaction(() => examine(opened))();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError('database_unusable', file, `${file} (${why})`, { cause: error });
  } finally {
    db?.close();
  }
}

function examine(db: Database): Integrity {
  const pages = db.pragma(`integrity_check(${TOLD})`, { simple: false }) as { integrity_check: string }[];
  const problems = pages.map(({ integrity_check: found }) => found).filter((found) => found !== 'ok');
  const lost = db
    .prepare('SELECT "table", "parent", count(*) AS rows FROM pragma_foreign_key_check GROUP BY 1, 2')
    .all();
  for (const { table, parent, rows } of lost as { table: string; parent: string; rows: number }[]) {
    problems.push(`${rows} rows of ${table} refer to rows of ${parent} that are not there`);
  }
  const columns = db.pragma('table_info(studies)') as { name: string }[];
  // A study that is being deleted loses its trials a few at a time.
  const kept = columns.some(({ name }) => name === 'deletion') ? 'deletion IS NULL' : 'true';
  const counted = db
    .prepare(
      `WITH found AS (SELECT study, status, count(*) AS n FROM trials INDEXED BY trials_by_status GROUP BY study, status)
       SELECT s.id, s.completed, s.running, s.infeasible,
         coalesce(sum(f.n) FILTER (WHERE f.status = 'completed'), 0) AS is_completed,
         coalesce(sum(f.n) FILTER (WHERE f.status = 'running'), 0) AS is_running,
         coalesce(sum(f.n) FILTER (WHERE f.status = 'infeasible'), 0) AS is_infeasible
       FROM studies s LEFT JOIN found f ON f.study = s.row WHERE ${kept} GROUP BY s.row`,
    )
    .all() as ({ id: string } & Record<`${'' | 'is_'}${'completed' | 'running' | 'infeasible'}`, number>)[];
  const wrong = counted.flatMap((study) =>
    (['completed', 'running', 'infeasible'] as const)
      .filter((status) => study[status] !== study[`is_${status}`])
      .map((status) => `${study.id} counts ${study[status]} ${status} trials and has ${study[`is_${status}`]}`),
  );
  problems.push(...wrong.slice(0, TOLD));
  const trials = counted.reduce((sum, study) => sum + study.is_completed + study.is_running + study.is_infeasible, 0);
  const schema = db.prepare('SELECT max(version) FROM schema_migrations').pluck().get() as number | null;
  return { problems, studies: counted.length, trials, schema: schema ?? 0 };
}

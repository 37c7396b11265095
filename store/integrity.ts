// Whether a database is whole: SQLite's own check, references between tables, the counters that are kept beside the trials, the order of finish.
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
 * Reads the whole database, beside a server that works on it: up to a minute a gigabyte on a busy machine.
 * @throws StoreError database_unusable where it cannot be opened or read at all
 */
export function checkIntegrity(file: string): Integrity {
  let db: Database | undefined;
  try {
    // Opened as read-only SQLite would look at no CHECK.
    db = new Sqlite(file, { fileMustExist: true });
    db.pragma('query_only = ON');
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
  problems.push(...wrongOrder(db));
  const trials = counted.reduce((sum, study) => sum + study.is_completed + study.is_running + study.is_infeasible, 0);
  const schema = db.prepare('SELECT max(version) FROM schema_migrations').pluck().get() as number | null;
  return { problems, studies: counted.length, trials, schema: schema ?? 0 };
}

/** Snapshots rely on it that no two trials share a place in the order of finish, and that the counter of it is not behind. */
function wrongOrder(db: Database): string[] {
  const doubled = db
    .prepare<[number], { seq: number; n: number }>(
      'SELECT finish_seq AS seq, count(*) AS n FROM trials WHERE finish_seq IS NOT NULL GROUP BY 1 HAVING n > 1 LIMIT ?',
    )
    .all(TOLD);
  const problems = doubled.map(({ seq, n }) => `${n} trials have place ${seq} in the order of finish`);
  // Databases of before have no counter yet.
  if (!db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'finish_counter'`).get()) return problems;
  const { last, highest } = db
    .prepare<[], { last: number; highest: number }>(
      'SELECT last, (SELECT coalesce(max(finish_seq), 0) FROM trials) AS highest FROM finish_counter',
    )
    .get()!;
  if (highest > last) problems.push(`the order of finish has come to ${highest}, and its counter only to ${last}`);
  return problems;
}

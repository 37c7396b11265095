// One open SQLite file: how it is opened, its statements, and the two things every write and every list share.
import Sqlite, { type Database } from 'better-sqlite3';
import { StoreError } from './errors.js';
import { GroupCommit } from './group-commit.js';
import { migrate, readMigrations, refuseNewer } from './migrate.js';
import { type Pages, prepareStatements, type Statements } from './statements.js';
import type { Idempotency, Page, PageRequest, StoredResponse, Written } from './types.js';

export interface SqliteOptions {
  /** Path of the database file; made where there is none. */
  file: string;
  /** Open an existing database for reading: for other threads and processes. Default false. */
  readonly?: boolean;
  /** How long to wait for another process's write, in milliseconds. Default 10,000. */
  busyTimeoutMs?: number;
  /** Largest size of the database, in bytes; writes beyond it fail with SQLITE_FULL. 0: no limit. Default 0. */
  maxBytes?: number;
  /**
   * For a connection that writes rows by the ten thousand: more memory for indexes (16 MB), and the log is written back to
   * the file at every 32 MB of it instead of at every 4, and no CHECK: rows must be what they should be. Default false.
   */
  bulk?: boolean;
  /** How long an answer is kept for its idempotency key, in milliseconds. Default 48 hours. */
  idempotencyTtlMs?: number;
}

/** Text in one page of a list. */
const MAX_PAGE_CHARACTERS = 16_000_000;

const DEFAULTS = {
  readonly: false,
  bulk: false,
  maxBytes: 0,
  busyTimeoutMs: 10_000,
  idempotencyTtlMs: 48 * 3600 * 1000,
};

export class Connection {
  readonly db: Database;
  readonly sql: Statements;
  private readonly commits: GroupCommit;
  private readonly idempotencyTtlMs: number;

  /** @throws database_unusable, database_too_new, migration_invalid */
  constructor(options: SqliteOptions) {
    const { file, readonly, bulk, maxBytes, busyTimeoutMs, idempotencyTtlMs } = { ...DEFAULTS, ...options };
    this.idempotencyTtlMs = idempotencyTtlMs;
    this.db = open(file, readonly, busyTimeoutMs);
    try {
      const migrations = readMigrations();
      if (readonly) refuseNewer(this.db, migrations);
      else migrate(this.db, migrations);
      if (bulk) {
        this.db.pragma('cache_size = -16384');
        this.db.pragma('wal_autocheckpoint = 8192');
        // What is written in bulk was made by JSON.stringify; looking at each again took a fifth of the time.
        this.db.pragma('ignore_check_constraints = ON');
      }
      this.sql = prepareStatements(this.db);
      this.commits = new GroupCommit(this.db, busyTimeoutMs);
      if (maxBytes > 0) this.db.pragma(`max_page_count = ${Math.ceil(maxBytes / pageSize(this.db))}`);
    } catch (error) {
      this.db.close();
      throw error instanceof StoreError ? error : unusable(file, error);
    }
  }

  /** Runs `work` in a transaction that is on disk when this resolves, and rolled back where it throws. */
  write<T>(work: () => T): Promise<T> {
    return this.commits.write(work);
  }

  /** Like `write`, but done once per idempotency key and remembered in the same transaction. @throws idempotency_key_reused */
  writeOnce<T>(once: Idempotency<T> | undefined, work: () => T): Promise<Written<T>> {
    if (once === undefined) return this.write((): Written<T> => ({ replayed: false, value: work() }));
    return this.write((): Written<T> => {
      const before = this.recall(once);
      if (before !== null) return { replayed: true, response: before };
      const value = work();
      const now = Date.now();
      this.sql.forgetIdempotency.run(now - this.idempotencyTtlMs);
      this.sql.insertIdempotency.run({
        key: once.key,
        operation: once.operation,
        request_hash: once.requestHash,
        response: JSON.stringify(once.respond(value)),
        created_at: now,
      });
      return { replayed: false, value };
    });
  }

  /** What was answered before to the same request; null where it is new. @throws idempotency_key_reused */
  recall<T>({ key, requestHash }: Idempotency<T>): StoredResponse | null {
    const before = this.sql.idempotencyByKey.get(key);
    if (before === undefined) return null;
    if (before.request_hash !== requestHash)
      throw new StoreError('idempotency_key_reused', key, `${key}, first used for ${before.operation}`);
    return JSON.parse(before.response) as StoredResponse;
  }

  /** One page of a list; `rowOf` finds the cursor's row. @throws cursor_not_found */
  page<Row, T>(
    pages: Pages<Row>,
    request: PageRequest,
    bound: Record<string, number | string>,
    rowOf: (id: string) => { row: number } | undefined,
    toRecord: (row: Row) => T,
  ): Page<T> {
    let after = request.order === 'asc' ? 0 : Number.MAX_SAFE_INTEGER;
    if (request.after !== undefined) {
      const cursor = rowOf(request.after);
      if (cursor === undefined) throw new StoreError('cursor_not_found', request.after);
      after = cursor.row;
    }
    // One row more than asked tells whether there are more.
    const found = pages[request.order].iterate({ ...bound, after, limit: request.limit + 1 });
    const { rows, whole } = takeRows(found, request.limit, MAX_PAGE_CHARACTERS);
    return { data: rows.map(toRecord), hasMore: !whole };
  }

  close(): void {
    this.commits.close();
    this.db.close();
  }
}

/**
 * The first rows, up to `limit`, and no more once they hold so many characters of text: a thousand of them may be gigabytes. One
 * at least, where there is any.
 * @returns `whole`: these are all
 */
export function takeRows<Row>(
  found: Iterable<Row>,
  limit: number,
  characters: number,
): { rows: Row[]; whole: boolean } {
  const rows: Row[] = [];
  let size = 0;
  for (const row of found) {
    if (rows.length === limit || size >= characters) return { rows, whole: false };
    rows.push(row);
    for (const value of Object.values(row as object)) if (typeof value === 'string') size += value.length;
  }
  return { rows, whole: true };
}

function open(file: string, readonly: boolean, busyTimeoutMs: number): Database {
  let db: Database | undefined;
  try {
    db = new Sqlite(file, { readonly, fileMustExist: readonly, timeout: busyTimeoutMs });
    if (!readonly) {
      // WAL lets other processes read while one writes. FULL makes every commit wait for the disk: in WAL mode the
      // cheaper NORMAL may lose the last commits in a power cut.
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
    }
    db.pragma('foreign_keys = ON');
    return db;
  } catch (error) {
    db?.close();
    throw unusable(file, error);
  }
}

function pageSize(db: Database): number {
  return db.pragma('page_size', { simple: true }) as number;
}

function unusable(file: string, cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('database_unusable', file, `${file} (${why}); check the path and its permissions`, { cause });
}

// Brings a database to this installation's schema: numbered SQL files, each applied once in a transaction of its own.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { StoreError } from './errors.js';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** The installation's migrations, in order. @throws migration_invalid where numbers are missing or doubled */
export function readMigrations(folder: string = migrationsFolder()): Migration[] {
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((name) => ({ version: Number.parseInt(name, 10), name, sql: readFileSync(join(folder, name), 'utf8') }));
  migrations.forEach(({ version, name }, i) => {
    if (version !== i + 1) throw new StoreError('migration_invalid', name, `${name} should have number ${i + 1}`);
  });
  return migrations;
}

/**
 * Applies what is missing and records it.
 * @throws database_too_new where the database has seen a migration that this installation does not know
 */
export function migrate(db: Database, migrations: Migration[] = readMigrations(), now = Date.now()): void {
  const upgrade = db.transaction(() => {
    db.exec(
      `CREATE TABLE IF NOT EXISTS schema_migrations
         (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`,
    );
    const applied = appliedVersion(db);
    for (const { version, name, sql } of migrations) {
      if (version <= applied) continue;
      db.exec(sql);
      db.prepare('INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)').run(version, name, now);
    }
  });
  refuseNewer(db, migrations);
  // Immediate: of two processes that open a new database at once, one waits instead of failing halfway.
  upgrade.immediate();
}

/** @throws database_too_new */
export function refuseNewer(db: Database, migrations: Migration[] = readMigrations()): void {
  const known = migrations.at(-1)?.version ?? 0;
  const applied = appliedVersion(db);
  if (applied > known) {
    const detail = `${db.name} has schema ${applied}, this installation knows up to ${known}; install the newer version, or use another data folder`;
    throw new StoreError('database_too_new', String(applied), detail);
  }
}

function appliedVersion(db: Database): number {
  const table = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'`).get();
  if (table === undefined) return 0;
  const row = db.prepare<[], { version: number | null }>('SELECT max(version) AS version FROM schema_migrations').get();
  return row?.version ?? 0;
}

/** The SQL files are not compiled, so seen from dist/store/ they lie in the package's own store/. */
function migrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'store', 'migrations');
}

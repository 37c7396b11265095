// The store on one SQLite file: what an installation has by default.
import { Connection, type SqliteOptions } from './sqlite-connection.js';
import { importMethods } from './sqlite-imports.js';
import { jobMethods } from './sqlite-jobs.js';
import { keyMethods } from './sqlite-keys.js';
import { studyMethods } from './sqlite-studies.js';
import type { Store } from './store.js';

/**
 * Opens the file, makes or upgrades its tables, and gives the store on it. Several processes and threads may have the
 * same file open, each with its own store.
 * @throws database_unusable, database_too_new, migration_invalid
 */
export function openSqliteStore(options: SqliteOptions): Store {
  const connection = new Connection(options);
  return {
    ...studyMethods(connection),
    ...importMethods(connection),
    ...jobMethods(connection),
    ...keyMethods(connection),
    async recall(once) {
      return connection.recall(once);
    },
    async remember(once, value) {
      return connection.writeOnce(once, () => value);
    },
    async ping() {
      connection.sql.ping.get();
    },
    async sizeBytes() {
      const [pages, size] = ['page_count', 'page_size'].map((name) => connection.db.pragma(name, { simple: true }));
      return Number(pages) * Number(size);
    },
    async close() {
      connection.close();
    },
  };
}

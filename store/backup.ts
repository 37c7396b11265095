// Copies a database while a service may be working on it.
import { existsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import Sqlite, { type Database } from 'better-sqlite3';
import { StoreError } from './errors.js';

/**
 * Copies a database as it is at one moment, while others may write to it: what was committed before is in the copy, and
 * nothing of what comes after. The copy appears whole or not at all.
 * @returns its size in bytes
 * @throws database_unusable where the database cannot be read, or the copy cannot be written or is there already
 */
export async function backupDatabase(file: string, to: string): Promise<number> {
  if (existsSync(to)) throw new StoreError('database_unusable', to, `${to} is there already; name another file`);
  const temporary = `${to}.${process.pid}.tmp`;
  try {
    const db = openFor(file);
    try {
      // All pages in one step: one reader's view of the database. Between steps another's write would begin it anew.
      await db.backup(temporary, { progress: ({ totalPages }) => Math.max(totalPages, 1_000_000_000) });
    } finally {
      db.close();
    }
    const copy = new Sqlite(temporary);
    try {
      // The copy needs no log of its own beside it.
      copy.pragma('journal_mode = DELETE');
      const [first] = copy.pragma('quick_check(1)') as { quick_check: string }[];
      if (first?.quick_check !== 'ok') throw new Error(`the copy is not sound: ${first?.quick_check}`);
    } finally {
      copy.close();
    }
    await rename(temporary, to);
    return (await stat(to)).size;
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('database_unusable', to, `${file} was not copied to ${to} (${(cause as Error).message})`, {
      cause,
    });
  }
}

function openFor(file: string): Database {
  try {
    return new Sqlite(file, { readonly: true, fileMustExist: true });
  } catch (cause) {
    throw new StoreError('database_unusable', file, `${file} (${(cause as Error).message}); check the path`, { cause });
  }
}

// One process at a time in a job's scratch folder: the lock goes with the process, however it ends.
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

/** A process that has lost its server sees it after its present run of steps; then the lock is free. In ms. */
const WAIT_MS = 120_000;

/**
 * Waits until no other process works in the folder, and keeps others out until this process ends. Without it a process
 * whose server was killed might still write a checkpoint while its successor reads it. Node has no file locks of its
 * own; a transaction of SQLite is one, held by the kernel.
 */
export function lockWorkDir(workDir: string): void {
  const lock = new Sqlite(join(workDir, 'lock.sqlite'), { timeout: WAIT_MS });
  lock.exec('BEGIN EXCLUSIVE');
  held.push(lock);
}

/** Collected as garbage, a connection would close and its lock be gone. */
const held: unknown[] = [];

// What an evaluation on a server of its own is about, down to the contents of files: only the very same one is gone on with.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../package-root.js';
import type { FolderTask } from './folder.js';

/** What OMNIREG_BASE_MODEL says where it is no folder. */
const SHIPPED = 'shipped';
const NONE = 'none';

/**
 * Tasks hold what their JSON files say, and INDEX.csv chose them: of files only the tables and the model's are read here. By
 * contents and not by time: what was saved again unchanged is the same, and what was changed is not, whatever its time says.
 * @param model its folder; where it is not named, the server's base model
 */
export async function fingerprintOf(
  tasks: readonly FolderTask[],
  settings: object,
  model: string | undefined,
): Promise<string> {
  const tables: (string | null)[] = [];
  for (const { csv } of tasks) tables.push(await digestOf(csv));
  return JSON.stringify([tasks, tables, settings, await modelDigests(model ?? process.env.OMNIREG_BASE_MODEL)]);
}

/** Of each file of the model's folder. An adapter's files name the weights of its base by their digest. */
async function modelDigests(model: string = SHIPPED): Promise<unknown> {
  if (model === NONE) return NONE;
  const folder = model === SHIPPED ? fileURLToPath(new URL('trainer/base', packageRoot)) : resolve(model);
  // Where there is none, the server says so.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const digests: [string, string | null][] = [];
  for (const name of files.sort()) digests.push([name, await digestOf(join(folder, name))]);
  return [folder, digests];
}

/** Null where it cannot be read: its import says so, and why. */
async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return null;
  }
  return hash.digest('hex');
}

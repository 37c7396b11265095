// A folder as one zip file, streamed as it is read: weights do not compress, so nothing is held in memory and the size is known before.
import { readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

export interface Archive {
  stream: Readable;
  /** Of the whole archive. */
  bytes: number;
}

/**
 * @param name the folder's name inside the archive
 * @returns undefined where there is no folder, or no file in it
 */
export async function zipFolder(folder: string, name: string): Promise<Archive | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length === 0) return undefined;
  const zip = new ZipFile();
  const stream = zip.outputStream as Readable;
  // A file that vanishes on the way breaks the answer off: the client sees that it is not whole.
  zip.once('error', (error: Error) => stream.destroy(error));
  for (const file of files.sort()) {
    const { mtime, mode } = await stat(file);
    const inside = posix.join(name, file.slice(folder.length + 1).replaceAll('\\', '/'));
    zip.addFile(file, inside, { mtime, mode, compress: false });
  }
  // The typings know nothing of the size that the callback gets.
  const end = zip.end.bind(zip) as (options: object, then: (bytes: number) => void) => void;
  const bytes = await new Promise<number>((resolve) => end({}, resolve));
  return { stream, bytes };
}

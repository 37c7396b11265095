// Files that appear whole or not at all: written beside their place, flushed to disk, then renamed.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Flushes a folder's entries, so that a rename in it survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeFlushed(path: string, data: Uint8Array | string): Promise<void> {
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await writeFlushed(temporary, data);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** The content of a file, or what makes it when its turn comes, so that large ones need not be in memory together. */
export type FileContent = Uint8Array | string | (() => Uint8Array | string);

/**
 * Writes a folder of files under a temporary name and renames it into place; an older folder there is replaced. A file's
 * name may lead into a folder of its own: `onnx/encoder_model.onnx`.
 */
export async function writeFolderAtomic(path: string, files: Record<string, FileContent>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const folders = new Set([temporary]);
  for (const [name, content] of Object.entries(files)) {
    const file = join(temporary, name);
    await mkdir(dirname(file), { recursive: true });
    folders.add(dirname(file));
    await writeFlushed(file, typeof content === 'function' ? content() : content);
  }
  for (const folder of folders) await syncFolder(folder);
  await rm(path, { recursive: true, force: true });
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

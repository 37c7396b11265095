// CSV files on this machine, read chunk by chunk.
import { type FileHandle, open } from 'node:fs/promises';
import { type CsvItem, CsvReader, detectDelimiter, refuseOtherEncodings } from '../../../service/tabular/csv-reader.js';
import { CliError } from '../errors.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * All records, the header (if any) being the first, some at a time.
 * @throws CliError file_unreadable; TabularError csv_unusable where the bytes are not text.
 */
export async function* readCsv(path: string, delimiter: string): AsyncGenerator<CsvItem[]> {
  const file = await openFile(path);
  try {
    const reader = new CsvReader(delimiter, path);
    for (let at = 0; ; ) {
      const chunk = await readAt(file, at, path);
      if (chunk.length === 0) break;
      at += chunk.length;
      yield reader.push(chunk);
    }
    yield reader.end();
  } finally {
    await file.close();
  }
}

/** The file's delimiter, as its first line shows it. @throws CliError file_unreadable; TabularError csv_unusable */
export async function delimiterOf(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const start = await readAt(file, 0, path);
    refuseOtherEncodings(start, 0, path);
    return detectDelimiter(start);
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function readAt(file: FileHandle, position: number, path: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

export function unreadable(path: string, cause: unknown): CliError {
  const code = (cause as NodeJS.ErrnoException).code;
  const reasons: Record<string, [string, string]> = {
    ENOENT: ['does not exist', 'Check the name and the folder.'],
    EISDIR: ['is a folder', 'Name a file in it.'],
    EACCES: ['may not be read', 'Change its permissions, or run as a user who may.'],
  };
  const [what, fix] = reasons[code ?? ''] ?? [
    `cannot be read (${code ?? String(cause)})`,
    'Check the disk and the path.',
  ];
  return new CliError('file_unreadable', `${path} ${what}.`, fix, cause);
}

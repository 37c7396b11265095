// Sends a table that lies in a file to an import, piece by piece, and goes on after breaks where the service says.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { type ImportCreate, type ImportState, type OmniReg, OmniRegError } from '../../sdk/index.js';
import { unreadable } from '../csv/files.js';
import { CliError } from '../errors.js';

/** Rows of one piece are durable before the next is read: small enough to show progress, large enough not to wait for it. */
const PIECE_BYTES = 4 * 1024 * 1024;
const CHECK_BYTES = 1024 * 1024;
/** How long another sender to the same import is waited for: one that was killed, and whose bytes are still worked off. In ms. */
const SETTLE_MS = 200;
const SETTLE_TRIES = 150;

export interface TableProgress {
  rows: number;
  /** Bytes that are dealt with, and all there are. */
  bytes: number;
  size: number;
}

export interface SendOptions {
  path: string;
  format: 'csv' | 'ndjson';
  /** Makes the import; a function, as what it says may take a while to find out and a resumed import knows it already. */
  create: () => Promise<ImportCreate>;
  /** What the rows come from, to find the import again by. */
  source: string;
  /** Go on with what was broken off, if anything was. */
  resume: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: TableProgress) => void;
}

export interface Sent {
  state: ImportState;
  /** Rows that were in before. */
  before: number;
  resumed: boolean;
}

/**
 * @throws CliError file_unreadable, resume_impossible where the file no longer begins as the import did; APIError, for example
 *   `row_rejected`
 */
export async function sendTable(client: OmniReg, options: SendOptions): Promise<Sent> {
  const { path, signal, resume } = options;
  const size = await sizeOf(path);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const found = resume ? await unfinished(client, options, file, size) : undefined;
    const started = found ?? (await client.imports.create(await options.create(), { signal }));
    if (started.status === 'completed') return { state: started, before: started.rows, resumed: true };
    const state = await sendRest(client, options, started, file, size);
    return { state, before: started.rows, resumed: found !== undefined };
  } finally {
    await file.close();
  }
}

async function sendRest(client: OmniReg, options: SendOptions, from: ImportState, file: FileHandle, size: number) {
  const { format, signal, onProgress } = options;
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let state = from;
  let unsettled = 0;
  let piece = PIECE_BYTES;
  for (;;) {
    const { offset } = state;
    onProgress?.({ rows: state.rows, bytes: offset, size });
    const space = piece > buffer.length ? Buffer.allocUnsafe(piece) : buffer;
    const { bytesRead } = await file.read(space, 0, piece, offset);
    const bytes = space.subarray(0, bytesRead);
    const complete = offset + bytesRead >= size;
    try {
      state = await client.imports.append(state.id, bytes, { format, offset, complete }, { signal });
    } catch (error) {
      // The connection broke, an answer was lost, or what a killed sender had sent is still worked off: the import knows where
      // it is, and asking it waits for a service that restarts.
      if (signal?.aborted || !goesOn(error)) throw error;
      state = await client.imports.get(state.id, { signal });
      if (state.status === 'cancelled' || (state.status !== 'completed' && ++unsettled > SETTLE_TRIES)) throw error;
      if (state.status !== 'completed') await pause(SETTLE_MS, undefined, signal && { signal });
    }
    if (state.status === 'completed') {
      onProgress?.({ rows: state.rows, bytes: size, size });
      return state;
    }
    // Not even one row ended in the piece.
    piece = state.offset === offset ? piece * 2 : PIECE_BYTES;
  }
}

function goesOn(error: unknown): boolean {
  if (!(error instanceof OmniRegError)) return false;
  return error.retryable || ['upload_offset_mismatch', 'import_not_open'].includes(error.code);
}

/** The newest import from this source, if it is not over; undefined where there is none to go on with. */
async function unfinished(
  client: OmniReg,
  { source, path, signal }: SendOptions,
  file: FileHandle,
  size: number,
): Promise<ImportState | undefined> {
  const { data } = await client.imports.list({ source, limit: 1 }, { signal });
  const [newest] = data;
  if (newest === undefined || newest.status === 'cancelled') return undefined;
  const { id, offset, checksum } = newest;
  if (offset > size || (await checksumOf(file, offset)) !== checksum) {
    throw new CliError(
      'resume_impossible',
      `${path} does not begin with what ${id} has imported of it: it has changed since.`,
      'Leave out --resume to import it as a new table, or bring the file back as it was.',
    );
  }
  // A table that has grown since it was imported whole: its further rows are another matter.
  if (newest.status === 'completed' && offset < size) {
    throw new CliError(
      'resume_impossible',
      `${path} was imported whole by ${id} and has grown since.`,
      'Import its new rows from a file of their own.',
    );
  }
  return client.imports.get(id, { signal });
}

async function checksumOf(file: FileHandle, bytes: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHECK_BYTES);
  let checksum = 0;
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHECK_BYTES, bytes - at), at);
    if (bytesRead === 0) break;
    checksum = crc32(buffer.subarray(0, bytesRead), checksum);
    at += bytesRead;
  }
  return checksum;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

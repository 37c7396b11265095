// What the arguments of `omnireg import` come to: tables that lie in files, converted first where they have another form.
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CellType } from '../../../service/tabular/planned-columns.js';
import type { JsonObject, Objective, SearchSpace } from '../../sdk/index.js';
import { unreadable } from '../csv/files.js';
import { readOptuna } from './optuna.js';
import { readParquet } from './parquet.js';

export const TABLE_FORMATS = ['csv', 'ndjson', 'parquet', 'optuna'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** One table, ready to be sent. */
export interface TableSource {
  /** Where it lies: the file itself, or what was made of it. */
  path: string;
  /** What it is called; absent: as its path. */
  label: string | undefined;
  format: 'csv' | 'ndjson';
  /** Of the columns, where the table itself says them. */
  types: ReadonlyMap<string, CellType> | undefined;
  /** Of the study that is made of it. */
  name: string;
  /** The file that was named, where there is one: metadata may lie beside it. */
  file: string | undefined;
  /** What the table itself says of its study. */
  study: { metadata: JsonObject; objectives: Objective[]; searchSpace: SearchSpace | undefined } | undefined;
}

const START_BYTES = 64 * 1024;

/** Temporary files of the tables that were converted. */
export class Spool {
  #folder: Promise<string> | undefined;
  #files = 0;

  /** Path of a new file. */
  async file(ending: string): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'omnireg-import-'));
    return join(await this.#folder, `${++this.#files}${ending}`);
  }

  async remove(): Promise<void> {
    if (this.#folder) await rm(await this.#folder, { recursive: true, force: true });
  }
}

/**
 * The tables of one argument: a file, `-` for stdin, or an Optuna storage, which holds a study a table.
 * @param format Absent: found out from the first bytes and the file's name.
 * @throws CliError file_unreadable, table_unusable
 */
export async function* openSources(
  argument: string,
  format: TableFormat | undefined,
  spool: Spool,
): AsyncGenerator<TableSource> {
  const isStdin = argument === '-';
  // It is read twice, and again after a break: what comes only once is kept first.
  const path = isStdin ? await keep(process.stdin, await spool.file('.in')) : argument;
  const found = format ?? (await formatOf(path));
  const file = isStdin ? undefined : argument;
  const name = isStdin ? 'stdin' : basename(argument, extname(argument));
  const label = isStdin ? 'stdin' : undefined;
  if (found === 'csv' || found === 'ndjson') {
    yield { path, label, format: found, name, file, types: undefined, study: undefined };
    return;
  }
  if (found === 'parquet') {
    const { types, csv } = await readParquet(path, argument);
    const converted = await keep(csv, await spool.file('.csv'));
    yield { path: converted, label: label ?? argument, format: 'csv', name, file, types, study: undefined };
    return;
  }
  for (const { trials, name: study, ...rest } of readOptuna(path, argument)) {
    const converted = await keep(trials(), await spool.file('.ndjson'));
    const told = { metadata: rest.metadata, objectives: rest.objectives, searchSpace: rest.searchSpace };
    yield {
      path: converted,
      label: `${argument}#${study}`,
      format: 'ndjson',
      name: study,
      file: undefined,
      types: undefined,
      study: told,
    };
  }
}

async function formatOf(path: string): Promise<TableFormat> {
  const start = await firstBytes(path);
  const text = start.toString('latin1');
  if (text.startsWith('PAR1')) return 'parquet';
  if (text.startsWith('SQLite format 3\0')) return 'optuna';
  if (/\.(?:ndjson|jsonl)$/i.test(path)) return 'ndjson';
  return /^(?:\u00ef\u00bb\u00bf)?\s*\{\s*"/.test(text) ? 'ndjson' : 'csv';
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(START_BYTES), 0, START_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function keep(from: AsyncIterable<string | Buffer> | Iterable<string | Buffer>, path: string): Promise<string> {
  await pipeline(from, createWriteStream(path));
  return path;
}

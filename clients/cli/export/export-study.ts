// Writes a study's trials, oldest first, as CSV or NDJSON, and beside them what an import needs to make the same study of them.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { JsonObject, OmniReg, Study, Trial } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { ColumnFinder, headerLine, trialLine } from './export-csv.js';

export interface ExportOptions {
  format: 'csv' | 'ndjson';
  signal: AbortSignal;
  onProgress: (done: number) => void;
}

const PAGE = 1000;

/**
 * The lines of the table. For a CSV the study is read twice: its columns are known only when every trial was seen.
 * @param onColumns told what every column is, before the first line
 */
export async function* exportLines(
  client: OmniReg,
  study: Study,
  { format, signal, onProgress }: ExportOptions,
  onColumns: (columns: JsonObject[]) => void = () => undefined,
): AsyncGenerator<string> {
  // What is added while this runs belongs to the next export.
  const counts = Object.values(study.trial_counts).reduce((sum, count) => sum + count, 0);
  let done = 0;
  if (format === 'ndjson') {
    for await (const trials of pagesOf(client, study, counts, signal)) {
      yield trials.map((trial) => `${JSON.stringify(toInput(trial))}\n`).join('');
      done += trials.length;
      onProgress(done);
    }
    return;
  }
  const finder = new ColumnFinder();
  for await (const trials of pagesOf(client, study, counts, signal)) {
    for (const trial of trials) finder.observe(trial);
    done += trials.length;
    onProgress(done / 2);
  }
  const columns = finder.columns(study.objectives);
  onColumns(columns as unknown as JsonObject[]);
  yield headerLine(columns);
  for await (const trials of pagesOf(client, study, counts, signal)) {
    yield trials.map((trial) => trialLine(trial, columns, study.objectives)).join('');
    done += trials.length;
    onProgress(done / 2);
  }
}

/** To a file, whole or not at all, with the JSON that `omnireg import` looks for beside it. @returns the path of that */
export async function exportToFile(
  client: OmniReg,
  study: Study,
  path: string,
  options: ExportOptions,
): Promise<string> {
  const beside = `${path.slice(0, path.length - extname(path).length)}.json`;
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  let columns: JsonObject[] | undefined;
  try {
    const lines = exportLines(client, study, options, (found) => {
      columns = found;
    });
    await pipeline(lines, createWriteStream(temporary));
    await writeFile(beside, `${JSON.stringify(describe(study, columns), null, 2)}\n`);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const { code } = cause as NodeJS.ErrnoException;
    if (!['ENOENT', 'EACCES', 'EISDIR', 'ENOSPC', 'ENOTDIR'].includes(code ?? '')) throw cause;
    throw new CliError('file_unreadable', `${path} cannot be written (${code}).`, 'Name another file.', cause);
  }
  return beside;
}

function describe(study: Study, columns: JsonObject[] | undefined): JsonObject {
  const { name, metadata, search_space: space } = study;
  return {
    objectives: study.objectives as unknown as JsonObject[],
    omnireg_export: {
      name,
      metadata: metadata as JsonObject,
      ...(space && { search_space: space as unknown as JsonObject }),
      ...(columns && { columns }),
    },
  };
}

/** A trial as it would be sent to make it. */
function toInput({ x, y, status, infeasible_reason: reason, metadata }: Trial): object {
  return {
    x,
    ...(y !== null ? { y } : { status }),
    ...(reason !== null && { infeasible_reason: reason }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

async function* pagesOf(client: OmniReg, study: Study, limit: number, signal: AbortSignal): AsyncGenerator<Trial[]> {
  let left = limit;
  const pages = client.studies.trials.list(study.id, { limit: PAGE, order: 'asc' }, { signal }).pages();
  for await (const { data } of pages) {
    if (left <= 0) return;
    yield data.slice(0, left);
    left -= data.length;
  }
}

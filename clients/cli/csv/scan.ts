// First reading of a CSV: delimiter, header, number of rows, and the kind of each column over the whole file.
import { ColumnProfile, type Header, readHeader } from '../../../service/tabular/columns.js';
import type { CsvItem } from '../../../service/tabular/csv-reader.js';
import { TabularError } from '../../../service/tabular/errors.js';
import { shortValue } from '../../../service/tabular/row-errors.js';
import { prepare } from '../../../service/tabular/trials.js';
import { delimiterOf, readCsv } from './files.js';

export interface ScanOptions {
  /** Absent: detected. */
  delimiter: string | undefined;
  /** Absent: detected. */
  header: boolean | undefined;
  missing: readonly string[];
  decimalComma: boolean;
}

export interface CsvScan {
  path: string;
  delimiter: string;
  header: Header;
  profiles: Pick<ColumnProfile, 'kind' | 'numbers' | 'surprise'>[];
  /** Records below the header, the broken ones counted. */
  rows: number;
}

/** @param label what the table is called in errors
 * @throws TabularError csv_unusable where the file has no row, or its header cannot be used. */
export async function scanCsv(path: string, options: ScanOptions, label = path): Promise<CsvScan> {
  const delimiter = options.delimiter ?? (await delimiterOf(path));
  const clean = { missing: new Set(options.missing.map((value) => value.trim())), decimalComma: options.decimalComma };
  let header: Header | undefined;
  let profiles: ColumnProfile[] = [];
  let rows = 0;
  for await (const items of readCsv(path, delimiter))
    for (const item of items) {
      if (!header) {
        if ('error' in item) {
          throw new TabularError('csv_unusable', `${label}: in the first row, ${item.error.what}.`, item.error.fix);
        }
        header = readHeader(item.cells, options.header, label);
        profiles = header.names.map(() => new ColumnProfile());
        if (header.inFile) continue;
      }
      rows++;
      // Rows that will be refused do not decide what a column is.
      if ('error' in item || item.cells.length !== header.names.length) continue;
      for (let i = 0; i < profiles.length; i++)
        profiles[i]!.observe(prepare(item.cells[i]!, clean, 'unknown'), item.line);
    }
  if (!header) throw new TabularError('csv_unusable', `${label} is empty.`, 'Write a header and one trial a line.');
  if (rows === 0) {
    throw new TabularError(
      'csv_unusable',
      `${label} has a header and no rows.`,
      'Write one trial a line below the header.',
    );
  }
  return { path, delimiter, header, profiles, rows };
}

/** Second reading: the rows below the header. */
export async function* readRows({ path, delimiter, header }: CsvScan): AsyncGenerator<CsvItem> {
  let first = header.inFile;
  for await (const items of readCsv(path, delimiter))
    for (const item of items) {
      if (first) first = false;
      else yield item;
    }
}

/** What a person should know of how the columns of these parameters were read. */
export function columnNotes({ header, profiles }: CsvScan, parameters: readonly { index: number }[]): string[] {
  const notes: string[] = [];
  if (!header.inFile) {
    notes.push(
      `the first line is numbers, so it is read as data and the columns are named ${header.names[0]} to ${header.names.at(-1)}; say --header if it is a header`,
    );
  }
  for (const { index: i } of parameters) {
    const profile = profiles[i]!;
    const name = JSON.stringify(header.names[i]);
    if (header.unnamed.includes(header.names[i]!) && profile.kind !== 'empty') {
      notes.push(`column ${i + 1} has no name and is called ${name}; leave it out with --ignore ${header.names[i]}`);
    }
    const { surprise } = profile;
    if (surprise) {
      const cell = JSON.stringify(shortValue(surprise.cell));
      const others = surprise.numbers === 1 ? 'one number' : `${surprise.numbers} numbers`;
      notes.push(
        `column ${name} is read as text, as line ${surprise.line} holds ${cell} beside ${others}; if that means "no value", add --missing ${cell}`,
      );
    }
  }
  return notes;
}

/** Bytes of the file before its first row. @throws TabularError csv_unusable */
export async function headBytesOf(
  path: string,
  delimiter: string | undefined,
  header: boolean | undefined,
): Promise<number> {
  for await (const items of readCsv(path, delimiter ?? (await delimiterOf(path)))) {
    const [first] = items;
    if (!first) continue;
    return 'cells' in first && readHeader(first.cells, header, path).inFile ? first.end : 0;
  }
  return 0;
}

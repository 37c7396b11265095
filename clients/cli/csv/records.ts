// Reads a CSV file record by record in bounded memory. A line with broken quotes costs only itself: reading goes on at the next line.
import { type FileHandle, open } from 'node:fs/promises';
import { CsvError, type Parser, parse } from 'csv-parse';
import { CliError } from '../errors.js';
import type { RowError } from './row-errors.js';

/** One record of the file. */
export interface CsvRecord {
  /** Line on which it begins, from 1. A quoted cell may hold line breaks, so a record may span several. */
  line: number;
  cells: string[];
}

export type CsvItem = { record: CsvRecord } | { error: RowError };

const CHUNK_BYTES = 256 * 1024;
/** A quote that is never closed would swallow the rest of the file; the service takes 1 MiB a trial. */
const LONGEST_RECORD = 1_100_000;

/**
 * Reads all records, the header (if any) being the first. Empty lines are left out; a byte order mark is, too.
 * Lines end with LF, CRLF or CR, also mixed.
 * @throws CliError file_unreadable; csv_unusable where the bytes are not text.
 */
export async function* readCsv(path: string, delimiter: string): AsyncGenerator<CsvItem> {
  const file = await openFile(path);
  try {
    let offset = 0;
    let line = 1;
    for (;;) {
      const segment = new Segment(delimiter, offset === 0);
      for (let at = offset; ; ) {
        const chunk = await readAt(file, at, path);
        if (at === 0) refuseOtherEncodings(chunk, path);
        at += chunk.length;
        await segment.feed(chunk);
        for (const { cells, raw, end } of segment.take()) {
          if (!isBlank(cells, raw)) yield { record: { line, cells } };
          line += lineBreaks(raw);
          segment.end = end;
        }
        if (segment.failure || chunk.length === 0) break;
      }
      if (!segment.failure) return;
      yield { error: brokenLine(segment.failure, line, segment.spansLines) };
      const next = await nextLine(file, offset + segment.end, path);
      if (next === undefined) return;
      offset = next;
      line++;
    }
  } finally {
    await file.close();
  }
}

/** The delimiter that occurs most often in the first line, outside of quotes: comma, semicolon or tab. */
export async function detectDelimiter(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const start = await readAt(file, 0, path);
    refuseOtherEncodings(start, path);
    const firstLine =
      /^[\r\n]*((?:"[^"]*"|[^"\r\n])*)/.exec(start.toString('utf8'))?.[1]?.replace(/"[^"]*"/g, '') ?? '';
    const count = (character: string) => firstLine.split(character).length - 1;
    return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
  } finally {
    await file.close();
  }
}

/** csv-parse from one place of the file on, driven chunk by chunk so that no record is lost when it fails. */
class Segment {
  failure: CsvError | undefined;
  /** Bytes from the segment's start to the end of the last record that was taken. */
  end = 0;
  #lines = 0;
  readonly #parser: Parser;
  #parsed: { cells: string[]; raw: string; end: number }[] = [];

  constructor(delimiter: string, startsFile: boolean) {
    this.#parser = parse({
      delimiter,
      bom: startsFile,
      raw: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: LONGEST_RECORD,
      on_record: (parsed: unknown, context) => {
        // With `raw` a record comes wrapped, which the library's types do not say.
        const { record, raw } = parsed as { record: string[]; raw: string };
        this.#lines = context.lines;
        this.#parsed.push({ cells: record, raw, end: context.bytes });
        return null;
      },
    });
    this.#parser.on('error', (error) => {
      if (!(error instanceof CsvError)) throw error;
      this.failure = error;
    });
    this.#parser.resume();
  }

  /** @param chunk The file's next bytes; none at its end. */
  feed(chunk: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (chunk.length > 0) this.#parser.write(chunk, () => resolve());
      else this.#parser.once('close', resolve).end();
    });
  }

  /** Whether the record that failed had run on into further lines. */
  get spansLines(): boolean {
    return this.#parser.info.lines > this.#lines + 1;
  }

  take() {
    const parsed = this.#parsed;
    this.#parsed = [];
    return parsed;
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

/** UTF-16 and binary files would otherwise give thousands of senseless row errors. */
function refuseOtherEncodings(start: Buffer, path: string): void {
  const utf16 = start.length >= 2 && ['fffe', 'feff'].includes(start.subarray(0, 2).toString('hex'));
  if (utf16) {
    throw new CliError('csv_unusable', `${path} is UTF-16 text.`, 'Save it as "CSV UTF-8".');
  }
  if (start.subarray(0, 8192).includes(0)) {
    throw new CliError('csv_unusable', `${path} is not text: it holds zero bytes.`, 'Export the sheet as "CSV UTF-8".');
  }
}

/** Place of the line after the one that contains `from`, or undefined where the file ends before. */
async function nextLine(file: FileHandle, from: number, path: string): Promise<number | undefined> {
  for (let at = from; ; ) {
    const chunk = await readAt(file, at, path);
    if (chunk.length === 0) return undefined;
    const lf = chunk.indexOf(0x0a);
    const cr = chunk.indexOf(0x0d);
    if (cr >= 0 && (lf < 0 || cr < lf)) {
      const after = chunk[cr + 1] ?? (await readAt(file, at + cr + 1, path))[0];
      return at + cr + (after === 0x0a ? 2 : 1);
    }
    if (lf >= 0) return at + lf + 1;
    at += chunk.length;
  }
}

function brokenLine(error: CsvError, line: number, spansLines: boolean): RowError {
  const double = 'A quote inside a cell is written twice and the whole cell in quotes: "5"" pipe".';
  const at = { line, code: 'broken_quotes' };
  if (error.code === 'INVALID_OPENING_QUOTE' && !spansLines) {
    return { ...at, what: 'a quote stands inside a cell that does not begin with one', fix: double };
  }
  if (error.code === 'CSV_INVALID_CLOSING_QUOTE' && !spansLines) {
    return { ...at, what: 'a quoted cell goes on after its closing quote', fix: double };
  }
  return { ...at, what: 'a quote is opened and never closed', fix: `Close it. ${double}` };
}

/** An empty line, not a row of empty cells between tabs, nor one cell in quotes. */
function isBlank(cells: readonly string[], raw: string): boolean {
  return cells.length === 1 && raw.trim() === '';
}

function lineBreaks(raw: string): number {
  return raw.match(/\r\n|\n|\r/g)?.length ?? 0;
}

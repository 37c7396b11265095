// Reads CSV (RFC 4180) chunk by chunk in bounded memory. A line with broken quotes costs only itself: reading goes on at the next line.
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { TabularError } from './errors.js';
import type { RowError } from './row-errors.js';

/** One record of the table. */
export interface CsvRecord {
  /** Line on which it begins, from 1. A quoted cell may hold line breaks, so a record may span several. */
  line: number;
  /** Its bytes are [start, end) of the whole table, the line break included. */
  start: number;
  end: number;
  /** Line that begins at `end`. */
  nextLine: number;
  cells: string[];
}

/** A line that is no record. */
export interface BrokenRecord extends Omit<CsvRecord, 'cells'> {
  error: RowError;
}

export type CsvItem = CsvRecord | BrokenRecord;

/** Where reading begins: at the start of a line. */
export interface CsvPosition {
  /** Bytes before it. */
  offset: number;
  /** Its number, from 1. */
  line: number;
}

/** A quote that is never closed would swallow the rest of the table; the service takes 1 MiB a trial. */
const LONGEST_RECORD = 1_100_000;
const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const ZEROS_LOOKED_FOR_IN = 8192;

/**
 * Gives back records as their bytes come in. Empty lines are left out; a byte order mark is, too. Lines end with LF, CRLF or
 * CR, also mixed. Blocks without a quote are cut by hand, fourteen times as fast as csv-parse, which reads all others; a test
 * holds both to the same records.
 */
export class CsvReader {
  readonly #delimiter: string;
  readonly #name: string;
  #rest: Buffer = Buffer.alloc(0);
  #offset: number;
  #line: number;
  /** A line that is no record and whose end has not come in yet. */
  #broken: Omit<BrokenRecord, 'end' | 'nextLine'> | undefined;

  /** @param name of the table, for errors */
  constructor(delimiter: string, name: string, { offset, line }: CsvPosition = { offset: 0, line: 1 }) {
    this.#delimiter = delimiter;
    this.#name = name;
    this.#offset = offset;
    this.#line = line;
  }

  /** The records that end within what has come in so far. @throws TabularError csv_unusable where the bytes are not text */
  push(chunk: Buffer): CsvItem[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    return this.#read(false);
  }

  /** What is left when nothing more comes. @throws TabularError csv_unusable */
  end(): CsvItem[] {
    return this.#read(true);
  }

  #read(final: boolean): CsvItem[] {
    const items: CsvItem[] = [];
    if (this.#offset < ZEROS_LOOKED_FOR_IN) refuseOtherEncodings(this.#rest, this.#offset, this.#name);
    if (this.#offset === 0) {
      if (this.#rest.length < 3 && !final) return items;
      if (this.#rest.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf))) this.#advance(3);
    }
    for (;;) {
      if (this.#broken) {
        const end = lineEnd(this.#rest, final);
        this.#advance(end ?? this.#rest.length);
        if (end === undefined && !final) return items;
        items.push({ ...this.#broken, end: this.#offset, nextLine: ++this.#line });
        this.#broken = undefined;
      }
      const cut = final ? this.#rest.length : lastBreak(this.#rest);
      const block = this.#rest.subarray(0, cut);
      const text = block.includes(QUOTE) ? undefined : block.toString('utf8');
      if (text !== undefined && !/\r(?!\n)/.test(text)) this.#plain(block, text, items);
      else this.#quoted(block, final, items);
      if (!this.#broken && this.#rest.length > LONGEST_RECORD) this.#fail('a quote is opened and never closed', CLOSE);
      if (!this.#broken) return items;
    }
  }

  /** Every line a record. */
  #plain(block: Buffer, text: string, items: CsvItem[]): void {
    const ascii = text.length === block.length;
    const base = this.#offset;
    let byte = 0;
    for (let at = 0; at < text.length; ) {
      const found = text.indexOf('\n', at);
      const stop = found < 0 ? text.length : found;
      const line = text.slice(at, stop > at && text.charCodeAt(stop - 1) === CR ? stop - 1 : stop);
      at = stop + 1;
      const start = base + byte;
      if (ascii) byte = Math.min(at, block.length);
      else {
        const end = block.indexOf(LF, byte);
        byte = end < 0 ? block.length : end + 1;
      }
      const cells = line.split(this.#delimiter);
      const number = this.#line;
      if (found >= 0) this.#line++;
      const here = { line: number, start, end: base + byte, nextLine: this.#line };
      if (cells.length === 1 && line.trim() === '') continue;
      if (line.length <= LONGEST_RECORD) items.push({ ...here, cells });
      else items.push({ ...here, error: { line: here.line, ...TOO_LONG } });
    }
    this.#advance(block.length);
  }

  /** Up to the first line that csv-parse refuses, which becomes `#broken`, or the record that goes on behind the block. */
  #quoted(block: Buffer, final: boolean, items: CsvItem[]): void {
    let consumed = 0;
    let lines = 0;
    try {
      parse(block, {
        delimiter: this.#delimiter,
        raw: true,
        relax_column_count: true,
        record_delimiter: ['\r\n', '\n', '\r'],
        max_record_size: LONGEST_RECORD,
        on_record: (parsed: unknown, context) => {
          // With `raw` a record comes wrapped, which the library's types do not say.
          const { record, raw } = parsed as { record: string[]; raw: string };
          const line = this.#line;
          this.#line += lineBreaks(raw);
          const here = {
            line,
            start: this.#offset + consumed,
            end: this.#offset + context.bytes,
            nextLine: this.#line,
          };
          if (!isBlank(record, raw)) items.push({ ...here, cells: record });
          consumed = context.bytes;
          lines = context.lines;
          return null;
        },
      });
      consumed = block.length;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const goesOn = error.code === 'CSV_QUOTE_NOT_CLOSED' && !final;
      if (!goesOn) {
        this.#advance(consumed);
        this.#fail(...whatIsBroken(error, (error as CsvError & { lines: number }).lines > lines + 1));
        return;
      }
    }
    this.#advance(consumed);
  }

  #fail(what: string, fix: string): void {
    const line = this.#line;
    this.#broken = { line, start: this.#offset, error: { line, code: 'broken_quotes', what, fix } };
  }

  #advance(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
    this.#offset += bytes;
  }
}

/** The delimiter that occurs most often in the first line, outside of quotes: comma, semicolon or tab. @param start of the table */
export function detectDelimiter(start: Buffer): string {
  const firstLine = /^[\r\n]*((?:"[^"]*"|[^"\r\n])*)/.exec(start.toString('utf8'))?.[1]?.replace(/"[^"]*"/g, '') ?? '';
  const count = (character: string) => firstLine.split(character).length - 1;
  return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}

/** UTF-16 and binary files would otherwise give thousands of senseless row errors. @throws TabularError csv_unusable */
export function refuseOtherEncodings(bytes: Buffer, offset: number, name: string): void {
  const utf16 = offset === 0 && ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'));
  if (utf16) throw new TabularError('csv_unusable', `${name} is UTF-16 text.`, 'Save it as "CSV UTF-8".');
  if (bytes.subarray(0, ZEROS_LOOKED_FOR_IN).includes(0)) {
    throw new TabularError(
      'csv_unusable',
      `${name} is not text: it holds zero bytes.`,
      'Export the sheet as "CSV UTF-8".',
    );
  }
}

/** Bytes up to and with the last line break; a CR at the very end may be half of one. */
function lastBreak(bytes: Buffer): number {
  const lf = bytes.lastIndexOf(LF);
  const cr = bytes.length < 2 ? -1 : bytes.lastIndexOf(CR, bytes.length - 2);
  return Math.max(lf, cr) + 1;
}

/** Bytes up to and with the first line break, or undefined where it has not come yet. */
function lineEnd(bytes: Buffer, final: boolean): number | undefined {
  const lf = bytes.indexOf(LF);
  const cr = bytes.indexOf(CR);
  if (cr < 0 || (lf >= 0 && lf < cr)) return lf < 0 ? undefined : lf + 1;
  if (cr + 1 === bytes.length && !final) return undefined;
  return cr + (bytes[cr + 1] === LF ? 2 : 1);
}

const DOUBLE = 'A quote inside a cell is written twice and the whole cell in quotes: "5"" pipe".';
const CLOSE = `Close it. ${DOUBLE}`;
const TOO_LONG = {
  code: 'row_too_long',
  what: `the row has more than ${LONGEST_RECORD} characters`,
  fix: 'Shorten its texts: a model reads only the first few hundred words.',
} as const;

function whatIsBroken(error: CsvError, spansLines: boolean): [what: string, fix: string] {
  if (error.code === 'INVALID_OPENING_QUOTE' && !spansLines)
    return ['a quote stands inside a cell that does not begin with one', DOUBLE];
  if (error.code === 'CSV_INVALID_CLOSING_QUOTE' && !spansLines)
    return ['a quoted cell goes on after its closing quote', DOUBLE];
  return ['a quote is opened and never closed', CLOSE];
}

/** An empty line, not a row of empty cells between tabs, nor one cell in quotes. */
function isBlank(cells: readonly string[], raw: string): boolean {
  return cells.length === 1 && raw.trim() === '';
}

function lineBreaks(raw: string): number {
  return raw.match(/\r\n|\n|\r/g)?.length ?? 0;
}

// NDJSON as it comes in: one trial a line, as it is sent alone. Where the request names no objectives, the first measurement does.
import type { Objective } from '../../store/types.js';
import type { Check } from '../contract/validators.js';
import type { ImportPlanRecord } from './request.js';
import { ndjsonRows, parseLine, type RowOutcome } from './rows.js';
import {
  type KnownObjectives,
  rejected,
  SAMPLE_BYTES,
  SAMPLE_ROWS,
  type Table,
  type TablePosition,
  type TableRow,
} from './table.js';

/** A record may have 1 MiB of x and as much of metadata, in characters of up to four bytes. */
const LONGEST_LINE = 9 * 1024 * 1024;
const LF = 0x0a;

interface Line {
  line: number;
  start: number;
  end: number;
  /** Null: longer than any row may be. */
  bytes: Buffer | null;
}

export class NdjsonTable implements Table {
  readonly #check: Check;
  #offset: number;
  #line: number;
  #rest: Buffer = Buffer.alloc(0);
  /** Start of a line that is too long, until its end comes in. */
  #skippedFrom: number | undefined;
  #sample: Line[] = [];
  #read: ((line: Buffer) => RowOutcome) | undefined;
  #plan: ImportPlanRecord | null = null;

  constructor(objectives: KnownObjectives, plan: ImportPlanRecord | null, position: TablePosition, check: Check) {
    this.#check = check;
    this.#offset = position.offset;
    this.#line = position.line;
    const known = plan?.objectives ?? objectives;
    if (known) this.#settle(known);
  }

  get plan(): ImportPlanRecord | null {
    return this.#plan;
  }

  push(chunk: Buffer): TableRow[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    return this.#rows(this.#lines(false), false);
  }

  end(): TableRow[] {
    return this.#rows(this.#lines(true), true);
  }

  #lines(final: boolean): Line[] {
    const lines: Line[] = [];
    let at = 0;
    for (;;) {
      const found = this.#rest.indexOf(LF, at);
      if (found < 0 && !(final && at < this.#rest.length)) break;
      const stop = found < 0 ? this.#rest.length : found + 1;
      const here = { line: this.#line++, start: this.#skippedFrom ?? this.#offset + at, end: this.#offset + stop };
      const bytes = this.#rest.subarray(at, stop);
      if (this.#skippedFrom !== undefined || bytes.length > LONGEST_LINE) lines.push({ ...here, bytes: null });
      else if (!isBlank(bytes)) lines.push({ ...here, bytes });
      this.#skippedFrom = undefined;
      at = stop;
    }
    this.#rest = this.#rest.subarray(at);
    this.#offset += at;
    if (this.#rest.length > LONGEST_LINE) {
      this.#skippedFrom ??= this.#offset;
      this.#offset += this.#rest.length;
      this.#rest = Buffer.alloc(0);
    }
    return lines;
  }

  #rows(lines: Line[], final: boolean): TableRow[] {
    if (this.#read) return lines.map((line) => this.#row(line));
    for (const line of lines) this.#sample.push(line);
    const objectives = measuredBy(lines);
    const bytes = this.#sample.length > 0 ? this.#sample.at(-1)!.end - this.#sample[0]!.start : 0;
    if (!objectives && !final && this.#sample.length < SAMPLE_ROWS && bytes < SAMPLE_BYTES) return [];
    this.#settle(objectives ?? [{ name: 'y' }]);
    const rows = this.#sample.map((line) => this.#row(line));
    this.#sample = [];
    return rows;
  }

  #row({ line, start, end, bytes }: Line): TableRow {
    const here = { line, start, end, nextLine: line + 1 };
    if (bytes !== null) return { ...here, outcome: this.#read!(bytes) };
    const detail = `is a line of more than ${LONGEST_LINE} bytes`;
    return { ...here, outcome: rejected({ pointer: '', code: 'row_too_long', detail, fix: 'Shorten its texts.' }) };
  }

  #settle(objectives: Objective[]): void {
    this.#plan = { format: 'ndjson', objectives };
    this.#read = ndjsonRows(objectives, this.#check);
  }
}

/** The objectives of the first of these trials that was measured. */
function measuredBy(lines: readonly Line[]): Objective[] | undefined {
  for (const { bytes } of lines) {
    const read = bytes && parseLine(bytes);
    if (!read || 'errors' in read) continue;
    const y = (read.value as { y?: unknown } | null)?.y;
    if (typeof y === 'number') return [{ name: 'y' }];
    const names = typeof y === 'object' && y !== null ? Object.keys(y) : [];
    if (names.length > 0) return names.map((name) => ({ name }));
  }
  return undefined;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === LF || byte === 0x0d || byte === 0x20 || byte === 0x09);
}

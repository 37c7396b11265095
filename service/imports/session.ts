// One import while its rows come in: rows are gathered and written many at a time, with how far they bring the import.
import { crc32 } from 'node:zlib';
import type { ImportStore } from '../../store/store.js';
import type { Import, JsonObject, Objective, Reject, TrialText } from '../../store/types.js';
import type { RecordLimits } from '../contract/record-limits.js';
import type { Check } from '../contract/validators.js';
import { type FieldError, type ProblemCode, ServiceError } from '../errors.js';
import { TabularError } from '../tabular/errors.js';
import { CsvTable } from './csv-table.js';
import { NdjsonTable } from './ndjson-table.js';
import type { ImportPlanRecord, ImportRequest } from './request.js';
import type { RejectError } from './rows.js';
import type { Table, TableRow } from './table.js';

/** In one transaction: about 20 ms, for which other writers wait; a commit costs little beside so many rows. */
const STEP_ROWS = 2000;
const STEP_CHARACTERS = 4_000_000;
/** Rows that come slowly are written after this long all the same, when the next one comes. */
const LONGEST_WAIT_MS = 1000;

export interface SessionParts {
  store: ImportStore;
  limits: RecordLimits;
  /** What the contract says of a trial. */
  check: Check;
  /** The existing study's objectives; null where a study is to be made. */
  objectives: Objective[] | null;
}

export class ImportSession {
  readonly #store: ImportStore;
  readonly #request: ImportRequest;
  readonly #table: Table;
  #import: Import;
  /** Bytes behind those that are dealt with. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Of a table that comes from its beginning: bytes still to be passed over, and the CRC-32 of those that were. */
  #skip = 0;
  #skippedChecksum = 0;
  #trials: TrialText[] = [];
  #rejects: Reject[] = [];
  #characters = 0;
  /** When rows were last written. */
  #written = performance.now();
  /** Up to the last row that was gathered. */
  #gathered: { bytes: number; line: number; rows: number };

  /** @param skip the table comes from its beginning, with what is dealt with already */
  constructor({ store, limits, check, objectives }: SessionParts, started: Import, skip: boolean) {
    this.#store = store;
    this.#import = started;
    this.#request = started.request as unknown as ImportRequest;
    this.#gathered = { bytes: started.bytes, line: started.line, rows: started.rows };
    if (skip) this.#skip = started.bytes;
    const plan = started.plan as unknown as ImportPlanRecord | null;
    const known = objectives ?? this.#request.study?.objectives ?? null;
    const position = { offset: started.bytes, line: started.line };
    this.#table =
      this.#request.format === 'csv'
        ? new CsvTable(this.#request.csv, known, plan, position, limits)
        : new NdjsonTable(known, plan, position, check);
  }

  /** @throws ServiceError import_changed, csv_unusable, unknown_column, row_rejected; StoreError import_moved, import_not_open */
  async push(chunk: Buffer): Promise<void> {
    const bytes = this.#skip > 0 ? this.#skipped(chunk) : chunk;
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    await this.#failing(async () => {
      await this.#take(this.#table.push(bytes));
      if (performance.now() - this.#written > LONGEST_WAIT_MS) await this.#write();
    });
  }

  /** @param whole nothing of the table is missing: a last row without a line break is one */
  async end(whole: boolean): Promise<Import> {
    if (whole && this.#skip > 0) throw changed('it is shorter than what of it was imported');
    await this.#failing(async () => {
      if (!whole) return;
      await this.#take(this.#table.end());
      this.#gathered.bytes = this.#import.bytes + this.#heldBytes;
    });
    await this.#write(whole ? { status: 'completed' } : undefined);
    return this.#import;
  }

  #skipped(chunk: Buffer): Buffer {
    const passed = chunk.subarray(0, this.#skip);
    this.#skippedChecksum = crc32(passed, this.#skippedChecksum);
    this.#skip -= passed.length;
    if (this.#skip === 0 && this.#skippedChecksum !== this.#import.checksum)
      throw changed(`its first ${this.#import.bytes} bytes, which are imported, are others`);
    return chunk.subarray(passed.length);
  }

  async #take(rows: TableRow[]): Promise<void> {
    for (const row of rows) {
      if ('errors' in row.outcome && this.#request.onError === 'abort') throw new RowRejected(row, row.outcome.errors);
      this.#gather(row);
      if (this.#trials.length + this.#rejects.length >= STEP_ROWS || this.#characters >= STEP_CHARACTERS)
        await this.#write();
    }
  }

  #gather({ line, start, end, nextLine, outcome }: TableRow): void {
    const place = this.#gathered.rows++;
    this.#gathered.bytes = end;
    this.#gathered.line = nextLine;
    if ('trial' in outcome) {
      this.#trials.push(outcome.trial);
      this.#characters += outcome.trial.x.length + outcome.trial.metadata.length;
    } else {
      const errors = outcome.errors as unknown as JsonObject[];
      this.#rejects.push({ place, line, start, bytes: end - start, errors });
      this.#characters += 1000;
    }
  }

  async #write(end?: { status: 'completed' } | { status: 'failed'; error: JsonObject }): Promise<void> {
    if (!end && this.#trials.length + this.#rejects.length === 0) return;
    const from = this.#import.bytes;
    const { bytes, line, rows } = this.#gathered;
    const held = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    const plan = this.#table.plan;
    const { study } = this.#request;
    this.#import = await this.#store.stepImport(this.#import.id, {
      from,
      to: { bytes, line, rows, checksum: goneOn(this.#import.checksum, held.subarray(0, bytes - from)) },
      trials: this.#trials,
      rejects: this.#rejects,
      plan: this.#import.plan === null ? (plan as unknown as JsonObject | null) : null,
      study: study && plan ? { ...study, objectives: plan.objectives } : null,
      ...(end && { end }),
    });
    this.#written = performance.now();
    // A copy, or a small rest would keep megabytes in memory.
    const rest = Buffer.from(held.subarray(bytes - from));
    this.#held = rest.length > 0 ? [rest] : [];
    this.#heldBytes = rest.length;
    this.#trials = [];
    this.#rejects = [];
    this.#characters = 0;
  }

  /** What is wrong with the table ends the import as failed, the rows before kept; it can go on when the table is mended. */
  async #failing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const failure = asFailure(error);
      if (failure === undefined) throw error;
      const { code, message, errors } = failure;
      await this.#write({ status: 'failed', error: { code, message } });
      throw new ServiceError(code, message, errors && { errors });
    }
  }
}

/** The CRC-32 of what came before with `bytes` behind it; of no bytes at all zlib would begin anew, at 0. */
function goneOn(checksum: number, bytes: Buffer): number {
  return bytes.length === 0 ? checksum : crc32(bytes, checksum);
}

class RowRejected extends Error {
  constructor(
    readonly row: TableRow,
    readonly errors: RejectError[],
  ) {
    super(`line ${row.line} is no trial`);
  }
}

/** What of the table ends an import; undefined for what is no fault of the table. */
function asFailure(error: unknown): { code: ProblemCode; message: string; errors?: FieldError[] } | undefined {
  if (error instanceof TabularError) return { code: error.code, message: `${error.message} ${error.fix}` };
  if (!(error instanceof RowRejected)) return undefined;
  const errors = error.errors.map(({ pointer, code, detail, fix }) => ({ pointer, code, detail, fix }));
  const [first] = error.errors;
  const where = first?.column === undefined ? first?.pointer : `column ${JSON.stringify(first.column)}`;
  const what = [where, first?.detail].filter(Boolean).join(' ');
  const message = `line ${error.row.line}: ${what}. ${first?.fix} Neither it nor any row behind it was imported`;
  return { code: 'row_rejected', message, errors };
}

function changed(why: string): ServiceError {
  const fix = 'Send the same table again, or make a new import of this one';
  return new ServiceError('import_changed', `This is not the table that was begun: ${why}. ${fix}`);
}

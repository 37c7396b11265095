// A CSV as it comes in: its first rows say what the columns are, unless the request does.

import type { RecordLimits } from '../contract/record-limits.js';
import { ColumnProfile, type Header, readHeader } from '../tabular/columns.js';
import { type CsvItem, CsvReader, type CsvRecord, detectDelimiter } from '../tabular/csv-reader.js';
import { TabularError } from '../tabular/errors.js';
import { type ImportPlan, planImport } from '../tabular/plan.js';
import { type PlannedColumn, parseMark, planFromColumns, plannedColumns } from '../tabular/planned-columns.js';
import { prepare } from '../tabular/trials.js';
import type { CsvRequest, ImportPlanRecord } from './request.js';
import { csvRows, type RowOutcome } from './rows.js';
import {
  type KnownObjectives,
  rejected,
  SAMPLE_BYTES,
  SAMPLE_ROWS,
  type Table,
  type TablePosition,
  type TableRow,
} from './table.js';

/** What a table is called in errors. */
const NAME = 'the table';
/** The first line is looked for in so many bytes. */
const FIRST_LINE_BYTES = 64 * 1024;

export class CsvTable implements Table {
  readonly #request: CsvRequest;
  readonly #objectives: KnownObjectives;
  readonly #limits: RecordLimits;
  readonly #position: TablePosition;
  #reader: CsvReader | undefined;
  /** Before the reader is made. */
  #start: Buffer = Buffer.alloc(0);
  /** Before it is settled how rows are read. */
  #sample: CsvItem[] = [];
  #read: ((record: CsvRecord) => RowOutcome) | undefined;
  #plan: ImportPlanRecord | null = null;

  /** @param plan by which the rows before `position` were read; null: this is the table's beginning */
  constructor(
    request: CsvRequest,
    objectives: KnownObjectives,
    plan: ImportPlanRecord | null,
    position: TablePosition,
    limits: RecordLimits,
  ) {
    this.#request = request;
    this.#objectives = objectives;
    this.#limits = limits;
    this.#position = position;
    if (plan?.format !== 'csv') return;
    this.#settle(plan.delimiter, plan.columns, this.#compile(plan.columns, plan.objectives));
    this.#reader = new CsvReader(plan.delimiter, NAME, position);
  }

  get plan(): ImportPlanRecord | null {
    return this.#plan;
  }

  push(chunk: Buffer): TableRow[] {
    if (this.#reader) return this.#rows(this.#reader.push(chunk), false);
    this.#start = Buffer.concat([this.#start, chunk]);
    if (this.#start.length < FIRST_LINE_BYTES && !/[^\r\n][\r\n]/.test(this.#start.toString('latin1'))) return [];
    return this.#rows(this.#begin().push(this.#start), false);
  }

  end(): TableRow[] {
    const items = this.#reader ? [] : this.#begin().push(this.#start);
    return this.#rows([...items, ...this.#reader!.end()], true);
  }

  #begin(): CsvReader {
    this.#reader = new CsvReader(this.#request.delimiter ?? detectDelimiter(this.#start), NAME, this.#position);
    return this.#reader;
  }

  #rows(items: CsvItem[], final: boolean): TableRow[] {
    if (this.#read) return items.map((item) => this.#row(item));
    for (const item of items) this.#sample.push(item);
    const bytes = (this.#sample.at(-1)?.end ?? 0) - this.#position.offset;
    const wanted = this.#request.columns ? 1 : SAMPLE_ROWS;
    if (!final && this.#sample.length < wanted && bytes < SAMPLE_BYTES) return [];
    const rows = this.#infer(this.#sample);
    this.#sample = [];
    return rows.map((item) => this.#row(item));
  }

  #row(item: CsvItem): TableRow {
    const { line, start, end, nextLine } = item;
    if ('cells' in item) return { line, start, end, nextLine, outcome: this.#read!(item) };
    const { code, what, fix } = item.error;
    return { line, start, end, nextLine, outcome: rejected({ pointer: '', code, detail: what, fix }) };
  }

  /** Settles how rows are read. @returns the sample without its header */
  #infer(sample: CsvItem[]): CsvItem[] {
    const delimiter = this.#request.delimiter ?? detectDelimiter(this.#start);
    this.#start = Buffer.alloc(0);
    const [first] = sample;
    if (first === undefined)
      throw new TabularError('csv_unusable', `${NAME} is empty.`, 'Write a header and one trial a line.');
    if ('error' in first)
      throw new TabularError('csv_unusable', `${NAME}: in the first row, ${first.error.what}.`, first.error.fix);
    const header = readHeader(first.cells, this.#request.header, NAME);
    const rows = header.inFile ? sample.slice(1) : sample;
    if (this.#request.columns) {
      const columns = inOrder(header, this.#request.columns);
      this.#settle(delimiter, columns, this.#compile(columns, this.#objectives));
      return rows;
    }
    const { ignore, statusColumn, missing, decimalComma } = this.#request;
    const clean = { missing: new Set(missing.map((value) => value.trim())), decimalComma };
    const profiles = header.names.map(() => new ColumnProfile());
    for (const row of rows) {
      if ('error' in row || row.cells.length !== header.names.length) continue;
      profiles.forEach((profile, i) => {
        profile.observe(prepare(row.cells[i]!, clean, 'unknown'), row.line);
      });
    }
    const objectives = this.#objectives ?? [];
    const infeasible = this.#request.infeasible.map(parseMark);
    const options = {
      objectives,
      objectivesFrom: 'objective',
      ignore,
      statusColumn,
      infeasible,
      missing,
      decimalComma,
    };
    const plan = planImport(header, profiles, options, NAME);
    this.#settle(delimiter, plannedColumns(header, plan), plan);
    return rows;
  }

  #compile(columns: PlannedColumn[], objectives: KnownObjectives): ImportPlan {
    const { infeasible, missing, decimalComma } = this.#request;
    const measured = columns.filter(({ role }) => role === 'objective').map(({ name, key }) => ({ name: key ?? name }));
    return planFromColumns(
      columns,
      objectives ?? measured,
      { infeasible: infeasible.map(parseMark), missing, decimalComma },
      NAME,
    );
  }

  #settle(delimiter: string, columns: PlannedColumn[], plan: ImportPlan): void {
    const objectives = plan.objectives.map(({ objective }) => objective);
    this.#plan = { format: 'csv', delimiter, columns, objectives };
    this.#read = csvRows(plan, this.#limits);
  }
}

/** The request's columns in the order of the header; those it says nothing of are ignored. @throws TabularError unknown_column */
function inOrder({ names }: Header, columns: readonly PlannedColumn[]): PlannedColumn[] {
  const missing = columns.find(({ name, role }) => role !== 'ignore' && !names.includes(name));
  if (missing) {
    throw new TabularError(
      'unknown_column',
      `${NAME} has no column ${JSON.stringify(missing.name)}.`,
      `Its columns are: ${names.map((name) => JSON.stringify(name)).join(', ')}.`,
    );
  }
  return names.map((name) => columns.find((column) => column.name === name) ?? { name, role: 'ignore' });
}

// A table as it comes in, read row by row: what the formats have in common.
import type { Objective } from '../../store/types.js';
import type { ImportPlanRecord } from './request.js';
import type { RejectError, RowOutcome } from './rows.js';

/** One row and what became of it; its bytes are [start, end) of the table. */
export interface TableRow {
  line: number;
  start: number;
  end: number;
  /** Line that begins at `end`. */
  nextLine: number;
  outcome: RowOutcome;
}

/** Rows looked at before it is settled how a table is read, where the request leaves that open, and bytes of them. */
export const SAMPLE_ROWS = 1000;
export const SAMPLE_BYTES = 4 * 1024 * 1024;

export interface Table {
  /** The rows that end within what has come in so far; none while it is not settled how they are read. @throws TabularError */
  push(chunk: Buffer): TableRow[];
  /** What is left when nothing more comes. @throws TabularError */
  end(): TableRow[];
  /** How rows are read; null while that is not settled. */
  readonly plan: ImportPlanRecord | null;
}

/** Where to go on reading. */
export interface TablePosition {
  offset: number;
  line: number;
}

/** What is known of the study before the first row; null: the rows have to tell. */
export type KnownObjectives = Objective[] | null;

export const rejected = (...errors: RejectError[]): RowOutcome => ({ errors });

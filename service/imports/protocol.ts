// What the HTTP thread and the import worker say to each other.
import type { Import } from '../../store/types.js';
import type { RecordLimits } from '../contract/record-limits.js';
import type { FieldError, ProblemCode } from '../errors.js';

export interface WorkerOptions {
  databaseFile: string;
  /** Largest size of the database; 0: no limit. */
  maxDatabaseBytes: number;
  limits: RecordLimits;
}

export type ToWorker =
  /** `from`: place in the table of the first byte; null: its beginning, and what is dealt with is passed over. */
  | { type: 'open'; session: number; importId: string; from: number | null }
  | { type: 'bytes'; session: number; bytes: Uint8Array }
  /** Nothing more comes now; `whole`: nor ever. */
  | { type: 'end'; session: number; whole: boolean }
  | { type: 'close' };

export type FromWorker =
  /** So many bytes are worked off: more may be sent. */
  | { type: 'taken'; session: number; bytes: number }
  | { type: 'done'; session: number; import: Import }
  | { type: 'failed'; session: number; problem: SessionProblem };

/** A ServiceError on its way between threads. */
export interface SessionProblem {
  code: ProblemCode;
  message: string;
  /** For the log, where the answer says nothing. */
  cause?: string;
  errors?: FieldError[];
}

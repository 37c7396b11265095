// Every error of the command line: its code, and the exit status it ends with. Errors of the service keep their own codes.

/** What scripts can rely on; 128 + the signal's number where a signal ended the command. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, partial: 3, interrupted: 130, terminated: 143 } as const;

export const cliErrorCodes = {
  usage: { exit: exitCodes.usage, meaning: 'An option or argument that the command cannot use' },
  file_unreadable: { exit: exitCodes.failed, meaning: 'A file that is missing or cannot be read or written' },
  csv_unusable: {
    exit: exitCodes.failed,
    meaning: 'A CSV that cannot be read as rows: empty, not text, repeated column names',
  },
  metadata_unusable: { exit: exitCodes.failed, meaning: 'A metadata file that is not what studies are made of' },
  unknown_column: { exit: exitCodes.usage, meaning: 'A column was named that the file does not have' },
  nothing_imported: { exit: exitCodes.failed, meaning: 'No row of the file could be imported' },
  database_unusable: {
    exit: exitCodes.failed,
    meaning: 'A database that cannot be read, or a copy that cannot be written',
  },
  row_rejected: { exit: exitCodes.failed, meaning: 'With --on-error abort: a row that is no trial' },
  resume_impossible: { exit: exitCodes.failed, meaning: '--resume on a table that is not the one that was begun' },
  table_unusable: { exit: exitCodes.failed, meaning: 'A Parquet file or Optuna storage that cannot be read' },
  job_failed: { exit: exitCodes.failed, meaning: 'The training or evaluation failed or was cancelled' },
  server_failed: { exit: exitCodes.failed, meaning: 'The server process did not start or ended by itself' },
  folder_in_use: { exit: exitCodes.failed, meaning: 'A command would have to remove a folder it did not make' },
} as const;

export type CliErrorCode = keyof typeof cliErrorCodes;

/** An error that ends the command: the message names the place, `fix` says what to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  readonly fix: string;

  constructor(code: CliErrorCode, message: string, fix: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.fix = fix;
  }

  get exitCode(): number {
    return cliErrorCodes[this.code].exit;
  }
}

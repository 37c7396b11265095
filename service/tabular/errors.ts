// Every error that a table as a whole can bring about: one code each. Rows that cannot be used are reported, never thrown.

export const TABULAR_ERRORS = {
  csv_unusable: 'A CSV that cannot be read as rows: empty, not text, repeated column names',
  unknown_column: 'A column was named that the table does not have',
} as const;

export type TabularErrorCode = keyof typeof TABULAR_ERRORS;

/** The message names the place, `fix` says what to do. */
export class TabularError extends Error {
  override readonly name = 'TabularError';
  constructor(
    readonly code: TabularErrorCode,
    message: string,
    readonly fix: string,
  ) {
    super(message);
  }
}

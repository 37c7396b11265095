// Why a row of a CSV was not imported. Such an error never ends the command: the other rows go on.

/** Codes of rows refused before they are sent; the service's own codes (docs/api.md) can follow for others. */
export const rowErrorCodes = {
  broken_quotes: 'Quotes that do not follow RFC 4180',
  row_too_long: 'A row of more than 1,100,000 characters',
  ragged_row: 'More or fewer cells than the header has columns',
  not_utf8: 'Bytes that are not UTF-8',
  missing_y: 'No measurement, and nothing that says the experiment failed',
  not_a_number: 'An objective, or a parameter of a numeric column, that is not a number',
  not_a_boolean: 'A cell of a column of true and false that is neither',
  not_a_json: 'A cell of a column of JSON that is none',
  not_finite: 'NaN, infinity, or a number beyond the range of a double',
  y_out_of_range: 'A measurement of 1e31 or more, or of -1e31 or less',
  unknown_status: 'A status that is none of completed, running, infeasible',
  empty_x: 'No parameter has a value',
} as const;

export type RowErrorCode = keyof typeof rowErrorCodes;

export interface RowError {
  /** From 1, the header counted; a record of several lines is named by its first. */
  line: number;
  /** Name of the column; absent where the whole line is meant. */
  column?: string;
  /** What stood there, cut short. */
  value?: string;
  /** One of `rowErrorCodes`, or a code of the service. */
  code: string;
  what: string;
  fix: string;
}

/** One line for people: where, what and how to mend it. */
export function describeRowError(error: RowError): string {
  const column = error.column === undefined ? '' : `, column "${error.column}"`;
  const value = error.value === undefined ? '' : ` ${JSON.stringify(error.value)}`;
  return `line ${error.line}${column}:${value} ${error.what}. ${error.fix}`;
}

/** A cell as an error shows it. */
export function shortValue(cell: string): string {
  const characters = [...cell];
  return characters.length <= 40 ? cell : `${characters.slice(0, 39).join('')}…`;
}

// Every error the experts throw, by code: what went wrong, where, and what to do about it.

/** Codes of `ExpertsError`. They are stable: callers may switch on them. */
export const EXPERTS_ERRORS = {
  EXPERTS_NO_TRIALS: 'There is nothing to fit on.',
  EXPERTS_LENGTH_MISMATCH: 'Parameters and measurements must be paired.',
  EXPERTS_BAD_Y: 'A measurement is not a finite number below 1e31 in size.',
  EXPERTS_BAD_OPTION: 'An option is unknown or out of range.',
  EXPERTS_NOT_FITTED: 'An expert was asked for that was not fitted.',
} as const;

export type ExpertsErrorCode = keyof typeof EXPERTS_ERRORS;

/** An error of the experts: `code` says what kind, `message` where and how to fix it. */
export class ExpertsError extends Error {
  override readonly name = 'ExpertsError';

  constructor(
    readonly code: ExpertsErrorCode,
    detail: string,
  ) {
    super(`${EXPERTS_ERRORS[code]} ${detail}`);
  }
}

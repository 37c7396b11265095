// The tokenizer's errors: one table of codes, one class. Every message names the place and the fix.

/** Code → what it means. The table is the list of everything this package can throw on purpose. */
export const TOKENIZER_ERRORS = {
  NUMBER_NOT_FINITE: 'A number is NaN or infinite.',
  NUMBER_TOO_LARGE: 'A target number is too large in magnitude for the codec.',
  CODEC_DIGITS: 'A codec was asked for a number of digits it has no tokens for.',
  FRAME_INVALID: 'A frame needs a finite center and a positive, finite scale.',
  TOKENS_INVALID: 'A token sequence is not a number, or not a prefix of one, in the codec that reads it.',
  TOKEN_UNKNOWN: 'A token name or id is not in the vocabulary.',
  VALUE_NOT_JSON: 'A value has no JSON form.',
  VALUE_TOO_DEEP: 'A value is nested more deeply than can be serialized.',
  CORPUS_TOO_SMALL: 'The corpus has too few distinct pairs to fill the vocabulary.',
  TOKENIZER_UNREADABLE: 'A tokenizer.json is missing or is not JSON.',
  TOKENIZER_MISMATCH: 'A tokenizer.json does not hold the tokens that this version of OmniReg writes.',
  TOKENIZER_UNSUPPORTED: 'A tokenizer.json of another model is not one that can be imported.',
  PACKAGE_ROOT_MISSING: 'No package.json was found above the running code.',
} as const;

export type TokenizerErrorCode = keyof typeof TOKENIZER_ERRORS;

/** An error of the tokenizer package; `code` is stable, the message is for people. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';

  constructor(
    readonly code: TokenizerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

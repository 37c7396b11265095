// The interface of number codecs: numbers as ordered sequences of tokens, each prefix of which is an interval.
import { TokenizerError } from './errors.js';
import { tokenName } from './vocabulary.js';

/** The numbers y with lo <= y < hi. */
export interface Interval {
  lo: number;
  hi: number;
}

/**
 * Writes numbers as short token sequences such that a decoder that emits them one by one narrows an interval:
 *
 * - children of a prefix (`allowedNext`) come in ascending order of value, and their intervals tile the prefix's interval;
 * - every number in the root's interval has exactly one spelling, and lies in the interval of each of its prefixes;
 * - `decode` gives a number within the spelling's interval.
 */
export interface NumberCodec {
  readonly name: string;
  /** Tokens of the longest spelling. */
  readonly maxLength: number;
  /**
   * The one spelling of y.
   * @throws TokenizerError NUMBER_NOT_FINITE, NUMBER_TOO_LARGE
   */
  encode(y: number): number[];
  /**
   * The number that a whole spelling stands for.
   * @throws TokenizerError TOKENS_INVALID where `tokens` is no whole spelling
   */
  decode(tokens: readonly number[]): number;
  /**
   * Tokens that may follow a prefix, ascending in value; empty where the prefix is a whole number.
   * @throws TokenizerError TOKENS_INVALID where `prefix` begins no spelling
   */
  allowedNext(prefix: readonly number[]): readonly number[];
  /** Most tokens that may follow a prefix, 0 for a whole number: quicker than `allowedNext`, and only for what begins a spelling. */
  placesLeft(prefix: readonly number[]): number;
  /**
   * All numbers whose spelling begins with `prefix`; the empty prefix gives every number that can be written.
   * @throws TokenizerError TOKENS_INVALID where `prefix` begins no spelling
   */
  interval(prefix: readonly number[]): Interval;
}

/** The error for tokens that a codec can't read. */
export function invalidTokens(codec: string, tokens: readonly number[], expected: string): TokenizerError {
  const shown = tokens.map(tokenName).join(' ') || '(no tokens)';
  return new TokenizerError('TOKENS_INVALID', `${codec} codec: expected ${expected}, got ${shown}`);
}

/**
 * n·10^k, rounded once: exact powers of ten (k up to 22) leave only the rounding of one product or quotient
 * (Clinger, "How to read floating point numbers accurately", 1990); beyond them the engine's parser does the same.
 * @param n integer below 2^53
 */
export function decimal(n: number, k: number): number {
  if (k >= 0 && k < EXACT_POWERS.length) return n * EXACT_POWERS[k]!;
  if (k < 0 && -k < EXACT_POWERS.length) return n / EXACT_POWERS[-k]!;
  return Number(`${n}e${k}`);
}

const EXACT_POWERS = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));

// Scientific notation as tokens: sign, exponent, mantissa digits. For studies without trials, which have no frame yet.
import { TokenizerError } from './errors.js';
import { decimal, type Interval, invalidTokens, type NumberCodec } from './number-codec.js';
import {
  exponentId,
  exponentOf,
  MANTISSA_PLACES,
  MAX_EXPONENT,
  MIN_EXPONENT,
  MINUS_ID,
  mantissaDigitOf,
  mantissaId,
  PLUS_ID,
  ZERO_ID,
} from './vocabulary.js';

const EXPONENTS = Array.from({ length: MAX_EXPONENT - MIN_EXPONENT + 1 }, (_, index) =>
  exponentId(index + MIN_EXPONENT),
);
const DIGITS = Array.from({ length: MANTISSA_PLACES }, (_, index) =>
  Array.from({ length: 10 }, (_, digit) => mantissaId(index + 1, digit)),
);
const SIGNS = [MINUS_ID, ZERO_ID, PLUS_ID];

/** Children of a prefix after each sign: a negative number falls as its exponent and digits grow. */
const ASCENDING = { exponents: EXPONENTS, digits: DIGITS };
const DESCENDING = { exponents: EXPONENTS.toReversed(), digits: DIGITS.map((tokens) => tokens.toReversed()) };
const FIRST_DIGITS = { ascending: DIGITS[0]!.slice(1), descending: DIGITS[0]!.slice(1).toReversed() };

/** A prefix, read: the mantissa so far as an integer of `places` digits. */
interface Parsed {
  sign: -1 | 0 | 1 | undefined;
  exponent: number | undefined;
  mantissa: number;
  places: number;
}

/**
 * −1234 is `⟨-⟩⟨E3⟩⟨m1:1⟩⟨m2:2⟩⟨m3:3⟩⟨m4:4⟩` and stands for exactly [−1234.5, −1233.5): rounded to nearest, never truncated.
 *
 * Zero is the one token `⟨0⟩` and stands for everything that rounds below 10^MIN_EXPONENT in magnitude. Numbers that
 * round to 10^(MAX_EXPONENT+1) or beyond are refused. The relative error of a nonzero number is at most
 * 0.5·10^(1−digits): 5e-4 with 4 digits.
 */
export class AbsoluteCodec implements NumberCodec {
  readonly name = 'absolute';
  readonly maxLength: number;
  /** Numbers y with −bound <= y < bound can be written. */
  readonly bound: number;
  /** Numbers y with −zeroEdge <= y < zeroEdge are written as zero. */
  private readonly zeroEdge: number;

  /** @param digits mantissa digits, 1..MANTISSA_PLACES */
  constructor(readonly digits = 4) {
    if (!Number.isInteger(digits) || digits < 1 || digits > MANTISSA_PLACES) {
      throw new TokenizerError('CODEC_DIGITS', `AbsoluteCodec: digits must be 1..${MANTISSA_PLACES}, got ${digits}`);
    }
    this.maxLength = 2 + digits;
    this.bound = this.edge(10 ** digits, MAX_EXPONENT);
    this.zeroEdge = this.edge(10 ** (digits - 1), MIN_EXPONENT);
  }

  encode(y: number): number[] {
    this.check(y);
    if (y >= -this.zeroEdge && y < this.zeroEdge) return [ZERO_ID];
    const magnitude = Math.abs(y);
    const [mantissaText, exponentText] = magnitude.toExponential(this.digits - 1).split('e') as [string, string];
    const rounded = Number(mantissaText.replace('.', ''));
    const { mantissa, exponent } = this.settle(y, rounded, Number(exponentText));
    const tokens = [y < 0 ? MINUS_ID : PLUS_ID, exponentId(exponent)];
    for (let place = 1; place <= this.digits; place += 1) {
      tokens.push(mantissaId(place, Math.floor(mantissa / 10 ** (this.digits - place)) % 10));
    }
    return tokens;
  }

  decode(tokens: readonly number[]): number {
    const { sign, exponent, mantissa, places } = this.parse(tokens);
    if (sign === 0) return 0;
    if (sign === undefined || exponent === undefined || places < this.digits) {
      throw invalidTokens(this.name, tokens, `a sign, an exponent and ${this.digits} digits`);
    }
    return sign * decimal(mantissa, exponent - this.digits + 1);
  }

  allowedNext(prefix: readonly number[]): readonly number[] {
    const { sign, exponent, places } = this.parse(prefix);
    if (sign === undefined) return SIGNS;
    if (sign === 0 || places === this.digits) return [];
    const order = sign < 0 ? DESCENDING : ASCENDING;
    if (exponent === undefined) return order.exponents;
    if (places > 0) return order.digits[places]!;
    return sign < 0 ? FIRST_DIGITS.descending : FIRST_DIGITS.ascending;
  }

  placesLeft(prefix: readonly number[]): number {
    return prefix[0] === ZERO_ID ? 0 : this.maxLength - prefix.length;
  }

  interval(prefix: readonly number[]): Interval {
    const { sign, exponent, mantissa, places } = this.parse(prefix);
    if (sign === undefined) return { lo: -this.bound, hi: this.bound };
    const [smallest, largest] = [10 ** (this.digits - 1), 10 ** this.digits];
    if (sign === 0) return { lo: -this.zeroEdge, hi: this.zeroEdge };
    const open = 10 ** (this.digits - places);
    const lo =
      places === 0
        ? this.edge(smallest, exponent ?? MIN_EXPONENT)
        : this.edge(mantissa * open, exponent ?? MIN_EXPONENT);
    const hi =
      places === 0
        ? this.edge(largest, exponent ?? MAX_EXPONENT)
        : this.edge((mantissa + 1) * open, exponent ?? MAX_EXPONENT);
    return sign < 0 ? { lo: -hi, hi: -lo } : { lo, hi };
  }

  /**
   * The magnitude from which on numbers round to `mantissa`·10^(exponent − digits + 1) or above: half a unit below it.
   * Below a power of ten units are ten times finer, so 1000 at E3 begins at 999.95, where 9999 at E2 ends.
   */
  private edge(mantissa: number, exponent: number): number {
    const smallest = 10 ** (this.digits - 1);
    return mantissa === smallest
      ? decimal(mantissa * 100 - 5, exponent - this.digits - 1)
      : decimal(mantissa * 10 - 5, exponent - this.digits);
  }

  /**
   * Moves a mantissa rounded by the engine to the cell whose edges, as floating-point numbers, hold y: the engine rounds
   * ties away from zero, cells are closed below, and an edge itself is rounded to the nearest double.
   */
  private settle(y: number, mantissa: number, exponent: number): { mantissa: number; exponent: number } {
    const magnitude = Math.abs(y);
    const reaches = (edge: number): boolean => (y < 0 ? magnitude > edge : magnitude >= edge);
    const [smallest, largest] = [10 ** (this.digits - 1), 10 ** this.digits];
    if (!reaches(this.edge(mantissa, exponent))) {
      return mantissa === smallest
        ? { mantissa: largest - 1, exponent: exponent - 1 }
        : { mantissa: mantissa - 1, exponent };
    }
    if (reaches(this.edge(mantissa + 1, exponent))) {
      return mantissa + 1 === largest
        ? { mantissa: smallest, exponent: exponent + 1 }
        : { mantissa: mantissa + 1, exponent };
    }
    return { mantissa, exponent };
  }

  private check(y: number): void {
    if (!Number.isFinite(y)) {
      throw new TokenizerError('NUMBER_NOT_FINITE', `${this.name} codec: y must be a finite number, got ${y}`);
    }
    if (y < -this.bound || y >= this.bound) {
      throw new TokenizerError(
        'NUMBER_TOO_LARGE',
        `${this.name} codec: |y| must be below ${this.bound}, got ${y}; use a larger unit`,
      );
    }
  }

  private parse(tokens: readonly number[]): Parsed {
    const parsed: Parsed = { sign: undefined, exponent: undefined, mantissa: 0, places: 0 };
    if (tokens.length === 0) return parsed;
    if (tokens[0] === ZERO_ID && tokens.length === 1) return { ...parsed, sign: 0 };
    if (tokens[0] !== MINUS_ID && tokens[0] !== PLUS_ID) throw invalidTokens(this.name, tokens, 'a sign, or ⟨0⟩ alone');
    parsed.sign = tokens[0] === MINUS_ID ? -1 : 1;
    if (tokens.length === 1) return parsed;
    parsed.exponent = exponentOf(tokens[1]!);
    if (parsed.exponent === undefined) throw invalidTokens(this.name, tokens, 'an exponent after the sign');
    if (tokens.length > this.maxLength) throw invalidTokens(this.name, tokens, `at most ${this.digits} digits`);
    for (let place = 1; place <= tokens.length - 2; place += 1) {
      const digit = mantissaDigitOf(tokens[place + 1]!, place);
      if (digit === undefined || (digit === 0 && place === 1)) {
        throw invalidTokens(this.name, tokens, `a digit of place ${place}, the first of them 1-9`);
      }
      parsed.mantissa = parsed.mantissa * 10 + digit;
    }
    parsed.places = tokens.length - 2;
    return parsed;
  }
}

// Numbers relative to a frame: four fixed-point digits of u, and the absolute codec beyond the frame's two ends.
import { AbsoluteCodec } from './absolute-codec.js';
import { TokenizerError } from './errors.js';
import type { Frame } from './frame.js';
import { type Interval, invalidTokens, type NumberCodec } from './number-codec.js';
import { HIGH_ID, LOW_ID, UNIT_PLACES, unitDigitOf, unitId, ZERO_ID } from './vocabulary.js';

const DIGITS = Array.from({ length: UNIT_PLACES }, (_, index) =>
  Array.from({ length: 10 }, (_, digit) => unitId(index + 1, digit)),
);
const ROOT = [LOW_ID, ...DIGITS[0]!, HIGH_ID];

/** Absolute codecs by digits: they hold nothing else, and a codec is made for every query. */
const ABSOLUTE = Array.from({ length: UNIT_PLACES }, (_, index) => new AbsoluteCodec(index + 1));

const empty = ({ lo, hi }: Interval): boolean => !(lo < hi);

/**
 * With 4 digits `⟨u1:6⟩⟨u2:1⟩⟨u3:4⟩⟨u4:6⟩` is u = 6.146, that is center + 0.999·scale, and stands for all y with u in
 * [6.1455, 6.1465). Numbers below u = −0.0005 are `⟨low⟩` and those from u = 9.9995 on are `⟨high⟩`, about 23 scales
 * from the center, each followed by the spelling of y in the absolute codec, cut off at the frame's end. So nothing is
 * clipped, order holds throughout, and every number that the absolute codec can write has one spelling.
 */
export class RelativeCodec implements NumberCodec {
  readonly name = 'relative';
  readonly maxLength: number;
  private readonly absolute: AbsoluteCodec;
  /** Number of cells between the frame's ends. */
  private readonly cells: number;
  /** Ends of the frame in units of y, as far as numbers can be written there. */
  private readonly low: number;
  private readonly high: number;
  /** Whether no cell lies beyond what the absolute codec can write, as in every frame of usual size. */
  private readonly whole: boolean;

  /** @param digits digits of u and, beyond the frame, of the mantissa, 1..UNIT_PLACES */
  constructor(
    readonly frame: Frame,
    readonly digits = 4,
  ) {
    const absolute = ABSOLUTE[digits - 1];
    if (absolute === undefined) {
      throw new TokenizerError('CODEC_DIGITS', `RelativeCodec: digits must be 1..${UNIT_PLACES}, got ${digits}`);
    }
    this.absolute = absolute;
    this.maxLength = 1 + absolute.maxLength;
    this.cells = 10 ** digits;
    this.low = this.edge(0);
    this.high = this.edge(this.cells);
    this.whole = this.low > -absolute.bound && this.high < absolute.bound;
  }

  encode(y: number): number[] {
    if (!(y >= this.low)) return [LOW_ID, ...this.absolute.encode(y)];
    if (y >= this.high) return [HIGH_ID, ...this.absolute.encode(y)];
    const cell = this.cellOf(y);
    const tokens: number[] = [];
    for (let place = 1; place <= this.digits; place += 1) {
      tokens.push(unitId(place, Math.floor(cell / 10 ** (this.digits - place)) % 10));
    }
    return tokens;
  }

  decode(tokens: readonly number[]): number {
    if (this.allowedNext(tokens).length > 0) throw invalidTokens(this.name, tokens, 'a whole number');
    const { lo, hi } = this.interval(tokens);
    const value = this.escapes(tokens)
      ? this.absolute.decode(tokens.slice(1))
      : this.frame.fromUnit((10 * this.digitsOf(tokens)) / this.cells);
    // A cell that the frame's end cuts may have lost its middle.
    return value >= lo && value < hi ? value : lo + (hi - lo) / 2;
  }

  allowedNext(prefix: readonly number[]): readonly number[] {
    this.interval(prefix);
    if (this.escapes(prefix)) {
      return this.absolute.allowedNext(prefix.slice(1)).filter((token) => !empty(this.range([...prefix, token])));
    }
    if (prefix.length === this.digits) return [];
    const next = prefix.length === 0 ? ROOT : DIGITS[prefix.length]!;
    return this.whole ? next : next.filter((token) => !empty(this.range([...prefix, token])));
  }

  placesLeft(prefix: readonly number[]): number {
    if (!this.escapes(prefix)) return (prefix.length === 0 ? this.maxLength : this.digits) - prefix.length;
    return prefix[1] === ZERO_ID ? 0 : this.maxLength - prefix.length;
  }

  interval(prefix: readonly number[]): Interval {
    const range = this.range(prefix);
    if (empty(range)) throw invalidTokens(this.name, prefix, 'a prefix of some number in this frame');
    return range;
  }

  /** The numbers that begin with `prefix`; empty where it is well formed but lies on the wrong side of the frame's end. */
  private range(prefix: readonly number[]): Interval {
    const { bound } = this.absolute;
    if (prefix.length === 0) return { lo: -bound, hi: bound };
    if (this.escapes(prefix)) {
      const beyond = prefix[0] === LOW_ID ? { lo: -bound, hi: this.low } : { lo: this.high, hi: bound };
      return intersection(this.absolute.interval(prefix.slice(1)), beyond);
    }
    const open = 10 ** (this.digits - prefix.length);
    const cell = this.digitsOf(prefix) * open;
    return { lo: this.edge(cell), hi: this.edge(cell + open) };
  }

  private escapes(prefix: readonly number[]): boolean {
    return prefix[0] === LOW_ID || prefix[0] === HIGH_ID;
  }

  /** Where a cell begins in y, half a unit of the last digit below its number; kept within what can be written. */
  private edge(cell: number): number {
    const y = this.frame.fromUnit((10 * cell - 5) / this.cells);
    return Math.min(this.absolute.bound, Math.max(-this.absolute.bound, y));
  }

  /** The cell whose edges, as floating-point numbers, hold y; asinh only gives the first guess. */
  private cellOf(y: number): number {
    const guess = Math.round((this.frame.toUnit(y) * this.cells) / 10);
    let cell = Math.min(this.cells - 1, Math.max(0, guess));
    while (cell > 0 && y < this.edge(cell)) cell -= 1;
    while (cell < this.cells - 1 && y >= this.edge(cell + 1)) cell += 1;
    return cell;
  }

  /** The digits of a prefix within the frame as one integer. */
  private digitsOf(prefix: readonly number[]): number {
    if (prefix.length > this.digits) throw invalidTokens(this.name, prefix, `at most ${this.digits} digits`);
    let number = 0;
    for (let index = 0; index < prefix.length; index += 1) {
      const digit = unitDigitOf(prefix[index]!, index + 1);
      if (digit === undefined) throw invalidTokens(this.name, prefix, `a frame digit of place ${index + 1}`);
      number = number * 10 + digit;
    }
    return number;
  }
}

const intersection = (a: Interval, b: Interval): Interval => ({ lo: Math.max(a.lo, b.lo), hi: Math.min(a.hi, b.hi) });

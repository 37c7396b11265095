// Absolute codec: laws of all codecs, rounding, and the ends of the range.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { exponentId, mantissaId, NUMBER_BEGIN, NUMBER_END, tokenName } from '../../tokenizer/vocabulary.js';
import { neighbour, writable } from './arbitrary-numbers.js';
import { expectChildrenTile, expectOrder, expectSpelling } from './codec-laws.js';

const codec = new AbsoluteCodec();
const names = (y: number): string => codec.encode(y).map(tokenName).join('');

describe('AbsoluteCodec', () => {
  it('writes numbers as documented', () => {
    expect(names(-1234)).toBe('⟨-⟩⟨E3⟩⟨m1:1⟩⟨m2:2⟩⟨m3:3⟩⟨m4:4⟩');
    expect(names(0.05)).toBe('⟨+⟩⟨E-2⟩⟨m1:5⟩⟨m2:0⟩⟨m3:0⟩⟨m4:0⟩');
    expect(names(0)).toBe('⟨0⟩');
    expect(names(-0)).toBe('⟨0⟩');
    expect(codec.interval(codec.encode(1234))).toEqual({ lo: 1233.5, hi: 1234.5 });
    expect(codec.interval(codec.encode(-1234))).toEqual({ lo: -1234.5, hi: -1233.5 });
    expect(codec.interval(codec.encode(1000))).toEqual({ lo: 999.95, hi: 1000.5 });
    expect(codec.interval(codec.encode(1234).slice(0, 3))).toEqual({ lo: 999.95, hi: 1999.5 });
  });

  it('gives every number one spelling, and intervals that tile at every level', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), writable, (digits, y) =>
        expectSpelling(new AbsoluteCodec(digits), y),
      ),
    );
  });

  it('keeps order', () => {
    fc.assert(fc.property(writable, writable, (a, b) => expectOrder(codec, a, b)));
    fc.assert(fc.property(writable, (y) => expectOrder(codec, y, neighbour(y, 1))));
  });

  it('is off by at most half a unit of the last digit', () => {
    fc.assert(
      fc.property(writable, (y) => {
        const tolerance = Math.abs(y) < 1e-30 ? 1e-30 : 5e-4 * Math.abs(y) * (1 + 1e-12);
        expect(Math.abs(codec.decode(codec.encode(y)) - y)).toBeLessThanOrEqual(tolerance);
      }),
    );
  });

  it('tiles in every prefix of three tokens', () => {
    for (const sign of codec.allowedNext([])) {
      for (const exponent of codec.allowedNext([sign])) {
        expectChildrenTile(codec, [sign, exponent]);
        for (const digit of codec.allowedNext([sign, exponent])) expectChildrenTile(codec, [sign, exponent, digit]);
      }
    }
  });

  it('reads back all it can write without bias: the middle of each cell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1001, max: 9999 }), fc.integer({ min: -30, max: 27 }), (mantissa, exponent) => {
        const y = Number(`${mantissa}e${exponent}`);
        const { lo, hi } = codec.interval(codec.encode(y));
        expect(codec.decode(codec.encode(y))).toBe(y);
        expect(Math.abs((lo + hi) / 2 - y)).toBeLessThanOrEqual(y * 1e-15);
      }),
    );
  });

  it('uses tokens of the number block only', () => {
    fc.assert(
      fc.property(writable, (y) => {
        expect(codec.encode(y).every((id) => id >= NUMBER_BEGIN && id < NUMBER_END)).toBe(true);
      }),
    );
  });

  it('rounds underflow to zero and refuses overflow, never writing a wrong number', () => {
    expect(codec.decode(codec.encode(5e-324))).toBe(0);
    expect(codec.decode(codec.encode(9.9994e-31))).toBe(0);
    expect(codec.decode(codec.encode(9.9996e-31))).toBe(1e-30);
    expect(codec.decode(codec.encode(9.99e30))).toBe(9.99e30);
    expect(codec.decode(codec.encode(9.9994e30))).toBe(9.999e30);
    expect(codec.decode(codec.encode(-codec.bound))).toBe(-9.999e30);
    for (const y of [9.9996e30, codec.bound, 1e31, -1e31, 1e300]) {
      expect(() => codec.encode(y)).toThrow(expect.objectContaining({ code: 'NUMBER_TOO_LARGE' }));
    }
    for (const y of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => codec.encode(y)).toThrow(expect.objectContaining({ code: 'NUMBER_NOT_FINITE' }));
    }
  });

  it('refuses tokens that are no number, and prefixes of none', () => {
    const [plus, exponent] = codec.encode(1234);
    const invalid = [
      [],
      [plus!],
      codec.encode(1234).slice(0, 5),
      [...codec.encode(1234), mantissaId(5, 1)],
      [plus!, exponent!, mantissaId(1, 0)],
      [plus!, exponent!, mantissaId(2, 1)],
      [exponentId(3)],
      [...codec.encode(0), plus!],
    ];
    for (const tokens of invalid) {
      expect(() => codec.decode(tokens)).toThrow(expect.objectContaining({ code: 'TOKENS_INVALID' }));
    }
    expect(() => codec.interval([exponentId(3)])).toThrow(/expected a sign.*got ⟨E3⟩/);
    expect(() => new AbsoluteCodec(8)).toThrow(expect.objectContaining({ code: 'CODEC_DIGITS' }));
  });
});

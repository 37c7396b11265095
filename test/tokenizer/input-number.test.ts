// Numbers inside x: seven significant digits of any finite double, read back exactly.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputNumberText, parseInputNumber } from '../../tokenizer/input-number.js';
import { NAMED_TOKENS } from '../../tokenizer/vocabulary.js';

const anyFinite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer().map(Number),
  fc.double({ min: -1000, max: 1000, noNaN: true }),
);

describe('inputNumberText', () => {
  it('writes numbers as documented', () => {
    expect(inputNumberText(65537)).toBe('⟨+⟩⟨E4⟩⟨m1:6⟩⟨m2:5⟩⟨m3:5⟩⟨m4:3⟩⟨m5:7⟩');
    expect(inputNumberText(-0.25)).toBe('⟨-⟩⟨E-1⟩⟨m1:2⟩⟨m2:5⟩');
    expect(inputNumberText(100)).toBe('⟨+⟩⟨E2⟩⟨m1:1⟩');
    expect(inputNumberText(-0)).toBe('⟨0⟩');
    expect(inputNumberText(1e30)).toBe('⟨+⟩⟨E30⟩⟨m1:1⟩');
    expect(inputNumberText(1e65)).toBe('⟨+⟩⟨E30⟩⟨E30⟩⟨E5⟩⟨m1:1⟩');
    expect(inputNumberText(2e-31)).toBe('⟨+⟩⟨E-30⟩⟨E-1⟩⟨m1:2⟩');
    expect(inputNumberText(0.1 + 0.2)).toBe('⟨+⟩⟨E-1⟩⟨m1:3⟩');
  });

  it('keeps seven significant digits of any number, from 5e-324 to 1.8e308', () => {
    fc.assert(
      fc.property(anyFinite, (value) => {
        expect(parseInputNumber(inputNumberText(value))).toBe(Number(value.toPrecision(7)) + 0);
      }),
      { numRuns: 1000 },
    );
    for (const value of [5e-324, -5e-324, 1e300, Number.MAX_SAFE_INTEGER, 123456789]) {
      expect(parseInputNumber(inputNumberText(value))).toBe(Number(value.toPrecision(7)));
    }
  });

  it('writes named tokens only, and different text for different numbers', () => {
    const names = new Set(NAMED_TOKENS);
    fc.assert(
      fc.property(anyFinite, anyFinite, (a, b) => {
        expect(
          inputNumberText(a)
            .match(/⟨[^⟩]*⟩/g)!
            .every((name) => names.has(name)),
        ).toBe(true);
        expect(inputNumberText(a) === inputNumberText(b)).toBe(Number(a.toPrecision(7)) === Number(b.toPrecision(7)));
      }),
    );
  });

  it('refuses what is no number', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => inputNumberText(value)).toThrow(expect.objectContaining({ code: 'NUMBER_NOT_FINITE' }));
    }
    for (const text of ['', '⟨+⟩', '⟨+⟩⟨E1⟩', '⟨E1⟩⟨m1:1⟩', '1']) {
      expect(() => parseInputNumber(text)).toThrow(expect.objectContaining({ code: 'TOKENS_INVALID' }));
    }
  });
});

// The table of named tokens: ids are what models are trained on, so their layout is pinned down here.
import { describe, expect, it } from 'vitest';
import {
  EOS_ID,
  exponentId,
  exponentOf,
  MANTISSA_PLACES,
  MAX_EXPONENT,
  MIN_EXPONENT,
  mantissaDigitOf,
  mantissaId,
  NAMED_TOKENS,
  NUMBER_BEGIN,
  NUMBER_END,
  PAD_ID,
  TEXT_BEGIN,
  tokenId,
  tokenName,
  UNIT_PLACES,
  UNK_ID,
  unitDigitOf,
  unitId,
  VOCABULARY_SIZE,
} from '../../tokenizer/vocabulary.js';

describe('vocabulary', () => {
  it('begins with the control tokens, then all tokens of numbers', () => {
    expect([PAD_ID, EOS_ID, UNK_ID, NUMBER_BEGIN]).toEqual([0, 1, 2, 3]);
    const numberName = /^⟨(infeasible|low|high|[+-]|0|E-?\d+|[mu]\d:\d)⟩$/;
    NAMED_TOKENS.forEach((name, id) => {
      expect(numberName.test(name), name).toBe(id >= NUMBER_BEGIN && id < NUMBER_END);
    });
  });

  it('names every token once, each in brackets that contain none', () => {
    expect(new Set(NAMED_TOKENS).size).toBe(NAMED_TOKENS.length);
    for (const name of NAMED_TOKENS.slice(NUMBER_BEGIN)) expect(name).toMatch(/^⟨[^⟨⟩<\\]+⟩$/);
    expect(TEXT_BEGIN + 256).toBeLessThan(VOCABULARY_SIZE);
  });

  it('computes the ids of number tokens', () => {
    for (let exponent = MIN_EXPONENT; exponent <= MAX_EXPONENT; exponent += 1) {
      expect(exponentId(exponent)).toBe(tokenId(`⟨E${exponent}⟩`));
      expect(exponentOf(exponentId(exponent))).toBe(exponent);
    }
    expect(exponentOf(exponentId(MAX_EXPONENT) + 1)).toBeUndefined();
    for (let digit = 0; digit <= 9; digit += 1) {
      for (let place = 1; place <= MANTISSA_PLACES; place += 1) {
        expect(mantissaId(place, digit)).toBe(tokenId(`⟨m${place}:${digit}⟩`));
        expect(mantissaDigitOf(mantissaId(place, digit), place)).toBe(digit);
        expect(mantissaDigitOf(mantissaId(place, digit), place + 1)).toBeUndefined();
      }
      for (let place = 1; place <= UNIT_PLACES; place += 1) {
        expect(unitId(place, digit)).toBe(tokenId(`⟨u${place}:${digit}⟩`));
        expect(unitDigitOf(unitId(place, digit), place)).toBe(digit);
      }
    }
  });

  it('refuses names it does not have', () => {
    expect(() => tokenId('⟨nothing⟩')).toThrow(expect.objectContaining({ code: 'TOKEN_UNKNOWN' }));
    expect(tokenName(tokenId('⟨cut⟩'))).toBe('⟨cut⟩');
    expect(tokenName(TEXT_BEGIN)).toBe(`#${TEXT_BEGIN}`);
  });
});

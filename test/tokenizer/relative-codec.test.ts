// Relative codec: laws of all codecs in random frames, escapes beyond the frame's ends, frames at the limits of doubles.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../tokenizer/frame.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { HIGH_ID, LOW_ID, NUMBER_BEGIN, NUMBER_END, tokenName, unitId } from '../../tokenizer/vocabulary.js';
import { frameAndNumber, frames, neighbour, writable } from './arbitrary-numbers.js';
import { expectChildrenTile, expectOrder, expectSpelling } from './codec-laws.js';

const standard = new RelativeCodec(new Frame(0, 1));
const names = (codec: RelativeCodec, y: number): string => codec.encode(y).map(tokenName).join('');

describe('RelativeCodec', () => {
  it('writes numbers as documented', () => {
    expect(names(standard, 0)).toBe('⟨u1:5⟩⟨u2:0⟩⟨u3:0⟩⟨u4:0⟩');
    expect(names(standard, 1)).toBe('⟨u1:6⟩⟨u2:1⟩⟨u3:4⟩⟨u4:6⟩');
    expect(names(standard, -25)).toBe('⟨low⟩⟨-⟩⟨E1⟩⟨m1:2⟩⟨m2:5⟩⟨m3:0⟩⟨m4:0⟩');
    expect(names(standard, 1e6)).toBe('⟨high⟩⟨+⟩⟨E6⟩⟨m1:1⟩⟨m2:0⟩⟨m3:0⟩⟨m4:0⟩');
    expect(standard.interval([HIGH_ID]).lo).toBeCloseTo(23.4, 1);
  });

  it('gives every number one spelling, and intervals that tile at every level, in any frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), frameAndNumber, (digits, { frame, y }) =>
        expectSpelling(new RelativeCodec(frame, digits), y),
      ),
      { numRuns: 300 },
    );
  });

  it('keeps order in any frame', () => {
    fc.assert(
      fc.property(frameAndNumber, writable, ({ frame, y }, other) => {
        const codec = new RelativeCodec(frame);
        expectOrder(codec, y, other);
        expectOrder(codec, y, neighbour(y, 1));
      }),
    );
  });

  it('is off by at most half a unit of the last digit of u inside the frame, half of the mantissa outside', () => {
    fc.assert(
      fc.property(frameAndNumber, ({ frame, y }) => {
        const codec = new RelativeCodec(frame);
        const tokens = codec.encode(y);
        const error = Math.abs(codec.decode(tokens) - y);
        const outside = tokens[0] === LOW_ID || tokens[0] === HIGH_ID;
        // du/dy = 1.3 / √(s² + (y−c)²); the slope's change within the cell and rounding at the floor of the scale are small.
        const inside =
          (0.0005 / 1.3) * Math.hypot(frame.scale, y - frame.center) * 1.001 + 2e-16 * Math.abs(frame.center);
        // Cut by the frame's end, a cell is read in what is left of it, and so is off by less than its whole width.
        expect(error).toBeLessThanOrEqual(outside ? Math.max(1e-30, 1e-3 * Math.abs(y)) : inside);
      }),
    );
  });

  it('offers beyond an end only what lies beyond it', () => {
    const codec = new RelativeCodec(new Frame(100, 1));
    expect(codec.allowedNext([HIGH_ID]).map(tokenName)).toEqual(['⟨+⟩']);
    expect(codec.allowedNext([LOW_ID]).map(tokenName)).toEqual(['⟨-⟩', '⟨0⟩', '⟨+⟩']);
    expect(
      codec
        .allowedNext([...codec.encode(130).slice(0, 2)])
        .map(tokenName)
        .at(0),
    ).toBe('⟨E2⟩');
    fc.assert(
      fc.property(frames, (frame) => {
        const random = new RelativeCodec(frame);
        for (const token of random.allowedNext([])) expectChildrenTile(random, [token]);
      }),
    );
  });

  it('uses tokens of the number block only', () => {
    fc.assert(
      fc.property(frameAndNumber, ({ frame, y }) => {
        const ids = new RelativeCodec(frame).encode(y);
        expect(ids.every((id) => id >= NUMBER_BEGIN && id < NUMBER_END)).toBe(true);
      }),
    );
  });

  it('stays strictly ordered where doubles are too coarse for the scale asked for', () => {
    for (const center of [1e20, -1e20, 3, 9.9e30]) {
      const codec = new RelativeCodec(new Frame(center, Math.abs(center) * 1e-18));
      for (const first of codec.allowedNext([])) {
        if (first === LOW_ID || first === HIGH_ID) continue;
        for (const second of codec.allowedNext([first])) {
          for (const third of codec.allowedNext([first, second])) expectChildrenTile(codec, [first, second, third]);
        }
      }
      expectSpelling(codec, center);
      expect(codec.decode(codec.encode(center))).toBe(center);
    }
  });

  it('drops the escapes and cells that no number can reach in a frame wider than all numbers', () => {
    const codec = new RelativeCodec(new Frame(0, 1e31));
    const offered = codec.allowedNext([]).map(tokenName);
    expect(offered).not.toContain('⟨low⟩');
    expect(offered).not.toContain('⟨high⟩');
    expect(offered).not.toContain('⟨u1:9⟩');
    expectSpelling(codec, 9.99e30);
    expectSpelling(codec, -9.99e30);
    expect(() => codec.encode(1e31)).toThrow(expect.objectContaining({ code: 'NUMBER_TOO_LARGE' }));
    expect(() => codec.interval([unitId(1, 9)])).toThrow(expect.objectContaining({ code: 'TOKENS_INVALID' }));
  });

  it('handles small and large scales', () => {
    for (const scale of [1e-25, 1e-3, 1, 1e25]) {
      const codec = new RelativeCodec(new Frame(2 * scale, scale));
      for (const distance of [-30, -3, -1e-3, 0, 1e-9, 0.5, 23, 24]) expectSpelling(codec, distance * scale);
    }
  });

  it('refuses numbers, tokens and digits that it cannot hold', () => {
    const codec = new RelativeCodec(new Frame(100, 1));
    for (const y of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => codec.encode(y)).toThrow(expect.objectContaining({ code: 'NUMBER_NOT_FINITE' }));
    }
    const wrongSide = [HIGH_ID, ...codec.encode(-5).slice(1)];
    for (const tokens of [
      [],
      [unitId(1, 5)],
      [unitId(2, 5)],
      [HIGH_ID],
      wrongSide,
      [...codec.encode(100), unitId(1, 1)],
    ]) {
      expect(() => codec.decode(tokens)).toThrow(expect.objectContaining({ code: 'TOKENS_INVALID' }));
    }
    expect(() => new RelativeCodec(new Frame(0, 1), 5)).toThrow(expect.objectContaining({ code: 'CODEC_DIGITS' }));
  });
});

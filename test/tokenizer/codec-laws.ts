// What every number codec must hold, as checks that throw: the property tests of both codecs share them.
import { expect } from 'vitest';
import type { NumberCodec } from '../../tokenizer/number-codec.js';

/** Children of a `prefix` that is not whole come in ascending order and tile its interval without gap or overlap; each has fewer places left. */
export function expectChildrenTile(codec: NumberCodec, prefix: readonly number[]): void {
  const parent = codec.interval(prefix);
  let end = parent.lo;
  for (const token of codec.allowedNext(prefix)) {
    const child = codec.interval([...prefix, token]);
    expect(child.lo).toBe(end);
    expect(child.hi).toBeGreaterThan(child.lo);
    end = child.hi;
    expect(codec.placesLeft([...prefix, token])).toBeLessThan(codec.placesLeft(prefix));
  }
  expect(end).toBe(parent.hi);
}

/** y is written in one way only, lies in the interval of every prefix, and is read back from within the last. */
export function expectSpelling(codec: NumberCodec, y: number): void {
  const tokens = codec.encode(y);
  expect(tokens.length).toBeLessThanOrEqual(codec.maxLength);
  for (let length = 0; length < tokens.length; length += 1) {
    const prefix = tokens.slice(0, length);
    expectChildrenTile(codec, prefix);
    expect(codec.placesLeft(prefix)).toBeGreaterThanOrEqual(tokens.length - length);
    const holders = codec.allowedNext(prefix).filter((token) => {
      const { lo, hi } = codec.interval([...prefix, token]);
      return lo <= y && y < hi;
    });
    expect(holders).toEqual([tokens[length]]);
  }
  expect(codec.allowedNext(tokens)).toEqual([]);
  expect(codec.placesLeft(tokens)).toBe(0);
  const { lo, hi } = codec.interval(tokens);
  const read = codec.decode(tokens);
  expect(read).toBeGreaterThanOrEqual(lo);
  expect(read).toBeLessThan(hi);
  expect(codec.encode(read)).toEqual(tokens);
}

/** A larger number never has a smaller spelling, nor is it read back smaller. */
export function expectOrder(codec: NumberCodec, a: number, b: number): void {
  const [low, high] = a <= b ? [a, b] : [b, a];
  expect(codec.decode(codec.encode(low))).toBeLessThanOrEqual(codec.decode(codec.encode(high)));
  expect(codec.interval(codec.encode(low)).lo).toBeLessThanOrEqual(codec.interval(codec.encode(high)).lo);
}

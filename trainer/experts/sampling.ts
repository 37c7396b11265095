// Random subsets of rows and columns.
import type { Random } from '../random.js';

/** The integers 0..n-1 in random order. */
export function permutation(n: number, random: Random): Int32Array {
  return draw(
    Int32Array.from({ length: n }, (_, i) => i),
    n,
    random,
  );
}

/** `count` of the items in random order, without replacement. */
export function draw(items: Int32Array, count: number, random: Random): Int32Array {
  const drawn = items.slice();
  for (let i = 0; i < count; i++) {
    const j = i + random.integer(drawn.length - i);
    const held = drawn[i]!;
    drawn[i] = drawn[j]!;
    drawn[j] = held;
  }
  return drawn.subarray(0, count);
}

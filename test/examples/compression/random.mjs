// A seeded source of random draws, so that every input and every drawn configuration can be made again.
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * @typedef {object} Draw
 * @property {(min: number, max: number) => number} int Uniform integer, both ends included.
 * @property {() => number} unit Uniform in [0, 1), 32 bits.
 * @property {() => number} normal Standard normal (Box-Muller).
 * @property {<T>(items: readonly T[]) => T} pick One of the items, each as likely.
 */

/**
 * @param {string} name What is drawn; another name gives another, unrelated stream.
 * @returns {Draw}
 */
export function drawFor(name) {
  let seed = 0x811c9dc5; // FNV-1a, 32 bits
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const generator = xoroshiro128plus(seed);
  const unit = () => uniformInt(generator, 0, 0xffffffff) / 2 ** 32;
  return {
    unit,
    int: (min, max) => uniformInt(generator, min, max),
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    pick: (items) => items[uniformInt(generator, 0, items.length - 1)],
  };
}

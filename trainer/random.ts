// Seeded randomness for the trainer: one generator a purpose, derived from the job's seed, so that every draw can be repeated.
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator';

/** Mixes integers into one 32-bit seed (FNV-1a over their bytes), so that (seed, epoch, index) name a stream of their own. */
export function deriveSeed(...parts: number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (let shift = 0; shift < 32; shift += 8) {
      hash = Math.imul(hash ^ ((part >>> shift) & 0xff), 0x01000193);
    }
  }
  return hash | 0;
}

export class Random {
  private readonly generator: JumpableRandomGenerator;
  private spare: number | undefined;

  constructor(...seedParts: number[]) {
    this.generator = xoroshiro128plus(deriveSeed(...seedParts));
    // The first outputs of this generator still show the seed.
    for (let i = 0; i < 8; i++) this.generator.next();
  }

  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number {
    return (this.generator.next() >>> 0) / 0x1_0000_0000;
  }

  /** Uniform integer in [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    for (;;) {
      const a = 2 * this.uniform() - 1;
      const b = 2 * this.uniform() - 1;
      const r = a * a + b * b;
      if (r > 0 && r < 1) {
        const factor = Math.sqrt((-2 * Math.log(r)) / r);
        this.spare = b * factor;
        return a * factor;
      }
    }
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = items[i]!;
      items[i] = items[j]!;
      items[j] = held;
    }
    return items;
  }
}

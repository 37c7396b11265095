// Seeded chance for the fuzzer: the same seed throws the same dice.
import { Random } from '../../../trainer/random.js';

export class Dice {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Whole numbers from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.random.uniform() * (high - low + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  fraction(): number {
    return this.random.uniform();
  }
}

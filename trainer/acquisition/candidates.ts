// Makes candidates: even over the space, near given x, and children of two. None that was tried, none twice, none empty.
import { serialize } from '../../tokenizer/serialize.js';
import { permutation } from '../experts/sampling.js';
import { Random } from '../random.js';
import type { JsonObject } from '../types.js';
import type { SearchSpace } from './search-space.js';

/** Draws for each candidate wanted before a space counts as exhausted. */
const ATTEMPTS = 20;
/** Steps of mutations, from fine to coarse, taken in turn. */
const STEPS = [0.02, 0.06, 0.2];

export class CandidatePool {
  private readonly seen: Set<string>;
  private readonly random: Random;

  /** @param tried not to be offered again */
  constructor(
    private readonly space: SearchSpace,
    tried: readonly JsonObject[],
    seed: number,
  ) {
    // By the text that the model reads: what it cannot tell apart is one experiment. One without a parameter is none.
    this.seen = new Set([{}, ...tried].map((x) => serialize(x)));
    this.random = new Random(seed);
  }

  /**
   * A Latin hypercube (McKay et al., 1979): each parameter's range is cut into `count` equal parts, and every part comes
   * once. It is even in every parameter for any number of them, where Halton and Sobol points need many to be.
   */
  spread(count: number): JsonObject[] {
    const axes = Array.from({ length: this.space.dimensions }, () => permutation(count, this.random));
    const made: JsonObject[] = [];
    for (let i = 0; i < count; i++) {
      this.keep(made, this.space.at(axes.map((order) => (order[i]! + this.random.uniform()) / count)));
    }
    // Parts of a small space fall together; what is missing is drawn.
    return this.fill(made, count, () => this.space.sample(this.random));
  }

  /** Neighbours of the given x, of each in turn, at each of the steps in turn. */
  near(parents: readonly JsonObject[], count: number, steps: readonly number[] = STEPS): JsonObject[] {
    if (parents.length === 0) return [];
    let turn = 0;
    return this.fill([], count, () => {
      const parent = parents[turn % parents.length]!;
      const step = steps[Math.floor(turn++ / parents.length) % steps.length]!;
      return this.space.mutate(parent, this.random, { step });
    });
  }

  /** Children of two of the given x, changed a little. */
  children(parents: readonly JsonObject[], count: number): JsonObject[] {
    if (parents.length < 2) return [];
    return this.fill([], count, () => {
      const first = this.random.integer(parents.length);
      const second = (first + 1 + this.random.integer(parents.length - 1)) % parents.length;
      const child = this.space.crossover(parents[first]!, parents[second]!, this.random);
      return this.space.mutate(child, this.random, { step: STEPS[0]!, share: 0 });
    });
  }

  private fill(made: JsonObject[], count: number, draw: () => JsonObject): JsonObject[] {
    for (let attempts = 0; made.length < count && attempts < ATTEMPTS * count; attempts++) this.keep(made, draw());
    return made;
  }

  private keep(made: JsonObject[], x: JsonObject): void {
    const text = serialize(x);
    if (this.seen.has(text)) return;
    this.seen.add(text);
    made.push(x);
  }
}

// The space that experiments are chosen from: named parameters, some present only under conditions.
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import type { Random } from '../random.js';
import type { Json, JsonObject } from '../types.js';
import { checkDeclaration } from './declaration.js';
import {
  accepts,
  advice,
  coordinateOf,
  isOrdered,
  type Parameter,
  perturbed,
  sameValue,
  valueAt,
  varies,
} from './parameter.js';

export type { Parameter } from './parameter.js';

export interface MutationOptions {
  /** Standard deviation of a step, as a share of a parameter's range. */
  step: number;
  /** Share of the parameters that change on average; always at least one. */
  share: number;
}

export const MUTATION_DEFAULTS: MutationOptions = { step: 0.1, share: 0.3 };

/** In mutations: how often an optional parameter comes or goes instead of changing. */
const TOGGLE = 0.2;

export class SearchSpace {
  /** Parameters by name, each after the one that its presence depends on. */
  readonly parameters: ReadonlyMap<string, Parameter>;

  /**
   * @param parameters by name: the top-level keys of x
   * @throws TrainerError `search_space` naming the parameter that cannot be as declared
   */
  constructor(parameters: Readonly<Record<string, Parameter>>) {
    this.parameters = checkDeclaration(parameters);
  }

  /** Coordinates that `at` reads: one for each parameter. */
  get dimensions(): number {
    return this.parameters.size;
  }

  /** The x at a point of the unit cube, one coordinate in [0, 1) a parameter; uniform points are uniform draws. */
  at(point: ArrayLike<number>): JsonObject {
    const x = new Map<string, Json>();
    let axis = 0;
    for (const [name, parameter] of this.parameters) {
      let u = point[axis++]!;
      if (!isActive(parameter, x)) continue;
      if (parameter.optional) {
        if (u < 0.5) continue;
        u = 2 * u - 1;
      }
      x.set(name, valueAt(parameter, u));
    }
    return Object.fromEntries(x);
  }

  /** One x, every parameter drawn on its own. */
  sample(random: Random): JsonObject {
    return this.at(Array.from(this.parameters, () => random.uniform()));
  }

  /**
   * A neighbour of x in the space, different from it wherever anything can differ. What of x lies outside of the space is
   * first brought to its edge, or drawn anew.
   */
  mutate(x: JsonObject, random: Random, options: Partial<MutationOptions> = {}): JsonObject {
    const { step, share } = { ...MUTATION_DEFAULTS, ...options };
    const start = this.repair(entriesOf(x), random);
    const free = [...this.parameters].filter(
      ([, parameter]) => isActive(parameter, start) && (varies(parameter) || parameter.optional),
    );
    if (free.length === 0) return Object.fromEntries(start);
    const certain = random.integer(free.length);
    const changed = new Map(start);
    free.forEach(([name, parameter], i) => {
      if (random.uniform() >= share && i !== certain) return;
      const value = start.get(name);
      if (value === undefined) changed.set(name, valueAt(parameter, random.uniform()));
      else if (parameter.optional && (!varies(parameter) || random.uniform() < TOGGLE)) changed.delete(name);
      else changed.set(name, perturbed(parameter, value, step, random));
    });
    return Object.fromEntries(this.repair(changed, random));
  }

  /** A child of two: each parameter is that of one or the other. */
  crossover(a: JsonObject, b: JsonObject, random: Random): JsonObject {
    const child = new Map<string, Json>();
    const parents = [entriesOf(a), entriesOf(b)];
    for (const name of this.parameters.keys()) {
      const value = parents[random.integer(2)]!.get(name);
      if (value !== undefined) child.set(name, value);
    }
    return Object.fromEntries(this.repair(child, random));
  }

  /**
   * Distance in [0, 1]: root mean square over the parameters that either has, of coordinate differences, 1 for other
   * categories and for what only one of them has.
   */
  distance(a: JsonObject, b: JsonObject): number {
    const [all, others] = [entriesOf(a), entriesOf(b)];
    let sum = 0;
    let count = 0;
    for (const [name, parameter] of this.parameters) {
      const [left, right] = [all.get(name), others.get(name)];
      if (left === undefined && right === undefined) continue;
      if (!varies(parameter) && !parameter.optional && !parameter.when) continue;
      count++;
      if (left === undefined || right === undefined) sum += 1;
      else if (isOrdered(parameter)) sum += (coordinateOf(parameter, left) - coordinateOf(parameter, right)) ** 2;
      else if (!sameValue(left, right)) sum += 1;
    }
    return count === 0 ? 0 : Math.sqrt(sum / count);
  }

  contains(x: JsonObject): boolean {
    return this.violations(x).length === 0;
  }

  /** Why x is not in the space: one sentence for each parameter that is wrong, naming it and the fix. */
  violations(x: JsonObject): string[] {
    const all = entriesOf(x);
    const present = new Map(all);
    const found: string[] = [];
    for (const [name, parameter] of this.parameters) {
      const value = present.get(name);
      present.delete(name);
      const active = isActive(parameter, all);
      if (value === undefined) {
        if (active && !parameter.optional) found.push(`'${name}' is missing: ${advice(parameter)}.`);
      } else if (!active) {
        const { parameter: other, in: values } = parameter.when!;
        found.push(`'${name}' is only there where '${other}' is ${values.map((v) => JSON.stringify(v)).join(' or ')}.`);
      } else if (!accepts(parameter, value)) {
        found.push(`'${name}' is ${JSON.stringify(value)}: ${advice(parameter)}.`);
      }
    }
    for (const name of present.keys()) {
      const meant = nearestName(name, [...this.parameters.keys()]);
      found.push(`'${name}' is no parameter${meant ? `: did you mean '${meant}'?` : '; leave it out.'}`);
    }
    return found;
  }

  /** @throws TrainerError `search_space` with all violations of x */
  require(x: JsonObject): void {
    const found = this.violations(x);
    if (found.length > 0) throw new TrainerError('search_space', found.join(' '));
  }

  /** Only what the space has: values outside are brought to its edge or drawn anew, conditions hold. */
  private repair(x: ReadonlyMap<string, Json>, random: Random): Map<string, Json> {
    const repaired = new Map<string, Json>();
    for (const [name, parameter] of this.parameters) {
      if (!isActive(parameter, repaired)) continue;
      const value = x.get(name);
      if (value === undefined) {
        if (!parameter.optional) repaired.set(name, valueAt(parameter, random.uniform()));
      } else if (accepts(parameter, value)) repaired.set(name, value);
      else if (isOrdered(parameter) && typeof value === 'number') {
        repaired.set(name, valueAt(parameter, coordinateOf(parameter, value)));
      } else repaired.set(name, valueAt(parameter, random.uniform()));
    }
    return repaired;
  }
}

function isActive({ when }: Parameter, x: ReadonlyMap<string, Json>): boolean {
  if (!when) return true;
  const value = x.get(when.parameter);
  return value !== undefined && when.in.some((allowed) => sameValue(allowed, value));
}

/** What x has; null counts as missing. */
const entriesOf = (x: JsonObject): Map<string, Json> =>
  new Map(Object.entries(x).filter(([, value]) => value !== null));

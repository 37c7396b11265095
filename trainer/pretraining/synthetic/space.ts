// Spaces of made-up studies: named parameters, of which some do nothing, some hang on others, and some are now and then missing.
import type { Random } from '../../random.js';
import type { JsonObject } from '../../types.js';
import type { Domain } from './domains.js';
import { chance, logInteger, logUniform, pick } from './draws.js';
import { drawParameter, type Parameter } from './parameters.js';

export interface SpaceOptions {
  domain: Domain;
  /** Keys that say nothing: x1, x2, … */
  anonymous: boolean;
}

/** Largest number of parameters drawn; numbers are log-uniform below it. */
const MAX_PARAMETERS = 28;

/** A parameter within its space. */
interface Placed {
  parameter: Parameter;
  /** How much of its range the function sees: 0 where it does nothing. */
  relevance: number;
  /** Exponent on its coordinate: what looks even may not act evenly. */
  warp: number;
  /** Only there while an earlier parameter has one of these levels. */
  condition?: { on: number; level: number };
}

export class Space {
  private constructor(
    private readonly placed: readonly Placed[],
    private readonly missing: number,
    /** Parameters from this one on stand in an object of their own. */
    private readonly nested: { from: number; key: string } | undefined,
  ) {}

  static draw({ domain, anonymous }: SpaceOptions, random: Random): Space {
    const count = logInteger(1, Math.min(MAX_PARAMETERS, domain.parameters.length), random);
    const specs = random.shuffle([...domain.parameters]).slice(0, count);
    const name = anonymous ? anonymousNames(random) : spelledNames(random);
    const idle = chance(0.4, random) ? 0.6 * random.uniform() : 0;
    const conditional = chance(0.25, random);
    const warped = chance(0.4, random);
    const placed: Placed[] = [];
    specs.forEach((spec, index) => {
      const parameter = drawParameter(spec, domain.words, anonymous, random);
      const parents = [...placed.keys()].filter((p) => placed[p]!.parameter.levels !== undefined);
      const on = conditional && parents.length > 0 && chance(0.4, random) ? pick(parents, random) : undefined;
      placed.push({
        parameter: { ...parameter, name: name(parameter.name, index) },
        relevance: index > 0 && chance(idle, random) ? 0 : 1,
        warp: warped ? Math.exp(0.6 * random.normal()) : 1,
        ...(on !== undefined && {
          condition: { on, level: random.integer(placed[on]!.parameter.levels!) },
        }),
      });
    });
    const missing = chance(0.12, random) ? logUniform(0.02, 0.3, random) : 0;
    const nested =
      count > 2 && chance(0.05, random)
        ? { from: 1 + random.integer(count - 1), key: pick(['params', 'config', 'options', 'model'], random) }
        : undefined;
    return new Space(placed, missing, nested);
  }

  get dimension(): number {
    return this.placed.length;
  }

  /**
   * What is shown at the point u ∈ [0, 1]^d, and the point that the function sees; `random` decides what is missing. Parameters whose
   * condition does not hold are absent and stand in the middle.
   */
  show(u: Float64Array, random: Random): { x: JsonObject; z: Float64Array } {
    const outer: JsonObject = {};
    const inner: JsonObject = {};
    const z = new Float64Array(u.length).fill(0.5);
    const active: boolean[] = [];
    this.placed.forEach(({ parameter, relevance, warp, condition }, j) => {
      active[j] = !condition || (active[condition.on]! && this.levelAt(condition.on, u) === condition.level);
      if (!active[j]) return;
      const shown = parameter.show(u[j]!);
      z[j] = 0.5 + relevance * (shown.z ** warp - 0.5);
      if (this.missing > 0 && chance(this.missing, random)) return;
      const target = this.nested && j >= this.nested.from ? inner : outer;
      target[parameter.name] = shown.value;
    });
    return { x: this.nested ? { ...outer, [this.nested.key]: inner } : outer, z };
  }

  private levelAt(parameter: number, u: Float64Array): number {
    return this.placed[parameter]!.parameter.levelOf!(u[parameter]!);
  }
}

function anonymousNames(random: Random): (name: string, index: number) => string {
  const prefix = pick(['x', 'x_', 'p', 'param', 'f', 'col', 'v'], random);
  const first = random.integer(2);
  return (_, index) => `${prefix}${index + first}`;
}

/** One spelling for all names of a study, as one tool would write them. */
function spelledNames(random: Random): (name: string) => string {
  const prefix = chance(0.12, random) ? pick(['hp_', 'cfg-', '--', '-', 'param_', 'config.'], random) : '';
  const style = pick(['as is', 'as is', 'as is', 'camel', 'kebab', 'space', 'upper', 'title'] as const, random);
  const spell = (name: string): string => {
    const words = name.split('_');
    switch (style) {
      case 'camel':
        return words.map((word, i) => (i === 0 ? word : capital(word))).join('');
      case 'kebab':
        return words.join('-');
      case 'space':
        return words.join(' ');
      case 'upper':
        return name.toUpperCase();
      case 'title':
        return capital(name);
      default:
        return name;
    }
  };
  return (name) => prefix + spell(name);
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

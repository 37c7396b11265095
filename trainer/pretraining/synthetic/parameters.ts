// Made-up parameters: how a place u ∈ [0, 1] of one is shown in x, and the coordinate z ∈ [0, 1] that the study's function sees.
import { Random } from '../../random.js';
import type { Json } from '../../types.js';
import { clamp, logInteger, logUniform, pick, rounded } from './draws.js';

/** What is shown, and what the function makes of it. */
export interface Shown {
  value: Json;
  z: number;
}

export interface Parameter {
  name: string;
  show: (u: number) => Shown;
  /** Number of levels, where a condition can hang on them. */
  levels?: number;
  /** Which level u is. */
  levelOf?: (u: number) => number;
}

/** `name` with its kind, as in `Domain.parameters`. */
export function drawParameter(spec: string, words: readonly string[], anonymous: boolean, random: Random): Parameter {
  const categories = spec.indexOf('=');
  if (categories >= 0) {
    const names = spec.slice(categories + 1).split('|');
    return category(spec.slice(0, categories), anonymous ? names.map((_, i) => `c${i}`) : names, random);
  }
  const name = spec.replace(/[#~^?"]$/, '');
  switch (spec.at(-1)) {
    case '?':
      return truth(name, random);
    case '#':
      return integer(name, random);
    case '~':
      return logarithmic(name, random);
    case '^':
      return powerOfTwo(name, random);
    case '"':
      return text(name, words, random);
    default:
      return linear(name, random);
  }
}

/** Levels without an order: each stands at a random coordinate. */
function category(name: string, all: readonly string[], random: Random): Parameter {
  const levels = random.shuffle([...all]).slice(0, Math.max(2, 1 + random.integer(all.length)));
  const places = levels.map(() => random.uniform());
  const levelOf = (u: number) => Math.min(levels.length - 1, Math.floor(u * levels.length));
  const show = (u: number): Shown => ({ value: levels[levelOf(u)]!, z: places[levelOf(u)]! });
  return { name, show, levels: levels.length, levelOf };
}

function truth(name: string, random: Random): Parameter {
  const [off, on] = pick<[Json, Json]>(
    [
      [false, true],
      [0, 1],
      ['no', 'yes'],
      ['off', 'on'],
    ],
    random,
  );
  const levelOf = (u: number) => (u < 0.5 ? 0 : 1);
  return { name, show: (u) => (levelOf(u) ? { value: on, z: 1 } : { value: off, z: 0 }), levels: 2, levelOf };
}

function integer(name: string, random: Random): Parameter {
  const low = random.integer(3);
  const high = low + logInteger(2, 2000, random);
  if (high < 100 || random.uniform() < 0.5) {
    const steps = high - low;
    return {
      name,
      show: (u) => {
        const step = Math.min(steps, Math.floor(u * (steps + 1)));
        return { value: low + step, z: step / steps };
      },
    };
  }
  const from = Math.max(1, low);
  return {
    name,
    show: (u) => {
      const value = Math.round(from * (high / from) ** u);
      return { value, z: Math.log(value / from) / Math.log(high / from) };
    },
  };
}

function logarithmic(name: string, random: Random): Parameter {
  const low = 10 ** Math.round(-7 + 8 * random.uniform());
  const ratio = logUniform(30, 1e6, random);
  const digits = 2 + random.integer(6);
  // Some tools ask for the logarithm itself.
  const asLogarithm = random.uniform() < 0.1;
  return {
    name: asLogarithm ? `log_${name}` : name,
    show: (u) => ({ value: rounded(asLogarithm ? Math.log(low * ratio ** u) : low * ratio ** u, digits), z: u }),
  };
}

function powerOfTwo(name: string, random: Random): Parameter {
  const first = random.integer(6);
  const steps = 2 + random.integer(8);
  return {
    name,
    show: (u) => {
      const step = Math.min(steps, Math.floor(u * (steps + 1)));
      return { value: 2 ** (first + step), z: step / steps };
    },
  };
}

function linear(name: string, random: Random): Parameter {
  const size = 10 ** Math.round(-1 + 4 * random.uniform());
  const [low, high] = pick(
    [
      [0, 1],
      [0, 1],
      [0, size],
      [-size, size],
      [size * random.uniform(), size * (1.2 + 3 * random.uniform())],
    ] as const,
    random,
  );
  const digits = 2 + random.integer(6);
  return { name, show: (u) => ({ value: rounded(low + (high - low) * u, digits), z: u }) };
}

/** A few words, each with an effect of its own: free text, source lines, formulas, lists of flags. */
function text(name: string, words: readonly string[], random: Random): Parameter {
  const effects = new Map(words.map((word) => [word, random.normal()]));
  const longest = 2 + random.integer(9);
  const seed = random.integer(2 ** 31);
  const joint = pick([' ', ' ', ' ', '-', ', ', '\n', ''], random);
  return {
    name,
    show: (u) => {
      const own = new Random(seed, Math.floor(u * 2 ** 30));
      const chosen = Array.from({ length: 1 + own.integer(longest) }, () => pick(words, own));
      const effect = chosen.reduce((sum, word) => sum + effects.get(word)!, 0) / Math.sqrt(chosen.length);
      return { value: chosen.join(joint), z: clamp(1 / (1 + Math.exp(-1.5 * effect)), 0, 1) };
    },
  };
}

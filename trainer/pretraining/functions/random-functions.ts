// Random functions on the unit cube, of the kinds that experiments are made of: smooth, rough, stepped, additive, multiplicative.
import type { Random } from '../../random.js';
import { BBOB_COUNT, bbob, MIN_BBOB_DIMENSION } from './bbob.js';
import { sum } from './vectors.js';

/** A function of z ∈ [0, 1]^d; finite everywhere. */
export type UnitFunction = (z: Float64Array) => number;

export type FunctionKind = 'bbob' | 'gp' | 'forest' | 'network' | 'products' | 'additive' | 'law';

/** How often each kind is drawn, relative to the others. */
const SHARES: Readonly<Record<FunctionKind, number>> = {
  gp: 6,
  forest: 4,
  network: 3,
  products: 3,
  additive: 4,
  law: 4,
  bbob: 4,
};
export const FUNCTION_KINDS = Object.keys(SHARES) as FunctionKind[];
/** BBOB's rotated functions cost d² a value, and in more dimensions than the suite's own all look alike from few trials. */
const MAX_BBOB_DIMENSION = 20;

export function drawKind(dimension: number, random: Random): FunctionKind {
  const total = FUNCTION_KINDS.reduce((all, kind) => all + SHARES[kind], 0);
  let left = random.uniform() * total;
  for (const kind of FUNCTION_KINDS) {
    left -= SHARES[kind];
    if (left >= 0) continue;
    const fits = dimension >= MIN_BBOB_DIMENSION && dimension <= MAX_BBOB_DIMENSION;
    return kind === 'bbob' && !fits ? 'gp' : kind;
  }
  return 'gp';
}

export function drawFunction(kind: FunctionKind, dimension: number, random: Random): UnitFunction {
  return MAKERS[kind](dimension, random);
}

const logUniform = (random: Random, low: number, high: number): number => low * (high / low) ** random.uniform();

/** A chi-squared draw with `degrees` degrees of freedom, halves allowed to be odd. */
const chiSquared = (random: Random, degrees: number): number => sum(degrees, () => random.normal() ** 2);

/**
 * A draw from a Gaussian process, as a sum of random cosines (Rahimi and Recht, 2007): frequencies are normal for the squared
 * exponential kernel, Student's t with 2ν degrees of freedom for Matérn ν. Length scales differ from axis to axis.
 */
function gaussianProcess(dimension: number, random: Random): UnitFunction {
  const degrees = [0, 1, 3, 5][random.integer(4)]!;
  const typical = logUniform(random, 0.15, 2) * Math.sqrt(Math.max(1, dimension / 3));
  const scales = Array.from({ length: dimension }, () => typical * Math.exp(0.8 * random.normal()));
  const waves = Array.from({ length: 40 }, () => {
    const stretch = degrees === 0 ? 1 : Math.sqrt(degrees / Math.max(1e-3, chiSquared(random, degrees)));
    return {
      frequency: scales.map((scale) => (stretch * random.normal()) / scale),
      phase: 2 * Math.PI * random.uniform(),
      height: random.normal(),
    };
  });
  return (z) =>
    sum(waves.length, (w) => {
      const { frequency, phase, height } = waves[w]!;
      return height * Math.cos(phase + sum(dimension, (j) => frequency[j]! * z[j]!));
    });
}

/** The sum of a few random trees: from one with steps that are seen to many that are nearly smooth. */
function forest(dimension: number, random: Random): UnitFunction {
  const trees = Array.from({ length: 1 + random.integer(random.uniform() < 0.4 ? 2 : 24) }, () =>
    tree(dimension, 2 + random.integer(5), random),
  );
  return (z) => sum(trees.length, (t) => trees[t]!(z));
}

function tree(dimension: number, depth: number, random: Random): UnitFunction {
  const leaf = random.normal();
  if (depth === 0 || random.uniform() < 0.1) return () => leaf;
  const axis = random.integer(dimension);
  const cut = random.uniform();
  const [below, above] = [tree(dimension, depth - 1, random), tree(dimension, depth - 1, random)];
  return (z) => (z[axis]! < cut ? below(z) : above(z));
}

/** A small multilayer perceptron with random weights. */
function network(dimension: number, random: Random): UnitFunction {
  const activate = [Math.tanh, (v: number) => Math.max(0, v), Math.sin][random.integer(3)]!;
  const gain = logUniform(random, 0.7, 4);
  const widths = [dimension, ...Array.from({ length: 1 + random.integer(3) }, () => 4 + random.integer(20))];
  const layers = widths.slice(1).map((width, l) => {
    const inputs = widths[l]!;
    const spread = gain / Math.sqrt(inputs);
    return Array.from({ length: width }, () => ({
      bias: random.normal() * gain * 0.5,
      weights: Array.from({ length: inputs }, () => random.normal() * spread),
    }));
  });
  const last = Array.from({ length: widths.at(-1)! }, () => random.normal());
  return (z) => {
    let values = Array.from(z, (v) => 4 * v - 2);
    for (const layer of layers)
      values = layer.map(({ bias, weights }) => activate(bias + sum(weights.length, (j) => weights[j]! * values[j]!)));
    return sum(last.length, (j) => last[j]! * values[j]!);
  };
}

/** A function of one parameter: monotone, with a best value, a threshold, saturating, or periodic. */
function curve(random: Random): (v: number) => number {
  const [a, b] = [random.uniform(), random.uniform()];
  const sign = random.uniform() < 0.5 ? -1 : 1;
  switch (random.integer(7)) {
    case 0:
      return (v) => sign * (v - 0.5) * 3.5;
    case 1:
      return (v) => sign * (10 * (v - a) ** 2 - 1);
    case 2:
      return (v) => sign * Math.tanh((v - a) * (2 + 20 * b));
    case 3:
      return (v) => (v < a ? -sign : sign);
    case 4:
      return (v) => sign * (2 * Math.exp(-v * (1 + 8 * b)) - 1);
    case 5:
      return (v) => Math.sin(2 * Math.PI * (v * (0.5 + 3 * b) + a));
    default:
      return (v) => sign * (4 * Math.abs(v - a) - 1);
  }
}

/** Effects of single parameters, falling off in size, as screening experiments find them; now and then a pair interacts. */
function additive(dimension: number, random: Random): UnitFunction {
  const decay = logUniform(random, 0.4, 0.98);
  const order = random.shuffle(Array.from({ length: dimension }, (_, j) => j));
  const effects = order.map((axis, rank) => ({ axis, size: decay ** rank, shape: curve(random) }));
  const pairs = Array.from({ length: dimension > 1 ? random.integer(3) : 0 }, () => ({
    axes: [random.integer(dimension), random.integer(dimension)] as const,
    size: 0.5 * random.normal(),
    shapes: [curve(random), curve(random)] as const,
  }));
  return (z) =>
    sum(effects.length, (e) => effects[e]!.size * effects[e]!.shape(z[effects[e]!.axis]!)) +
    sum(pairs.length, (p) => {
      const { axes, size, shapes } = pairs[p]!;
      return size * shapes[0](z[axes[0]]!) * shapes[1](z[axes[1]]!);
    });
}

/** A few products of up to three curves: nothing but interactions. */
function products(dimension: number, random: Random): UnitFunction {
  const terms = Array.from({ length: 1 + random.integer(2 + Math.min(6, dimension)) }, () => ({
    size: random.normal(),
    factors: Array.from({ length: 1 + random.integer(Math.min(3, dimension)) }, () => ({
      axis: random.integer(dimension),
      shape: curve(random),
    })),
  }));
  return (z) =>
    sum(terms.length, (t) => {
      const { size, factors } = terms[t]!;
      return factors.reduce((product, { axis, shape }) => product * shape(z[axis]!), size);
    });
}

/** The logarithm of a sum of power laws, as of a run time made of work that is divided, overhead that grows, and a floor. */
function law(dimension: number, random: Random): UnitFunction {
  const terms = Array.from({ length: 1 + random.integer(3) }, () => ({
    constant: 1.5 * random.normal(),
    exponents: Array.from({ length: dimension }, () =>
      random.uniform() < 0.5 ? 2 * random.normal() * (random.uniform() < 0.3 ? 2 : 1) : 0,
    ),
  }));
  return (z) =>
    Math.log(
      sum(terms.length, (t) => {
        const { constant, exponents } = terms[t]!;
        return Math.exp(constant + sum(dimension, (j) => exponents[j]! * z[j]!));
      }),
    );
}

/** A BBOB function on its own box; the logarithm where it spans many orders of magnitude, half of the time. */
function benchmark(dimension: number, random: Random): UnitFunction {
  const { value } = bbob(1 + random.integer(BBOB_COUNT), dimension, random);
  const logarithm = random.uniform() < 0.5;
  return (z) => {
    const y = value(z.map((v) => 10 * v - 5));
    return logarithm ? Math.log(1e-3 + y) : y;
  };
}

const MAKERS: Readonly<Record<FunctionKind, (dimension: number, random: Random) => UnitFunction>> = {
  bbob: benchmark,
  gp: gaussianProcess,
  forest,
  network,
  products,
  additive,
  law,
};

// The 24 noiseless functions of the BBOB suite, written from their definitions: Hansen, Finck, Ros and Auger, "Real-Parameter
// Black-Box Optimization Benchmarking 2009: Noiseless Functions Definitions", INRIA RR-6829. Minimum 0, on [-5, 5]^D.
import type { Random } from '../../random.js';
import { gallagher } from './bbob-gallagher.js';
import {
  type BbobInstance,
  ellipsoid,
  oscillate,
  penalty,
  place,
  ripples,
  skew,
  squares,
  stretch,
  valley,
  waves,
} from './bbob-transformations.js';
import { type Matrix, map, minus, randomRotation, sum, times, type Vector } from './vectors.js';

export interface BbobFunction {
  /** Where the value is 0. */
  optimum: Float64Array;
  value: (x: Vector) => number;
}

export const BBOB_COUNT = 24;
/** Some of the sums run over neighbouring coordinates. */
export const MIN_BBOB_DIMENSION = 2;

/**
 * Function `number` (1 to 24) on `dimension` ≥ 2 variables with a random optimum and random rotations. The suite's own instances are
 * drawn by another generator; the definitions are the same.
 */
export function bbob(number: number, dimension: number, random: Random): BbobFunction {
  const R = randomRotation(dimension, random);
  const Q = randomRotation(dimension, random);
  const seed = random.integer(2 ** 31);
  return bbobAt(number, { optimum: drawOptimum(number, dimension, random), R, Q, seed });
}

export function bbobAt(number: number, instance: BbobInstance): BbobFunction {
  return { optimum: instance.optimum, value: FUNCTIONS[number - 1]!(instance) };
}

const SCHWEFEL = 4.2096874633;
const LUNACEK = 2.5;

function drawOptimum(number: number, dimension: number, random: Random): Float64Array {
  const draw = (f: () => number) => Float64Array.from({ length: dimension }, f);
  const sign = () => (random.uniform() < 0.5 ? -1 : 1);
  const within = (limit: number) => draw(() => limit * (2 * random.uniform() - 1));
  switch (number) {
    case 5:
      return draw(() => 5 * sign());
    case 8:
      return within(3);
    case 20:
      return draw(() => (SCHWEFEL / 2) * sign());
    case 22:
      return within(3.92);
    case 24:
      return draw(() => (LUNACEK / 2) * sign());
    default:
      return within(4);
  }
}

type Definition = (instance: BbobInstance) => (x: Vector) => number;

/** z = max(1, √D/8)·M(x − x_opt) + 1, on which Rosenbrock's valley has its end at 1. */
const valleyPoint = (x: Vector, optimum: Vector, M?: Matrix): Float64Array => {
  const moved = minus(x, optimum);
  return map(M ? times(M, moved) : moved, (value) => Math.max(1, Math.sqrt(x.length) / 8) * value + 1);
};

const linearSlope: Definition =
  ({ optimum }) =>
  (x) =>
    sum(x.length, (i) => {
      const s = Math.sign(optimum[i]!) * 10 ** place(i, x.length);
      const z = optimum[i]! * x[i]! < 25 ? x[i]! : optimum[i]!;
      return 5 * Math.abs(s) - s * z;
    });

const attractiveSector: Definition =
  ({ optimum, R, Q }) =>
  (x) => {
    const z = times(Q, stretch(times(R, minus(x, optimum)), 10));
    const total = sum(z.length, (i) => ((z[i]! * optimum[i]! > 0 ? 100 : 1) * z[i]!) ** 2);
    return oscillate(total) ** 0.9;
  };

const stepEllipsoid: Definition =
  ({ optimum, R, Q }) =>
  (x) => {
    const ẑ = stretch(times(R, minus(x, optimum)), 10);
    const z = times(
      Q,
      map(ẑ, (v) => (Math.abs(v) > 0.5 ? Math.floor(0.5 + v) : Math.floor(0.5 + 10 * v) / 10)),
    );
    return 0.1 * Math.max(Math.abs(ẑ[0]!) / 1e4, ellipsoid(z, 2)) + penalty(x);
  };

const weierstrass: Definition = ({ optimum, R, Q }) => {
  const wave = (v: number) => sum(12, (k) => 0.5 ** k * Math.cos(2 * Math.PI * 3 ** k * (v + 0.5)));
  const least = wave(0);
  return (x) => {
    const z = times(R, stretch(times(Q, waves(times(R, minus(x, optimum)))), 0.01));
    return 10 * (sum(z.length, (i) => wave(z[i]!)) / z.length - least) ** 3 + (10 / z.length) * penalty(x);
  };
};

const schaffer =
  (conditioning: number): Definition =>
  ({ optimum, R, Q }) =>
  (x) => {
    const z = stretch(times(Q, skew(times(R, minus(x, optimum)), 0.5)), conditioning);
    const pairs = z.length - 1;
    const mean =
      sum(pairs, (i) => {
        const s = Math.sqrt(z[i]! ** 2 + z[i + 1]! ** 2);
        return Math.sqrt(s) * (1 + Math.sin(50 * s ** 0.2) ** 2);
      }) / pairs;
    return mean ** 2 + 10 * penalty(x);
  };

const griewankRosenbrock: Definition =
  ({ optimum, R }) =>
  (x) => {
    const z = valleyPoint(x, optimum, R);
    const pairs = z.length - 1;
    const total = sum(pairs, (i) => {
      const s = valley(z[i]!, z[i + 1]!);
      return s / 4000 - Math.cos(s);
    });
    return (10 / pairs) * total + 10;
  };

const schwefel: Definition =
  ({ optimum }) =>
  (x) => {
    const size = map(optimum, (v) => 2 * Math.abs(v));
    const x̂ = map(x, (v, i) => 2 * Math.sign(optimum[i]!) * v);
    const ẑ = map(x̂, (v, i) => (i === 0 ? v : v + 0.25 * (x̂[i - 1]! - size[i - 1]!)));
    const z = map(stretch(minus(ẑ, size), 10), (v, i) => 100 * (v + size[i]!));
    const total = sum(z.length, (i) => z[i]! * Math.sin(Math.sqrt(Math.abs(z[i]!))));
    return -total / (100 * z.length) + 4.189828872724339 + 100 * penalty(map(z, (v) => v / 100));
  };

const katsuura: Definition =
  ({ optimum, R, Q }) =>
  (x) => {
    const D = x.length;
    const z = times(Q, stretch(times(R, minus(x, optimum)), 100));
    let product = 1;
    for (let i = 0; i < D; i++) {
      const rough = sum(32, (j) => {
        const scaled = 2 ** (j + 1) * z[i]!;
        return Math.abs(scaled - Math.round(scaled)) / 2 ** (j + 1);
      });
      product *= (1 + (i + 1) * rough) ** (10 / D ** 1.2);
    }
    return (10 / D ** 2) * (product - 1) + penalty(x);
  };

const lunacek: Definition = ({ optimum, R, Q }) => {
  const D = optimum.length;
  const s = 1 - 1 / (2 * Math.sqrt(D + 20) - 8.2);
  const other = -Math.sqrt((LUNACEK ** 2 - 1) / s);
  return (x) => {
    const x̂ = map(x, (v, i) => 2 * Math.sign(optimum[i]!) * v);
    const z = times(
      Q,
      stretch(
        times(
          R,
          map(x̂, (v) => v - LUNACEK),
        ),
        100,
      ),
    );
    const near = sum(D, (i) => (x̂[i]! - LUNACEK) ** 2);
    const far = D + s * sum(D, (i) => (x̂[i]! - other) ** 2);
    return Math.min(near, far) + ripples(z) + 1e4 * penalty(x);
  };
};

const FUNCTIONS: readonly Definition[] = [
  ({ optimum }) =>
    (x) =>
      squares(minus(x, optimum)),
  ({ optimum }) =>
    (x) =>
      ellipsoid(waves(minus(x, optimum)), 6),
  ({ optimum }) =>
    (x) => {
      const z = stretch(skew(waves(minus(x, optimum)), 0.2), 10);
      return ripples(z) + squares(z);
    },
  ({ optimum }) =>
    (x) => {
      const steep = (v: number, i: number) => (v > 0 && i % 2 === 0 ? 10 : 1);
      const z = map(waves(minus(x, optimum)), (v, i) => steep(v, i) * 10 ** (0.5 * place(i, x.length)) * v);
      return ripples(z) + squares(z) + 100 * penalty(x);
    },
  linearSlope,
  attractiveSector,
  stepEllipsoid,
  ({ optimum }) =>
    (x) => {
      const z = valleyPoint(x, optimum);
      return sum(z.length - 1, (i) => valley(z[i]!, z[i + 1]!));
    },
  ({ optimum, R }) =>
    (x) => {
      const z = valleyPoint(x, optimum, R);
      return sum(z.length - 1, (i) => valley(z[i]!, z[i + 1]!));
    },
  ({ optimum, R }) =>
    (x) =>
      ellipsoid(waves(times(R, minus(x, optimum))), 6),
  ({ optimum, R }) =>
    (x) => {
      const z = waves(times(R, minus(x, optimum)));
      return squares(z) + (1e6 - 1) * z[0]! ** 2;
    },
  ({ optimum, R }) =>
    (x) => {
      const z = times(R, skew(times(R, minus(x, optimum)), 0.5));
      return 1e6 * squares(z) + (1 - 1e6) * z[0]! ** 2;
    },
  ({ optimum, R, Q }) =>
    (x) => {
      const z = times(Q, stretch(times(R, minus(x, optimum)), 10));
      return z[0]! ** 2 + 100 * Math.sqrt(squares(z.subarray(1)));
    },
  ({ optimum, R }) =>
    (x) => {
      const z = times(R, minus(x, optimum));
      return Math.sqrt(sum(z.length, (i) => Math.abs(z[i]!) ** (2 + 4 * place(i, z.length))));
    },
  ({ optimum, R, Q }) =>
    (x) => {
      const z = times(R, stretch(times(Q, skew(waves(times(R, minus(x, optimum))), 0.2)), 10));
      return ripples(z) + squares(z);
    },
  weierstrass,
  schaffer(10),
  schaffer(1000),
  griewankRosenbrock,
  schwefel,
  gallagher(101, 1000),
  gallagher(21, 1000 ** 2),
  katsuura,
  lunacek,
];

// The 24 BBOB functions: zero at their optimum and nowhere below; without rotation and waves equal to the textbooks' formulas.
import { describe, expect, it } from 'vitest';
import { BBOB_COUNT, bbob, bbobAt } from '../../../trainer/pretraining/functions/bbob.js';
import { identity, randomRotation, times } from '../../../trainer/pretraining/functions/vectors.js';
import { Random } from '../../../trainer/random.js';

const NUMBERS = Array.from({ length: BBOB_COUNT }, (_, i) => i + 1);
const points = (count: number, dimension: number, seed: number) => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => Array.from({ length: dimension }, () => 10 * random.uniform() - 5));
};

describe('BBOB', () => {
  it.each(NUMBERS)('f%i is 0 at its optimum and above it elsewhere, in 2, 3, 5 and 10 dimensions', (number) => {
    for (const dimension of [2, 3, 5, 10]) {
      const { optimum, value } = bbob(number, dimension, new Random(number, dimension));
      // f24 subtracts numbers near 250 from each other; Katsuura amplifies rounding by 2³².
      expect(value(optimum)).toBeCloseTo(0, 6);
      const others = points(300, dimension, 7).map(value);
      expect(others.every((y) => Number.isFinite(y) && y >= -1e-9)).toBe(true);
      expect(Math.max(...others)).toBeGreaterThan(0.1);
    }
  });

  it('draws another instance from another seed, and the same from the same', () => {
    for (const number of NUMBERS) {
      const at = [1.5, -2.5, 0.5];
      const value = (seed: number) => bbob(number, 3, new Random(seed)).value(at);
      expect(value(1)).toBe(value(1));
      // f5 has its optimum in one of eight corners only.
      expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(value)).size).toBeGreaterThan(3);
    }
  });

  it('rotates without stretching', () => {
    const rotation = randomRotation(6, new Random(3));
    for (const a of rotation)
      for (const b of rotation) {
        const product = a.reduce((sum, v, i) => sum + v * b[i]!, 0);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 12);
      }
    expect(times(identity(3), [1, 2, 3])).toEqual(Float64Array.of(1, 2, 3));
  });
});

/** The functions without their irregular transformations, spelled out coordinate by coordinate from x and the optimum. */
const TEXTBOOK: Record<number, (x: readonly number[], o: ArrayLike<number>) => number> = {
  1: (x, o) => x.reduce((s, v, i) => s + (v - o[i]!) * (v - o[i]!), 0),
  5: (x, o) =>
    x.reduce((s, v, i) => {
      const slope = 10 ** (i / (x.length - 1));
      // Falls towards the optimum's corner of the box at ±5.
      return s + slope * (o[i]! > 0 ? 5 - v : 5 + v);
    }, 0),
  8: (x, o) => {
    const z = x.map((v, i) => v - o[i]! + 1);
    let s = 0;
    for (let i = 1; i < z.length; i++) s += 100 * (z[i]! - z[i - 1]! ** 2) ** 2 + (1 - z[i - 1]!) ** 2;
    return s;
  },
  13: (x, o) => {
    const z = x.map((v, i) => Math.sqrt(10 ** (i / (x.length - 1))) * (v - o[i]!));
    return z[0]! ** 2 + 100 * Math.hypot(...z.slice(1));
  },
  14: (x, o) => Math.sqrt(x.reduce((s, v, i) => s + Math.abs(v - o[i]!) ** (2 + (4 * i) / (x.length - 1)), 0)),
  17: (x, o) => {
    const z = x.map((v, i) => {
      const d = v - o[i]!;
      const skewed = d > 0 ? d ** (1 + 0.5 * (i / (x.length - 1)) * Math.sqrt(d)) : d;
      return skewed * 10 ** ((0.5 * i) / (x.length - 1));
    });
    let mean = 0;
    for (let i = 0; i + 1 < z.length; i++) {
      const s = Math.hypot(z[i]!, z[i + 1]!);
      mean += (Math.sqrt(s) + Math.sqrt(s) * Math.sin(50 * s ** (1 / 5)) ** 2) / (z.length - 1);
    }
    return mean * mean;
  },
  19: (x, o) => {
    const z = x.map((v, i) => v - o[i]! + 1);
    let s = 0;
    for (let i = 0; i + 1 < z.length; i++) {
      const r = 100 * (z[i]! ** 2 - z[i + 1]!) ** 2 + (z[i]! - 1) ** 2;
      s += r / 4000 - Math.cos(r);
    }
    return (10 * s) / (z.length - 1) + 10;
  },
  23: (x, o) => {
    const D = x.length;
    let product = 1;
    x.forEach((v, i) => {
      const z = (v - o[i]!) * 100 ** ((0.5 * i) / (D - 1));
      let rough = 0;
      for (let j = 1; j <= 32; j++) rough += Math.abs(2 ** j * z - Math.round(2 ** j * z)) * 2 ** -j;
      product *= (1 + (i + 1) * rough) ** (10 / D ** 1.2);
    });
    return (10 / D / D) * product - 10 / D / D;
  },
};

describe('BBOB without rotation', () => {
  it.each(Object.keys(TEXTBOOK).map(Number))('f%i is the formula of the textbooks', (number) => {
    for (const dimension of [2, 4]) {
      const { optimum } = bbob(number, dimension, new Random(number));
      const [R, Q] = [identity(dimension), identity(dimension)];
      const { value } = bbobAt(number, { optimum, R, Q, seed: 1 });
      for (const x of points(50, dimension, number)) {
        const expected = TEXTBOOK[number]!(x, optimum);
        expect(Math.abs(value(x) - expected)).toBeLessThan(1e-8 * (1 + Math.abs(expected)));
      }
    }
  });

  it('has the known values of Schwefel’s function and of the conditioned ones along an axis', () => {
    const one = { R: identity(2), Q: identity(2), seed: 1 };
    const half = 4.2096874633 / 2;
    // All of x̂ at 420.97 / 100: the minimum of −z sin √|z|, 418.98 a coordinate.
    expect(bbobAt(20, { ...one, optimum: Float64Array.of(half, half) }).value([half, half])).toBeCloseTo(0, 9);
    // −z sin √|z| is 0 at z = 0.
    expect(bbobAt(20, { ...one, optimum: Float64Array.of(half, half) }).value([0, half])).toBeGreaterThan(1);
    const centre = Float64Array.of(0, 0);
    // T_osz leaves ±1 where they are.
    expect(bbobAt(2, { ...one, optimum: centre }).value([1, -1])).toBeCloseTo(1 + 1e6, 6);
    expect(bbobAt(10, { ...one, optimum: centre }).value([-1, 1])).toBeCloseTo(1 + 1e6, 6);
    expect(bbobAt(11, { ...one, optimum: centre }).value([1, 1])).toBeCloseTo(1e6 + 1, 6);
    expect(bbobAt(12, { ...one, optimum: centre }).value([1, -1])).toBeCloseTo(1 + 1e6, 6);
    // Rastrigin: integers are as far down as their squares say; the second axis of f3 is stretched by √10.
    expect(bbobAt(3, { ...one, optimum: centre }).value([-1, 0])).toBeCloseTo(1, 9);
    expect(bbobAt(4, { ...one, optimum: centre }).value([1, 0])).toBeCloseTo(100, 9);
    expect(bbobAt(15, { ...one, optimum: centre }).value([1, 0])).toBeCloseTo(1, 9);
  });
});

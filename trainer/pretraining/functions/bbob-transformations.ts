// The transformations that the BBOB functions are composed of, under the names of their definitions (INRIA RR-6829, section 0.2).
import { type Matrix, map, sum, type Vector } from './vectors.js';

/** What makes an instance of a function: where its optimum lies, and its two rotations. */
export interface BbobInstance {
  optimum: Float64Array;
  R: Matrix;
  Q: Matrix;
  /** Seeds what else is random: the peaks of f21 and f22. */
  seed: number;
}

/** (i − 1) / (D − 1) of the definitions, where i counts from 1. */
export const place = (i: number, dimension: number): number => (dimension > 1 ? i / (dimension - 1) : 0);

/** Λ^α v: the diagonal α^(½·place). */
export const stretch = (v: Vector, alpha: number): Float64Array =>
  map(v, (value, i) => alpha ** (0.5 * place(i, v.length)) * value);

/** T_osz of one number: smooth, small, irregular waves. */
export function oscillate(x: number): number {
  if (x === 0) return 0;
  const log = Math.log(Math.abs(x));
  const [c1, c2] = x > 0 ? [10, 7.9] : [5.5, 3.1];
  return Math.sign(x) * Math.exp(log + 0.049 * (Math.sin(c1 * log) + Math.sin(c2 * log)));
}

export const waves = (v: Vector): Float64Array => map(v, oscillate);

/** T_asy^β: breaks the symmetry of the positive side. */
export const skew = (v: Vector, beta: number): Float64Array =>
  map(v, (x, i) => (x > 0 ? x ** (1 + beta * place(i, v.length) * Math.sqrt(x)) : x));

/** f_pen: 0 inside the box. */
export const penalty = (x: Vector): number => sum(x.length, (i) => Math.max(0, Math.abs(x[i]!) - 5) ** 2);

export const squares = (z: Vector): number => sum(z.length, (i) => z[i]! ** 2);
export const ellipsoid = (z: Vector, exponent: number): number =>
  sum(z.length, (i) => 10 ** (exponent * place(i, z.length)) * z[i]! ** 2);
export const ripples = (z: Vector): number => 10 * (z.length - sum(z.length, (i) => Math.cos(2 * Math.PI * z[i]!)));
export const valley = (a: number, b: number): number => 100 * (a ** 2 - b) ** 2 + (a - 1) ** 2;

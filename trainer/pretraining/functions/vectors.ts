// Small dense vectors and matrices, and random rotations: what the test functions are written in.
import type { Random } from '../../random.js';

export type Vector = ArrayLike<number>;
/** Rows. */
export type Matrix = readonly Float64Array[];

export const sum = (count: number, term: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
};

export const map = (v: Vector, f: (value: number, i: number) => number): Float64Array =>
  Float64Array.from({ length: v.length }, (_, i) => f(v[i]!, i));

export const minus = (a: Vector, b: Vector): Float64Array => map(a, (value, i) => value - b[i]!);

export const times = (m: Matrix, v: Vector): Float64Array =>
  Float64Array.from(m, (row) => sum(row.length, (j) => row[j]! * v[j]!));

/** A rotation or reflection, evenly distributed: Gram-Schmidt on normal vectors (Stewart, 1980). */
export function randomRotation(size: number, random: Random): Matrix {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const row = Float64Array.from({ length: size }, () => random.normal());
    // Twice: once leaves rounding errors where the draw lay close to the rows before.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows) {
        const along = sum(size, (j) => row[j]! * other[j]!);
        for (let j = 0; j < size; j++) row[j]! -= along * other[j]!;
      }
    }
    const length = Math.sqrt(sum(size, (j) => row[j]! ** 2));
    if (length > 1e-6) rows.push(row.map((value) => value / length));
  }
  return rows;
}

export const identity = (size: number): Matrix =>
  Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));

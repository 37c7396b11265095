// Muon's graph against Newton-Schulz and momentum in plain loops, and the singular values of what it gives out.
import { describe, expect, it } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { type MuonOptions, muon, orthogonalize } from '../../../trainer/optimizers/muon.js';
import { Random } from '../../../trainer/random.js';
import { clipped, expectSameTraining, SPECS, type Tensors, zerosLike } from './kit.js';

const OPTIONS: MuonOptions = {
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.1,
  clipNorm: 1.5,
  momentum: 0.95,
  iterations: 5,
  matrixScale: 1.5,
  learningRateScale: 2,
};

type Matrix = number[][];
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combined = (a: Matrix, s: number, b: Matrix, t: number): Matrix =>
  a.map((row, i) => row.map((x, j) => s * x + t * b[i]![j]!));

function plainOrthogonalize(matrix: Matrix): Matrix {
  if (matrix.length > matrix[0]!.length) return transposed(plainOrthogonalize(transposed(matrix)));
  const norm = Math.sqrt(matrix.flat().reduce((sum, x) => sum + x * x, 0)) + 1e-7;
  let x = matrix.map((row) => row.map((value) => value / norm));
  for (let i = 0; i < 5; i++) {
    const a = product(x, transposed(x));
    x = combined(x, 3.4445, product(combined(a, -4.775, product(a, a), 2.0315), x), 1);
  }
  return x;
}

function plainMuon(options: MuonOptions) {
  const momentum = zerosLike(SPECS);
  const second = zerosLike(SPECS);
  const blend = (beta: number) => (old: number, fresh: number) => beta * old + (1 - beta) * fresh;
  return (weights: Tensors, gradients: Tensors, step: number, rate: number) => {
    clipped(gradients, options.clipNorm).forEach((g, t) => {
      const { kind, name, shape } = SPECS[t]!;
      let u: number[];
      if (kind === 'linear' && name !== 'lm_head.weight') {
        const [rows, columns] = shape as [number, number];
        const along = blend(options.momentum);
        momentum[t] = g.map((x, i) => along(momentum[t]![i]!, x));
        const ahead = g.map((x, i) => along(momentum[t]![i]!, x));
        const matrix = Array.from({ length: rows }, (_, r) => ahead.slice(r * columns, (r + 1) * columns));
        const scale = options.matrixScale * 0.2 * Math.sqrt(Math.max(rows, columns));
        u = plainOrthogonalize(matrix)
          .flat()
          .map((x) => x * scale);
      } else {
        momentum[t] = g.map((x, i) => blend(options.beta1)(momentum[t]![i]!, x));
        second[t] = g.map((x, i) => blend(options.beta2)(second[t]![i]!, x * x));
        u = g.map((_, i) => {
          const mean = momentum[t]![i]! / (1 - options.beta1 ** step);
          return mean / (Math.sqrt(second[t]![i]! / (1 - options.beta2 ** step)) + options.epsilon);
        });
      }
      const decay = kind === 'linear' ? options.weightDecay : 0;
      weights[t] = weights[t]!.map((w, i) => w - options.learningRateScale * rate * (u[i]! + decay * w));
    });
  };
}

/** Singular values by one-sided Jacobi rotations, of a matrix with no more columns than rows. */
function singularValues(matrix: Matrix): number[] {
  const columns = transposed(matrix);
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const [a, b] = [columns[p]!, columns[q]!];
        const angle = 0.5 * Math.atan2(2 * dot(a, b), dot(a, a) - dot(b, b));
        columns[p] = a.map((x, i) => Math.cos(angle) * x + Math.sin(angle) * b[i]!);
        columns[q] = b.map((x, i) => Math.cos(angle) * x - Math.sin(angle) * a[i]!);
      }
    }
  }
  return columns.map((c) => Math.sqrt(dot(c, c)));
}

describe('muon', () => {
  it('takes the steps of the published algorithm, with Adam for vectors, embeddings and the head', async () => {
    await expectSameTraining(muon(OPTIONS), plainMuon(OPTIONS), 22);
  });

  it.each([
    [40, 12],
    [12, 40],
    [24, 24],
  ])('sends the singular values of a %i × %i gradient close to 1, whatever its size', async (rows, columns) => {
    const random = new Random(5, rows);
    for (const size of [1e-4, 1, 1e4]) {
      const g = new Graph('orthogonalize');
      g.output(orthogonalize(g.input('x', 'float64', [rows, columns]), 5), 'y');
      const session = await OrtSession.create(g, { threads: 1, graphOptimizationLevel: 'basic' });
      const data = Float64Array.from({ length: rows * columns }, () => size * random.normal());
      const y = (await session.run({ x: { data, dims: [rows, columns] } })).y!.data as Float64Array;
      await session.release();
      const matrix = Array.from({ length: rows }, (_, r) => Array.from(y.slice(r * columns, (r + 1) * columns)));
      const values = singularValues(rows >= columns ? matrix : transposed(matrix));
      // A square matrix has singular values near 0, which five iterations bring up only in part.
      const sure = rows === columns ? values.sort((a, b) => b - a).slice(0, rows - 3) : values;
      expect(Math.max(...values)).toBeLessThan(1.25);
      expect(Math.min(...sure)).toBeGreaterThan(0.6);
    }
  });
});

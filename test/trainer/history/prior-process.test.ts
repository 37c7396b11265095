// The process with a learned prior: its gradient against finite differences, its answers against plain linear algebra.
import { describe, expect, it } from 'vitest';
import { type Prior, type PriorPoints, PriorProcess, priorAlone } from '../../../trainer/history/prior-process.js';
import { Random } from '../../../trainer/random.js';

const prior: Prior = { weights: Float64Array.of(0.5, 0.3, 0.2), unit: 2, level: 1, shift: 0.25 };

/** Three relatives' sayings of n random points with two parameters. */
function pointsOf(n: number, seed: number): PriorPoints {
  const random = new Random(seed);
  const values = Float64Array.from({ length: 2 * n }, () => random.normal());
  const said = [1, 2, 3].map((slope) =>
    Float64Array.from({ length: n }, (_, i) => 1 + slope * Math.sin(values[2 * i]!) + 0.1 * random.normal()),
  );
  return { said, features: { rows: n, columns: 2, values, groups: Int32Array.of(0, 1) } };
}

const rows = 12;
const points = pointsOf(rows, 1);
const z = Float64Array.from(
  { length: rows },
  (_, i) => 3 + 1.7 * points.said[1]![i]! + points.features.values[2 * i + 1]!,
);

/** One row of some points. */
function one({ said, features }: PriorPoints, i: number): PriorPoints {
  const values = features.values.slice(2 * i, 2 * i + 2);
  return { said: said.map((values) => values.slice(i, i + 1)), features: { ...features, rows: 1, values } };
}

function without({ said, features }: PriorPoints, i: number): PriorPoints {
  const values = Float64Array.from([...features.values].filter((_, at) => Math.floor(at / 2) !== i));
  return {
    said: said.map((values) => values.filter((_, at) => at !== i)),
    features: { ...features, rows: features.rows - 1, values },
  };
}

describe('a process with a learned prior', () => {
  const process = new PriorProcess(prior, points, z);

  it('learns on the exact gradient of its likelihood', () => {
    const likelihood = process.likelihood();
    const at = process.learned.map((value, p) => value + 0.3 * Math.sin(p));
    const gradient = new Float64Array(at.length);
    likelihood.negativeLog(at, gradient);
    for (let p = 0; p < at.length; p++) {
      const side = (step: number) =>
        likelihood.negativeLog(
          at.map((v, i) => (i === p ? v + step : v)),
          new Float64Array(at.length),
        );
      const measured = (side(1e-5) - side(-1e-5)) / 2e-5;
      expect(gradient[p]).toBeCloseTo(measured, 5);
    }
  });

  it('says of each of its own points what it would say had it not seen it', () => {
    const { mean, sd } = process.leaveOneOut();
    for (const i of [0, 5, 11]) {
      const rest = new PriorProcess(
        prior,
        without(points, i),
        z.filter((_, at) => at !== i),
        process.learned,
      );
      const asked = rest.predict(one(points, i));
      expect(mean[i]).toBeCloseTo(asked.mean[0]!, 6);
      expect(sd[i]).toBeCloseTo(asked.sd[0]!, 4);
    }
  });

  it('answers as the normal equations do, written out', () => {
    const asked = pointsOf(3, 2);
    const all = {
      said: points.said.map((v, t) => Float64Array.of(...v, ...asked.said[t]!)),
      values: [...points.features.values, ...asked.features.values],
    };
    const total = rows + 3;
    const mean = Array.from(
      { length: total },
      (_, i) => 0.25 + all.said.reduce((sum, v, t) => sum + prior.weights[t]! * v[i]!, 0),
    );
    const p = Array.from(process.learned, Math.exp);
    const covariance = (i: number, k: number) => {
      let relatives = 0;
      all.said.forEach((v, t) => {
        relatives += prior.weights[t]! * (v[i]! + 0.25 - mean[i]!) * (v[k]! + 0.25 - mean[k]!);
      });
      let squared = 0;
      for (const g of [0, 1]) squared += ((all.values[2 * i + g]! - all.values[2 * k + g]!) / p[5 + g]!) ** 2;
      const r = Math.sqrt(5 * squared);
      return (
        p[0]! * relatives +
        p[1]! +
        p[2]! * (mean[i]! - 1.25) * (mean[k]! - 1.25) +
        p[3]! * (1 + r + (r * r) / 3) * Math.exp(-r)
      );
    };
    const matrix = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: rows }, (_, k) => covariance(i, k) + (i === k ? p[4]! : 0)),
    );
    const solved = solve(
      matrix,
      Array.from(z, (value, i) => value - mean[i]!),
    );
    const { mean: answered, sd } = process.predict(asked);
    for (let i = 0; i < 3; i++) {
      const row = Array.from({ length: rows }, (_, k) => covariance(rows + i, k));
      expect(answered[i]).toBeCloseTo(mean[rows + i]! + row.reduce((sum, v, k) => sum + v * solved[k]!, 0), 4);
      const explained = solve(matrix, row).reduce((sum, v, k) => sum + v * row[k]!, 0);
      expect(sd[i]! ** 2).toBeCloseTo(covariance(rows + i, rows + i) + p[4]! - explained, 4);
    }
  });

  it('is the mean of the relatives before the first measurement, and wider where they disagree', () => {
    const { mean, sd } = priorAlone(prior, [Float64Array.of(1, 1), Float64Array.of(1, 5), Float64Array.of(1, -2)]);
    expect([...mean]).toEqual([expect.closeTo(1.25, 12), expect.closeTo(0.5 + 1.5 - 0.4 + 0.25, 12)]);
    expect(sd[1]).toBeGreaterThan(2 * sd[0]!);
  });
});

/** Gaussian elimination with pivots. */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const a = matrix.map((row, i) => [...row, right[i]!]);
  const n = a.length;
  for (let c = 0; c < n; c++) {
    const pivot = a.slice(c).reduce((best, row, i) => (Math.abs(row[c]!) > Math.abs(a[best]![c]!) ? c + i : best), c);
    [a[c], a[pivot]] = [a[pivot]!, a[c]!];
    for (let r = c + 1; r < n; r++) {
      const factor = a[r]![c]! / a[c]![c]!;
      for (let k = c; k <= n; k++) a[r]![k]! -= factor * a[c]![k]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let rest = a[r]![n]!;
    for (let k = r + 1; k < n; k++) rest -= a[r]![k]! * x[k]!;
    x[r] = rest / a[r]![r]!;
  }
  return x;
}

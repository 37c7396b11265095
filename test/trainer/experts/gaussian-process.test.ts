// The Gaussian process against its definitions: naive inverses, finite differences and brute-force refits.
import { describe, expect, it } from 'vitest';
import { gaussianProcess, ProcessPosterior } from '../../../trainer/experts/gaussian-process.js';
import { factorize, invertFactorized } from '../../../trainer/experts/gp/cholesky.js';
import { MEAN_VARIANCE, MIN_NOISE } from '../../../trainer/experts/gp/kernel.js';
import { minimize } from '../../../trainer/experts/gp/lbfgs.js';
import { KernelPosterior, logPriors } from '../../../trainer/experts/gp/marginal-likelihood.js';
import { candidateWarps } from '../../../trainer/experts/gp/warp.js';
import { matrix, meanAbsoluteError, normalRows } from './fixtures.js';

const GROUPS = [0, 1, 1];
const PARAMETERS = Float64Array.of(0.3, -0.2, 0.5, -2);
const PRIORS = { lengthScale: 3, lengthScaleSpread: 1, signal: 1, signalSpread: 1, noise: 0.1, noiseSpread: 1 };

/** Covariance straight from the formula of the Matérn 5/2 kernel. */
function covariance(a: readonly number[], b: readonly number[]): number {
  const scales = GROUPS.map((group) => Math.exp(PARAMETERS[group]!));
  const r = Math.sqrt(5) * Math.hypot(...a.map((value, j) => (value - b[j]!) / scales[j]!));
  return Math.exp(PARAMETERS[2]!) * (1 + r + (r * r) / 3) * Math.exp(-r) + MEAN_VARIANCE;
}

/** Solves A x = b by Gaussian elimination with pivoting; independent of the Cholesky code. */
function solve(a: number[][], b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]!]);
  const n = rows.length;
  for (let c = 0; c < n; c++) {
    const pivot = rows
      .slice(c)
      .reduce((best, row, i) => (Math.abs(row[c]!) > Math.abs(rows[best]![c]!) ? c + i : best), c);
    [rows[c], rows[pivot]] = [rows[pivot]!, rows[c]!];
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = rows[r]![c]! / rows[c]![c]!;
      rows[r] = rows[r]!.map((value, k) => value - factor * rows[c]![k]!);
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

function noisyCovariances(rows: readonly (readonly number[])[]): number[][] {
  const noise = Math.exp(PARAMETERS[3]!) + MIN_NOISE;
  return rows.map((a, i) => rows.map((b, k) => covariance(a, b) + (i === k ? noise : 0)));
}

describe('cholesky', () => {
  it('inverts a positive definite matrix', () => {
    const rows = normalRows(9, 3, 4);
    const a = noisyCovariances(rows);
    const n = rows.length;
    const factor = Float64Array.from(a.flat());
    expect(factorize(factor, n)).toBe(true);
    const inverse = new Float64Array(n * n);
    invertFactorized(factor, n, inverse, new Float64Array(n * n));
    for (let i = 0; i < n; i++) {
      const unit = a.map((_, k) => (k === i ? 1 : 0));
      solve(a, unit).forEach((value, k) => {
        if (k <= i) expect(inverse[i * n + k]).toBeCloseTo(value, 8);
      });
    }
  });

  it('refuses an indefinite one', () => {
    expect(factorize(Float64Array.of(1, 0, 2, 1), 2)).toBe(false);
  });
});

describe('minimize', () => {
  it('finds the minimum of the Rosenbrock function', () => {
    const { x } = minimize(
      ([a, b], gradient) => {
        gradient[0] = -2 * (1 - a!) - 400 * a! * (b! - a! * a!);
        gradient[1] = 200 * (b! - a! * a!);
        return (1 - a!) ** 2 + 100 * (b! - a! * a!) ** 2;
      },
      Float64Array.of(-1.2, 1),
      { maxEvaluations: 200, maxMove: 1, tolerance: 0 },
    );
    expect(x[0]).toBeCloseTo(1, 5);
    expect(x[1]).toBeCloseTo(1, 5);
  });
});

describe('KernelPosterior', () => {
  it('has the gradient that finite differences give', () => {
    const rows = normalRows(12, 3, 1);
    const y = Float64Array.from(normalRows(12, 1, 2).flat());
    const posterior = new KernelPosterior(matrix(rows, GROUPS), y, logPriors(PRIORS, 2));
    const gradient = new Float64Array(4);
    posterior.negativeLog(PARAMETERS, gradient);
    const unused = new Float64Array(4);
    for (let p = 0; p < 4; p++) {
      const at = (shift: number): number =>
        posterior.negativeLog(
          PARAMETERS.map((value, i) => (i === p ? value + shift : value)),
          unused,
        );
      const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
      expect(gradient[p]).toBeCloseTo(slope, 5);
    }
  });

  it('is the likelihood of a normal distribution: one row by hand', () => {
    const posterior = new KernelPosterior(matrix([[1, 2, 3]], GROUPS), Float64Array.of(0.7), logPriors(PRIORS, 2));
    const variance = Math.exp(0.5) + MEAN_VARIANCE + Math.exp(-2) + MIN_NOISE;
    const { mean, sd } = logPriors(PRIORS, 2);
    const prior = PARAMETERS.reduce((sum, value, p) => sum + 0.5 * ((value - mean[p]!) / sd[p]!) ** 2, 0);
    const expected = 0.5 * Math.log(2 * Math.PI * variance) + 0.7 ** 2 / (2 * variance) + prior;
    expect(posterior.negativeLog(PARAMETERS, new Float64Array(4))).toBeCloseTo(expected, 10);
  });
});

describe('ProcessPosterior', () => {
  const rows = normalRows(10, 3, 7);
  const y = normalRows(10, 1, 8).flat();

  it('has the posterior mean and deviation of the textbook', () => {
    const queries = normalRows(4, 3, 9);
    const k = noisyCovariances(rows);
    const alpha = solve(k, y);
    const posterior = new ProcessPosterior(matrix(rows, GROUPS), Float64Array.from(y), PARAMETERS);
    const { mean, sd } = posterior.predict(matrix(queries, GROUPS));
    queries.forEach((query, q) => {
      const cross = rows.map((row) => covariance(row, query));
      const explained = solve(k, cross).reduce((sum, value, i) => sum + value * cross[i]!, 0);
      const variance = covariance(query, query) + Math.exp(PARAMETERS[3]!) + MIN_NOISE - explained;
      expect(mean[q]).toBeCloseTo(
        cross.reduce((sum, value, i) => sum + value * alpha[i]!, 0),
        9,
      );
      expect(sd[q]).toBeCloseTo(Math.sqrt(variance), 9);
    });
  });

  it('has a closed form of leave-one-out that agrees with leaving each row out', () => {
    const { mean, sd } = new ProcessPosterior(matrix(rows, GROUPS), Float64Array.from(y), PARAMETERS).leaveOneOut();
    rows.forEach((row, i) => {
      const others = (_: unknown, k: number): boolean => k !== i;
      const without = new ProcessPosterior(
        matrix(rows.filter(others), GROUPS),
        Float64Array.from(y.filter(others)),
        PARAMETERS,
      ).predict(matrix([row], GROUPS));
      expect(mean[i]).toBeCloseTo(without.mean[0]!, 9);
      expect(sd[i]).toBeCloseTo(without.sd[0]!, 9);
    });
  });
});

describe('warps', () => {
  it('are inverted exactly and keep order', () => {
    const y = Float64Array.of(0.001, 0.01, 0.012, 0.02, 0.5, 3, 90);
    const warps = candidateWarps(y);
    expect(warps.map((warp) => warp.name)).toEqual(['linear', 'log', 'asinh']);
    for (const warp of warps) {
      const z = y.map(warp.forward);
      z.forEach((value, i) => {
        expect(warp.inverse(value)).toBeCloseTo(y[i]!, 9);
        if (i > 0) expect(value).toBeGreaterThan(z[i - 1]!);
      });
      expect(Number.isFinite(warp.inverse(1e6))).toBe(true);
    }
  });

  it('know how much they stretch', () => {
    const y = Float64Array.of(0.001, 0.01, 0.012, 0.02, 0.5, 3, 90);
    for (const warp of candidateWarps(y)) {
      const numeric = y.reduce((sum, v) => {
        const h = 1e-6 * v;
        return sum + Math.log((warp.forward(v + h) - warp.forward(v - h)) / (2 * h));
      }, 0);
      expect(warp.logJacobian).toBeCloseTo(numeric, 4);
    }
  });
});

describe('gaussianProcess', () => {
  it('learns which parameter matters and how smooth y is', () => {
    const truth = (row: readonly number[]): number => Math.sin(2 * row[0]!);
    const rows = normalRows(60, 4, 1);
    const queries = normalRows(100, 4, 2);
    const fitted = gaussianProcess().fit({ features: matrix(rows), y: Float64Array.from(rows, truth) }, 1);
    const { mean, sd } = fitted.predict(matrix(queries));
    const expected = queries.map(truth);
    expect(meanAbsoluteError(mean, expected)).toBeLessThan(0.1);
    const within = expected.filter((value, i) => Math.abs(value - mean[i]!) < 2 * sd![i]!);
    expect(within.length).toBeGreaterThan(85);
  });

  it('keeps its cost bounded and still predicts rows that it left out', () => {
    const rows = normalRows(1000, 3, 5);
    const y = Float64Array.from(rows, (row) => row[0]! + row[1]! ** 2);
    const { crossFitted } = gaussianProcess().fit({ features: matrix(rows), y }, 1);
    expect(meanAbsoluteError(crossFitted.mean, y)).toBeLessThan(0.1);
  });
});

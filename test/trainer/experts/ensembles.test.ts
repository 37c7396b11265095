// Forest and boosting: they learn what they should, and say of a training row only what they could without its y.
import { describe, expect, it } from 'vitest';
import { gradientBoosting } from '../../../trainer/experts/gradient-boosting.js';
import { randomForest } from '../../../trainer/experts/random-forest.js';
import { matrix, meanAbsoluteError, normalRows } from './fixtures.js';

const truth = (row: readonly number[]): number => (row[0]! > 0 ? 3 : 0) + Math.abs(row[1]!);

describe.each([randomForest(), gradientBoosting()])('$name', (expert) => {
  const rows = normalRows(150, 5, 1);
  const y = Float64Array.from(rows, truth);
  const fitted = expert.fit({ features: matrix(rows), y }, 1);

  it('learns steps and interactions', () => {
    const queries = normalRows(200, 5, 2);
    const spread = meanAbsoluteError(new Float64Array(200).fill(y.reduce((a, b) => a + b) / 150), queries.map(truth));
    expect(meanAbsoluteError(fitted.predict(matrix(queries)).mean, queries.map(truth))).toBeLessThan(0.2 * spread);
  });

  it('has cross-fitted errors like those on new rows, far above those on its own', () => {
    const queries = normalRows(200, 5, 3);
    const onNew = meanAbsoluteError(fitted.predict(matrix(queries)).mean, queries.map(truth));
    const onOwn = meanAbsoluteError(fitted.predict(matrix(rows)).mean, y);
    const crossFitted = meanAbsoluteError(fitted.crossFitted.mean, y);
    expect(crossFitted).toBeGreaterThan(1.3 * onOwn);
    expect(crossFitted / onNew).toBeGreaterThan(0.7);
    expect(crossFitted / onNew).toBeLessThan(1.6);
  });

  it('loses nothing to a large offset of y', () => {
    const shifted = expert.fit({ features: matrix(rows), y: y.map((value) => value + 1e9) }, 1);
    const back = shifted.predict(matrix(rows)).mean.map((value) => value - 1e9);
    // Rounding breaks ties between splits in another way here and there; in sum nothing changes.
    expect(meanAbsoluteError(back, fitted.predict(matrix(rows)).mean)).toBeLessThan(0.01);
  });
});

describe('randomForest', () => {
  it('is the mean of trees on bootstrap samples: with one row, that row', () => {
    const fitted = randomForest().fit({ features: matrix([[1]]), y: Float64Array.of(7) }, 1);
    expect(fitted.predict(matrix([[5]])).mean[0]).toBe(7);
    expect(fitted.crossFitted.mean[0]).toBe(0);
  });
});

describe('gradientBoosting', () => {
  it('comes closer to its own rows with every round', () => {
    const rows = normalRows(40, 2, 4);
    const data = { features: matrix(rows), y: Float64Array.from(rows, truth) };
    const errorAfter = (rounds: number): number =>
      meanAbsoluteError(gradientBoosting({ rounds, rowShare: 1 }).fit(data, 1).predict(data.features).mean, data.y);
    expect(errorAfter(40)).toBeLessThan(0.5 * errorAfter(10));
    expect(errorAfter(10)).toBeLessThan(0.8 * errorAfter(1));
  });
});

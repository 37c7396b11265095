// All experts through their front door: deterministic, honest about their own rows, and unimpressed by odd studies.
import { describe, expect, it } from 'vitest';
import { EXPERT_NAMES, type ExpertName } from '../../../trainer/experts/expert.js';
import { fitExperts, type PredictorName } from '../../../trainer/experts/fit-experts.js';
import type { JsonObject } from '../../../trainer/types.js';
import { meanAbsoluteError, mixedStudy } from './fixtures.js';

const NAMES: readonly PredictorName[] = ['median', ...EXPERT_NAMES];

describe('fitExperts', () => {
  it('beats the median with every expert on a study of mixed parameters', () => {
    const { xs, y } = mixedStudy(80, 1);
    const queries = mixedStudy(100, 2);
    const predictions = fitExperts(xs, y, { seed: 1 }).predict(queries.xs);
    const baseline = meanAbsoluteError(predictions.median.mean, queries.y);
    const allowed = { nearest_neighbours: 0.7, random_forest: 0.5, gradient_boosting: 0.4, gaussian_process: 0.3 };
    for (const name of EXPERT_NAMES) {
      expect(meanAbsoluteError(predictions[name]!.mean, queries.y), name).toBeLessThan(allowed[name] * baseline);
    }
  });

  it('repeats itself for the same seed, whatever the order of keys', () => {
    const { xs, y } = mixedStudy(30, 1);
    const queries = mixedStudy(10, 2).xs;
    const reversed = xs.map((x) => Object.fromEntries(Object.entries(x).reverse()));
    const first = fitExperts(xs, y, { seed: 5 });
    const second = fitExperts(reversed, y, { seed: 5 });
    expect(second.predict(queries)).toEqual(first.predict(queries));
    for (const name of NAMES) expect(second.crossFitted(name)).toEqual(first.crossFitted(name));
    const other = fitExperts(xs, y, { seed: 6 }).predict(queries);
    expect(other.random_forest).not.toEqual(first.predict(queries).random_forest);
  });

  it.each([6, 40, 130])('never lets a row see its own y when cross-fitted (%i trials)', (n) => {
    const { xs, y } = mixedStudy(n, 3);
    const honest = fitExperts(xs, y, { seed: 1 });
    for (const i of [0, n >> 1, n - 1]) {
      const changed = y.map((value, row) => (row === i ? value + 100 : value));
      const fitted = fitExperts(xs, changed, { seed: 1 });
      for (const name of NAMES) {
        const before = honest.crossFitted(name).mean[i]!;
        expect(Math.abs(fitted.crossFitted(name).mean[i]! - before), name).toBeLessThan(1e-6);
        if (name !== 'median') expect(fitted.crossFitted(name).mean, name).not.toEqual(honest.crossFitted(name).mean);
      }
    }
  });

  it('fits all of them to logarithms where errors are factors, whatever unit y is in, and to y itself without the process', () => {
    const { xs, y } = mixedStudy(60, 4);
    const factors = y.map((value) => Math.exp(value));
    const asked = mixedStudy(20, 5);
    const errors = (of: (value: number) => number, which?: ExpertName[]) => {
      const predictions = fitExperts(xs, factors.map(of), { seed: 1, ...(which && { which }) }).predict(asked.xs);
      return (name: ExpertName) =>
        // Fitted to y itself, boosting goes below 0.
        predictions[name]!.mean.reduce((sum, value, i) => {
          const truth = of(Math.exp(asked.y[i]!));
          return sum + Math.abs(Math.log(Math.max(value / truth, 0.01)));
        }, 0);
    };
    const [once, thousandfold] = [errors((value) => value), errors((value) => 1000 * value)];
    for (const name of ['nearest_neighbours', 'random_forest', 'gradient_boosting'] as const) {
      const alone = errors((value) => value, [name]);
      expect(once(name), name).toBeLessThan(0.95 * alone(name));
      // Trees break ties by the last digit.
      expect(thousandfold(name) / once(name), name).toBeCloseTo(1, 1);
    }
    const { random_forest: forest } = fitExperts(xs, factors, { seed: 1 }).predict(asked.xs);
    expect(forest!.spread!.every((width) => width >= 0 && Number.isFinite(width))).toBe(true);
  });

  it('takes y as it is where one has no logarithm, among many that have', () => {
    const { xs, y } = mixedStudy(150, 4);
    const factors = y.map((value, i) => (i === 149 ? 0 : Math.exp(value)));
    const fitted = fitExperts(xs, factors, { seed: 1 });
    const alone = fitExperts(xs, factors, { seed: 1, which: ['random_forest'] });
    expect(fitted.predict(xs).random_forest).toEqual(alone.predict(xs).random_forest);
    for (const name of NAMES) expect(fitted.crossFitted(name).mean.every(Number.isFinite), name).toBe(true);
  });

  it('fits only what is asked for', () => {
    const { xs, y } = mixedStudy(10, 1);
    const fitted = fitExperts(xs, y, { seed: 1, which: ['random_forest'] });
    expect(Object.keys(fitted.predict(xs)).sort()).toEqual(['median', 'random_forest']);
    expect(() => fitted.crossFitted('gaussian_process')).toThrowError(
      expect.objectContaining({ code: 'EXPERTS_NOT_FITTED' }),
    );
  });

  it('lists the nearest trials', () => {
    const xs = [0, 1, 3, 7].map((a) => ({ a }));
    const fitted = fitExperts(xs, [0, 1, 2, 3], { seed: 1, which: [] });
    expect(fitted.nearest([{ a: 1 }], 3)[0]!.map(({ index }) => index)).toEqual([1, 0, 2]);
    expect(fitted.nearest([{ a: 1 }], 1)[0]![0]!.distance).toBe(0);
  });
});

describe('odd studies', () => {
  const wide: JsonObject = Object.fromEntries(Array.from({ length: 500 }, (_, j) => [`p${j}`, j]));
  const studies: Record<string, { xs: JsonObject[]; y: number[] }> = {
    'one trial': { xs: [{ a: 1 }], y: [5] },
    'one trial at zero': { xs: [{}], y: [0] },
    'two trials': { xs: [{ a: 1 }, { a: 2 }], y: [5, 6] },
    'three trials': { xs: [{ a: 1 }, { a: 2 }, { b: 'x' }], y: [5, 6, -7] },
    'no parameters': { xs: [{}, {}, {}, {}, {}], y: [1, 2, 3, 4, 5] },
    'constant y': { xs: [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }, { a: 5 }], y: [2, 2, 2, 2, 2] },
    'constant zero': { xs: [{ a: 1 }, { a: 2 }, { a: 3 }], y: [0, 0, 0] },
    'equal rows, different y': {
      xs: Array.from({ length: 12 }, () => ({ a: 1, s: 'x' })),
      y: [1, 9, 2, 8, 3, 7, 4, 6, 5, 5, 0, 10],
    },
    'a column that is always missing': {
      xs: [1, 2, 3, 4, 5, 6].map((a) => ({ a, gone: null })),
      y: [1, 2, 3, 4, 5, 6],
    },
    'tiny y': { xs: [1, 2, 3, 4, 5, 6].map((a) => ({ a })), y: [1e-30, 2e-30, 3e-30, 4e-30, 5e-30, 6e-30] },
    'huge y': { xs: [1, 2, 3, 4, 5, 6].map((a) => ({ a })), y: [-9e30, 9e30, 1e30, 3e30, -2e30, 0] },
    'y over sixty decades': {
      xs: [1, 2, 3, 4, 5, 6, 7, 8].map((a) => ({ a })),
      y: [1e-30, 1e-20, 1e-10, 1, 1e10, 1e20, 1e25, 9e30],
    },
    'one wild outlier': {
      xs: Array.from({ length: 20 }, (_, a) => ({ a })),
      y: [...Array.from({ length: 19 }, (_, i) => i / 7), 1e20],
    },
    '500 parameters': {
      xs: Array.from({ length: 8 }, (_, i) => ({ ...wide, p3: i, p4: i * i })),
      y: [3, 1, 4, 1, 5, 9, 2, 6],
    },
    'long strings in many scripts': {
      xs: Array.from({ length: 8 }, (_, i) => ({
        code: `🙂 مرحبا ${'x'.repeat(10_000)} ${i}`,
        tag: ['α', 'β'][i % 2]!,
      })),
      y: [3, 1, 4, 1, 5, 9, 2, 6],
    },
  };

  it.each(Object.keys(studies))('%s: finite predictions and ordered bounds', (title) => {
    const { xs, y } = studies[title]!;
    const fitted = fitExperts(xs, y, { seed: 1 });
    const queries: JsonObject[] = [...xs, {}, { a: -1e308, s: 'unseen', b: { c: [1] } }, { a: 'text', gone: 1 }];
    const predictions = fitted.predict(queries);
    const low = Math.min(...y);
    const high = Math.max(...y);
    for (const name of NAMES) {
      const { mean, sd } = predictions[name]!;
      expect(mean.every(Number.isFinite), name).toBe(true);
      expect(fitted.crossFitted(name).mean.every(Number.isFinite), name).toBe(true);
      expect(sd?.every((s) => Number.isFinite(s) && s > 0) ?? true, name).toBe(true);
      mean.forEach((value, q) => {
        for (const level of [0.5, 0.9, 0.999]) {
          const { lower, upper } = fitted.interval(name, value, level, sd?.[q]);
          expect(lower <= upper && Number.isFinite(lower) && Number.isFinite(upper), `${name} ${level}`).toBe(true);
        }
      });
      if (name === 'nearest_neighbours' || name === 'random_forest') {
        const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
        expect(
          mean.every((value) => value >= low - slack && value <= high + slack),
          name,
        ).toBe(true);
      }
    }
  });

  it('says the constant where y is constant', () => {
    const { xs, y } = studies['constant y']!;
    const predictions = fitExperts(xs, y, { seed: 1 }).predict([{ a: 2.5 }, {}]);
    for (const name of NAMES) for (const value of predictions[name]!.mean) expect(value, name).toBeCloseTo(2, 9);
  });
});

describe('intervals', () => {
  it('hold about as many new measurements as they promise', () => {
    const { xs, y } = mixedStudy(100, 1);
    const queries = mixedStudy(400, 2);
    const fitted = fitExperts(xs, y, { seed: 1 });
    const predictions = fitted.predict(queries.xs);
    for (const name of NAMES) {
      const { mean, sd } = predictions[name]!;
      const held = queries.y.filter((value, q) => {
        const { lower, upper } = fitted.interval(name, mean[q]!, 0.8, sd?.[q]);
        return lower <= value && value <= upper;
      });
      expect(held.length / 400, name).toBeGreaterThan(0.7);
      expect(held.length / 400, name).toBeLessThan(0.92);
    }
  });

  it('widen with the level, beyond what few trials can show too', () => {
    const { xs, y } = mixedStudy(8, 1);
    const fitted = fitExperts(xs, y, { seed: 1 });
    for (const name of NAMES) {
      const widths = [0.2, 0.5, 0.8, 0.9, 0.99, 0.999].map((level) => {
        const { lower, upper } = fitted.interval(name, 0, level);
        return upper - lower;
      });
      for (let i = 1; i < widths.length; i++) expect(widths[i], name).toBeGreaterThanOrEqual(widths[i - 1]!);
      expect(widths[5], name).toBeGreaterThan(widths[3]!);
    }
  });
});

describe('bad calls', () => {
  const xs = [{ a: 1 }, { a: 2 }];
  const cases: [string, string, () => unknown][] = [
    ['no trials', 'EXPERTS_NO_TRIALS', () => fitExperts([], [], { seed: 1 })],
    ['unpaired', 'EXPERTS_LENGTH_MISMATCH', () => fitExperts(xs, [1], { seed: 1 })],
    ['NaN', 'EXPERTS_BAD_Y', () => fitExperts(xs, [1, Number.NaN], { seed: 1 })],
    ['too large', 'EXPERTS_BAD_Y', () => fitExperts(xs, [1, -1e31], { seed: 1 })],
    ['a misspelt option', 'EXPERTS_BAD_OPTION', () => fitExperts(xs, [1, 2], { seed: 1, ...{ wich: [] } })],
    ['a broken seed', 'EXPERTS_BAD_OPTION', () => fitExperts(xs, [1, 2], { seed: 0.5 })],
    [
      'a level of 1',
      'EXPERTS_BAD_OPTION',
      () => fitExperts(xs, [1, 2], { seed: 1, which: [] }).interval('median', 0, 1),
    ],
    ['no neighbours wanted', 'EXPERTS_BAD_OPTION', () => fitExperts(xs, [1, 2], { seed: 1, which: [] }).nearest(xs, 0)],
  ];
  it.each(cases)('%s: %s', (_, code, call) => {
    expect(call).toThrowError(expect.objectContaining({ name: 'ExpertsError', code }));
  });

  it('name the place', () => {
    expect(() => fitExperts(xs, [1, Number.NaN], { seed: 1 })).toThrowError(/y\[1\] is NaN/);
  });
});

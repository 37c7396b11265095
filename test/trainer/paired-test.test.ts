// The test behind do no harm: its distribution against closed forms, its share of false alarms by simulation.
import { describe, expect, it } from 'vitest';
import { clusterMeans, pValueOfGain, studentCdf } from '../../trainer/paired-test.js';
import { Random } from '../../trainer/random.js';

/** Student's density integrated by Simpson's rule from 0; Γ by its recurrence from 1/2 and 1. */
function integrated(t: number, degrees: number): number {
  const gamma = (half: number): number =>
    half === 1 ? Math.sqrt(Math.PI) : half === 2 ? 1 : (half / 2 - 1) * gamma(half - 2);
  const norm = gamma(degrees + 1) / (gamma(degrees) * Math.sqrt(degrees * Math.PI));
  const density = (x: number) => norm * (1 + (x * x) / degrees) ** (-(degrees + 1) / 2);
  const steps = 4000;
  const width = t / steps;
  let sum = density(0) + density(t);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * width);
  return 0.5 + (sum * width) / 3;
}

it.each([1, 2, 3, 4, 7, 10, 23, 64])("has Student's distribution with %i degrees of freedom", (degrees) => {
  for (const t of [-6, -2.1, -0.3, 0, 0.5, 1.7, 4])
    expect(studentCdf(t, degrees)).toBeCloseTo(integrated(t, degrees), 9);
});

it('with one degree of freedom is the arcus tangent, with many nearly normal', () => {
  expect(studentCdf(1, 1)).toBeCloseTo(0.75, 14);
  expect(studentCdf(1.959964, 100_000)).toBeCloseTo(0.975, 5);
});

it('is Student’s t where values are symmetric about their mean', () => {
  const values = [1, 2, 3, 4, 5];
  // Mean 3, standard error √(2.5/5): t = 4.2426 with 4 degrees of freedom.
  expect(pValueOfGain(values)).toBeCloseTo(1 - studentCdf(3 / Math.sqrt(0.5), 4), 12);
  expect(pValueOfGain(values.map((v) => -v))).toBeGreaterThan(0.99);
});

it('believes a rare large loss, and no rare large gain', () => {
  const often = [...new Array(15).fill(0.1), -0.9];
  const t = (values: number[]) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
    return 1 - studentCdf((mean / sd) * Math.sqrt(values.length), values.length - 1);
  };
  expect(pValueOfGain(often)).toBeGreaterThan(t(often));
  const rarely = often.map((v) => -v + 0.08);
  expect(pValueOfGain(rarely)).toBeCloseTo(t(rarely), 12);
});

it.each<[string, number[], number]>([
  ['no values', [], 1],
  ['one value', [5], 1],
  ['nothing but zeros', [0, 0, 0], 1],
  ['the same gain everywhere', [2, 2, 2], 0],
  ['a value that is not a number', [1, 1, Number.NaN], 1],
])('answers for %s', (_, values, expected) => {
  expect(pValueOfGain(values)).toBe(expected);
});

it('averages what belongs together', () => {
  expect(clusterMeans([1, 3, 10, 5], ['a', 'a', 'b', 'a'])).toEqual([3, 10]);
});

describe('false alarms at a level of 2.5%, by simulation', () => {
  const RUNS = 20_000;
  const LEVEL = 0.025;
  /** Three standard errors of a simulated share. */
  const ERROR = 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / RUNS);
  const share = (draw: () => number[]) => {
    let alarms = 0;
    for (let run = 0; run < RUNS; run++) if (pValueOfGain(draw()) <= LEVEL) alarms++;
    return alarms / RUNS;
  };
  const random = new Random(11);
  const sizes = [2, 3, 6, 12, 24, 96];
  const many = (n: number, draw: (i: number) => number) => Array.from({ length: n }, (_, i) => draw(i));
  const laplace = () => Math.log(1 - random.uniform()) * (random.uniform() < 0.5 ? 1 : -1);

  it.each(sizes)(
    'normal, double exponential, of uneven spread, skewed to gains: at most the level, with %i values',
    (n) => {
      expect(share(() => many(n, () => random.normal()))).toBeLessThan(LEVEL + ERROR);
      expect(share(() => many(n, laplace))).toBeLessThan(LEVEL + ERROR);
      expect(share(() => many(n, (i) => random.normal() * 4 ** (i % 4)))).toBeLessThan(LEVEL + ERROR);
      expect(share(() => many(n, () => -Math.log(1 - random.uniform()) - 1))).toBeLessThan(LEVEL + ERROR);
    },
  );

  it('questions of one study agree: their own number would be believed too much, the studies’ is not', () => {
    const names = many(120, (i) => i).map((i) => `study ${i % 12 < 6 ? 0 : i % 12}`);
    const questions = () => {
      const own = new Map(names.map((name) => [name, random.normal()]));
      return names.map((name) => own.get(name)! + random.normal());
    };
    expect(share(() => clusterMeans(questions(), names))).toBeLessThan(LEVEL + ERROR);
    expect(share(questions)).toBeGreaterThan(4 * LEVEL);
  });

  it('skewed to losses it is above the level, and much less so than t alone, from 24 values on', () => {
    const losses = (n: number) => many(n, () => 1 + Math.log(1 - random.uniform()));
    expect(share(() => losses(24))).toBeLessThan(0.045);
    expect(share(() => losses(96))).toBeLessThan(0.033);
  });

  it('finds a gain of half a standard deviation with 24 questions', () => {
    expect(share(() => many(24, () => 0.6 + random.normal()))).toBeGreaterThan(0.7);
  });
});

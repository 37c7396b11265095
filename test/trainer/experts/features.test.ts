// Parameters of any JSON kind become columns that mean what they should.
import { describe, expect, it } from 'vitest';
import type { FeatureMatrix } from '../../../trainer/experts/expert.js';
import { Featurizer } from '../../../trainer/experts/features/featurizer.js';
import { flatten } from '../../../trainer/experts/features/flatten.js';
import type { JsonObject } from '../../../trainer/types.js';

function column(features: FeatureMatrix, j: number): number[] {
  return Array.from({ length: features.rows }, (_, i) => features.values[i * features.columns + j]!);
}

function squaredDistance(features: FeatureMatrix, a: number, b: number): number {
  const d = features.columns;
  let sum = 0;
  for (let j = 0; j < d; j++) sum += (features.values[a * d + j]! - features.values[b * d + j]!) ** 2;
  return sum;
}

function fitted(xs: readonly JsonObject[]) {
  return Featurizer.fit(xs).transform(xs);
}

describe('flatten', () => {
  it('names nested keys, array items, strings of arrays and lengths', () => {
    const leaves = flatten({ a: { b: 1, 'c.d': true }, list: [2, 'x', { e: 3 }], none: null });
    expect(Object.fromEntries(leaves)).toEqual({
      'a.b': { number: 1, strings: [] },
      'a.c\\.d': { number: 1, strings: [] },
      'list.length': { number: 3, strings: [] },
      'list[0]': { number: 2, strings: [] },
      'list[]': { number: Number.NaN, strings: ['x'] },
      'list[2].e': { number: 3, strings: [] },
    });
  });

  it('ends on absurdly deep nesting', () => {
    let deep: JsonObject = { y: 1 };
    for (let i = 0; i < 5000; i++) deep = { x: deep };
    expect(flatten(deep).size).toBe(0);
  });
});

describe('Featurizer', () => {
  it('gives trees raw numbers with NaN for missing, and distances standardised ones with a flag', () => {
    const { tree, metric } = fitted([{ a: 1 }, { a: 3 }, {}, { a: null }]);
    expect(column(tree, 0)).toEqual([1, 3, Number.NaN, Number.NaN]);
    expect(metric.columns).toBe(2);
    expect(column(metric, 0)[0]).toBeCloseTo(-1, 12);
    expect(column(metric, 0).slice(1)).toEqual([1, 0, 0]);
    expect(metric.groups).toEqual(Int32Array.of(0, 0));
    expect(column(metric, 1)[2]).toBeGreaterThan(column(metric, 1)[0]!);
  });

  it('drops what never varies', () => {
    const { tree, metric } = fitted([
      { a: 1, s: 'x', v: 1, n: null },
      { a: 1, s: 'x', v: 2, n: null },
    ]);
    expect(tree.columns).toBe(1);
    expect(metric.columns).toBe(1);
  });

  it('reads a positive column that spans decades on a log scale', () => {
    const { metric } = fitted([1e-5, 1e-4, 1e-3, 1e-2, 1e-1].map((rate) => ({ rate })));
    const scaled = column(metric, 0);
    for (let i = 1; i < 5; i++) expect(scaled[i]! - scaled[i - 1]!).toBeCloseTo(scaled[1]! - scaled[0]!, 9);
  });

  it('gives every parameter the same say: its columns have variance 1 together', () => {
    const kinds = ['a', 'b', 'c', 'a', 'b', 'a', 'c', 'a'];
    const { metric } = fitted(kinds.map((kind, i) => ({ kind, n: i, gap: i % 3 === 0 ? null : i * i })));
    const variance = new Map<number, number>();
    for (let j = 0; j < metric.columns; j++) {
      const values = column(metric, j);
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const own = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
      variance.set(metric.groups[j]!, (variance.get(metric.groups[j]!) ?? 0) + own);
    }
    expect(variance.size).toBe(3);
    for (const total of variance.values()) expect(total).toBeCloseTo(1, 9);
  });

  it('takes numbers out of strings that differ only in them', () => {
    const { tree } = fitted([{ shape: '1x64x8' }, { shape: '1x128x8' }, { shape: '1x256x4' }, { shape: '1x64x4' }]);
    expect(tree.columns).toBe(2);
    expect(column(tree, 0)).toEqual([64, 128, 256, 64]);
    expect(column(tree, 1)).toEqual([8, 8, 4, 4]);
  });

  it('puts rows of the same category together and treats an unseen one as neither', () => {
    const featurizer = Featurizer.fit(['cat', 'dog', 'cat', 'eel'].map((pet) => ({ pet })));
    const { metric } = featurizer.transform(['cat', 'cat', 'dog', 'unicorn'].map((pet) => ({ pet })));
    expect(squaredDistance(metric, 0, 1)).toBe(0);
    expect(squaredDistance(metric, 0, 2)).toBeGreaterThan(0.5);
    expect(squaredDistance(metric, 0, 3)).toBeGreaterThan(0);
    expect(squaredDistance(metric, 2, 3)).toBeGreaterThan(0);
  });

  it('puts free texts that share words nearer than texts that do not', () => {
    const texts = [
      'the kernel tiles the matrix in shared memory',
      'tiles of the matrix wait in shared memory',
      'vanilla ice cream recipe with eggs',
      'an ice cream recipe without eggs please',
    ];
    const { metric } = fitted(texts.map((code) => ({ code })));
    expect(squaredDistance(metric, 0, 1)).toBeLessThan(squaredDistance(metric, 0, 2));
    expect(squaredDistance(metric, 2, 3)).toBeLessThan(squaredDistance(metric, 1, 3));
  });

  it('does not care about the order of keys', () => {
    const xs = [
      { a: 1, b: 'x', c: true },
      { a: 2, b: 'y', c: false },
      { a: 4, b: 'x', c: false },
    ];
    const reversed = xs.map((x) => Object.fromEntries(Object.entries(x).reverse()));
    expect(fitted(reversed)).toEqual(fitted(xs));
  });

  it('never writes NaN for distances, nor an infinity, whatever the query', () => {
    const featurizer = Featurizer.fit([
      { a: 1e308, b: 5e-324 },
      { a: -1e308, b: 1 },
      { a: 3, b: 1e300, c: 'x' },
    ]);
    const queries: JsonObject[] = [{}, { a: 'text', b: -1 }, { a: 0, b: 0, c: 7 }, { a: 1.7e308, b: 1e-320, d: [[]] }];
    const { metric } = featurizer.transform(queries);
    expect(metric.values.every(Number.isFinite)).toBe(true);
  });

  it('takes 500 parameters and 10,000-character strings in its stride', () => {
    const xs = Array.from({ length: 50 }, (_, i) => ({
      ...Object.fromEntries(Array.from({ length: 500 }, (_, j) => [`p${j}`, (i * (j + 7)) % 13])),
      text: Array.from({ length: 2000 }, (_, k) => `w${(k * i) % 97} 🙂`)
        .join(' ')
        .slice(0, 10_000),
    }));
    const started = performance.now();
    const { tree, metric } = fitted(xs);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(tree.columns).toBeGreaterThan(450);
    expect(tree.columns).toBeLessThan(600);
    expect(metric.values.every(Number.isFinite)).toBe(true);
  });
});

// What lies outside of what was tried: numbers, categories, kinds, parameters left out; and that exchangeable trials rarely do.
import { describe, expect, it } from 'vitest';
import { TriedParameters } from '../../../trainer/calibration/outside.js';
import { Random } from '../../../trainer/random.js';
import type { Json, JsonObject } from '../../../trainer/types.js';

const made = (n: number, of: (i: number) => JsonObject): TriedParameters =>
  new TriedParameters(Array.from({ length: n }, (_, i) => of(i)));

describe('what was tried', () => {
  it('has no outside before the first trial', () => {
    expect(new TriedParameters([]).outside({ a: 1 })).toBeUndefined();
  });

  it('reaches a tenth of its range beyond numbers', () => {
    const tried = made(41, (i) => ({ a: i / 4 }));
    for (const a of [0, 5, 10, 10.9, -0.9]) expect(tried.outside({ a })).toBeUndefined();
    for (const a of [11.1, 100, -1.1]) expect(tried.outside({ a })).toBe('beyond');
  });

  it('is read in powers where its numbers are', () => {
    const tried = made(40, (i) => ({ n: 2 ** (i % 10) }));
    expect(tried.outside({ n: 600 })).toBeUndefined();
    expect(tried.outside({ n: 1024 })).toBe('beyond');
    expect(tried.outside({ n: 0.25 })).toBe('beyond');
    for (const n of [0, -1]) expect(tried.outside({ n })).toBe('beyond');
  });

  it('reaches farther in few trials, and where single trials stand apart from the others', () => {
    const five = made(5, (i) => ({ a: 2.5 * i }));
    expect(five.outside({ a: 14 })).toBeUndefined();
    expect(five.outside({ a: 20 })).toBe('beyond');
    const apart = made(15, (i) => ({ a: i < 14 ? i : 40 }));
    expect(apart.outside({ a: 100 })).toBeUndefined();
    expect(apart.outside({ a: 200 })).toBe('beyond');
  });

  it('does not know a category, a truth value or a kind of value that no trial has, nor a changed constant', () => {
    const tried = made(40, (i) => ({ c: 'ABC'[i % 3]!, on: true, k: 3, a: i }));
    const x = { c: 'A', on: true, k: 3, a: 5 };
    expect(tried.outside(x)).toBeUndefined();
    for (const other of [{ c: 'D' }, { on: false }, { k: 4 }, { a: '5' }, { c: 1 }, { a: null }] as JsonObject[]) {
      expect(tried.outside({ ...x, ...other })).toBe('unknown');
    }
    expect(tried.outside({ ...x, more: 1 })).toBe('beyond');
  });

  it('knows that text, ids and dates are always new', () => {
    const tried = made(40, (i) => ({
      note: `it was run ${i}`,
      id: i,
      day: `2026-11-${i}`,
      rare: `r${i < 30 ? i : 0}`,
    }));
    expect(tried.outside({ note: 'another one', id: 40, day: '2027-01-01', rare: 'r99' })).toBeUndefined();
  });

  it('misses a parameter that all comparable trials have', () => {
    const tried = made(
      60,
      (i): JsonObject => (i % 2 ? { kernel: 'poly', degree: i % 5, c: i } : { kernel: 'rbf', c: i }),
    );
    expect(tried.outside({ kernel: 'rbf', c: 7 })).toBeUndefined();
    expect(tried.outside({ kernel: 'poly', degree: 2, c: 7 })).toBeUndefined();
    expect(tried.outside({ kernel: 'poly', c: 7 })).toBe('unknown');
    expect(tried.outside({ kernel: 'rbf' })).toBe('unknown');
    expect(tried.outside({ c: 7, degree: 2 })).toBe('unknown');
    // What comes and goes by chance is not missed.
    const random = new Random(1);
    const loose = made(
      60,
      (i): JsonObject => (random.uniform() < 0.5 ? { k: i % 20, extra: 1 + (i % 3) } : { k: i % 20 }),
    );
    for (let k = 0; k < 20; k++) expect(loose.outside({ k })).toBeUndefined();
  });

  it('looks into what is nested, as into the values of other objectives that are given', () => {
    const tried = made(40, (i) => ({ a: i, given: { latency: i / 40 } }));
    expect(tried.outside({ a: 3, given: { latency: 0.5 } })).toBeUndefined();
    expect(tried.outside({ a: 3, given: { latency: 4 } })).toBe('beyond');
    expect(tried.outside({ a: 3 })).toBe('unknown');
  });

  it('holds nearly all trials like those it was made of, of any kind and number', () => {
    const random = new Random(5);
    const kinds: (() => Json)[] = [
      () => random.uniform(),
      () => random.normal(),
      () => Math.exp(2 * random.normal()),
      () => random.normal() / random.normal(),
      () => 'ABCDEFGH'[random.integer(8)]!,
      () => String(Math.floor(Math.exp(3 * random.uniform()))),
      () => random.uniform() < 0.05,
      () => random.integer(4),
      () => `text ${random.uniform()}`,
    ];
    const draw = (): JsonObject =>
      Object.fromEntries(kinds.flatMap((kind, i) => (i === 3 && random.uniform() < 0.3 ? [] : [[`p${i}`, kind()]])));
    for (const n of [3, 5, 7, 10, 20, 50, 200]) {
      let outside = 0;
      for (let r = 0; r < 150; r++) if (made(n, draw).outside(draw())) outside++;
      expect(outside / 150).toBeLessThan(0.07 + 1 / (n + 1));
    }
  });
});

// Search spaces: draws, neighbours and children stay inside, conditions hold, scales are even, what is wrong is named; inference.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferSpace } from '../../../trainer/acquisition/infer-space.js';
import { type Parameter, SearchSpace } from '../../../trainer/acquisition/search-space.js';
import { Random } from '../../../trainer/random.js';
import type { JsonObject } from '../../../trainer/types.js';

const TRAINING = {
  units: { type: 'integer', low: 1, high: 4, when: { parameter: 'model', in: ['net'] } },
  dropout: { type: 'float', low: 0, high: 0.5, when: { parameter: 'units', in: [3, 4] } },
  model: { type: 'categorical', choices: ['tree', 'net', 'linear'] },
  rate: { type: 'float', low: 1e-5, high: 1, scale: 'log' },
  batch: { type: 'integer', low: 1, high: 1024, scale: 'log' },
  tile: { type: 'categorical', choices: [64, 16, 32] },
  shuffle: { type: 'boolean' },
  note: { type: 'categorical', choices: [{ a: 1, b: [2] }, ['x']], optional: true },
  version: { type: 'constant', value: 'v2' },
} satisfies Record<string, Parameter>;
const training = new SearchSpace(TRAINING);

const bounds = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 1000 }))
  .map(([low, width]) => ({ low, high: low + width }));
const domain: fc.Arbitrary<Parameter> = fc.oneof(
  bounds.map((range): Parameter => ({ type: 'float', ...range })),
  bounds.map((range): Parameter => ({ type: 'integer', ...range })),
  bounds.map(
    ({ low, high }): Parameter => ({ type: 'float', low: 10 ** (low / 100), high: 10 ** (high / 100), scale: 'log' }),
  ),
  fc
    .uniqueArray(fc.string(), { minLength: 1, maxLength: 5, selector: (s) => s.normalize('NFC') })
    .map((choices): Parameter => ({ type: 'categorical', choices })),
  fc
    .uniqueArray(fc.integer(), { minLength: 1, maxLength: 5, selector: (n) => n.toPrecision(7) })
    .map((choices): Parameter => ({ type: 'categorical', choices })),
  fc.constant<Parameter>({ type: 'boolean' }),
  fc.constant<Parameter>({ type: 'constant', value: 7 }),
);
/** Spaces in which a gate switches parameters, some of which are optional too. */
const space = fc
  .uniqueArray(fc.record({ name: fc.string(), domain, gated: fc.boolean(), optional: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
    selector: ({ name }) => name,
  })
  .map((parts) => {
    const parameters = parts
      .filter(({ name }) => name !== 'gate' && name !== '__proto__')
      .map(({ name, domain: d, gated, optional }): [string, Parameter] => [
        name,
        { ...d, optional, ...(gated ? { when: { parameter: 'gate', in: [true] } } : {}) },
      ]);
    return new SearchSpace(Object.fromEntries([...parameters, ['gate', { type: 'boolean' } as Parameter]]));
  });

describe('SearchSpace', () => {
  it('holds all that it draws, mutates and crosses; a neighbour differs from where it began', () => {
    fc.assert(
      fc.property(space, fc.integer(), fc.double({ min: 0, max: 2, noNaN: true }), (s, seed, step) => {
        const random = new Random(seed);
        const [a, b] = [s.sample(random), s.sample(random)];
        const near = s.mutate(a, random, { step });
        for (const x of [a, b, near, s.crossover(a, b, random)]) expect(s.violations(x)).toEqual([]);
        expect(near).not.toEqual(a);
        expect(s.distance(a, near)).toBeGreaterThanOrEqual(0);
        expect(s.distance(a, b)).toBeLessThanOrEqual(1);
        expect(s.distance(a, b)).toBe(s.distance(b, a));
        expect(s.distance(a, a)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('draws evenly on each scale, and keeps conditions of conditions', () => {
    const random = new Random(3);
    const drawn = Array.from({ length: 4000 }, () => training.sample(random));
    const share = (holds: (x: JsonObject) => boolean, of = drawn) => of.filter(holds).length / of.length;
    const near = (value: number, expected: number) => expect(Math.abs(value - expected)).toBeLessThan(0.04);
    near(
      share((x) => (x.rate as number) < 1e-3),
      2 / 5,
    );
    // Bins of log-uniform integers: ln(32.5/0.5) of ln(1024.5/0.5).
    near(
      share((x) => (x.batch as number) <= 32),
      Math.log(65) / Math.log(2049),
    );
    near(
      share((x) => x.tile === 16),
      1 / 3,
    );
    near(
      share((x) => 'note' in x),
      1 / 2,
    );
    near(
      share((x) => 'units' in x),
      1 / 3,
    );
    const nets = drawn.filter((x) => x.model === 'net');
    near(
      share((x) => x.units === 1, nets),
      1 / 4,
    );
    near(
      share((x) => 'dropout' in x, nets),
      1 / 2,
    );
    expect(drawn.every((x) => 'dropout' in x === (x.units === 3 || x.units === 4))).toBe(true);
  });

  it('steps to neighbours: small steps for numbers, the next level for levels', () => {
    const random = new Random(4);
    const line = new SearchSpace({ a: { type: 'float', low: 0, high: 10 }, tile: TRAINING.tile });
    const steps = Array.from({ length: 500 }, () =>
      line.mutate({ a: 5, tile: 16 }, random, { step: 0.05, share: 0.5 }),
    );
    const moved = steps.map((x) => (x.a as number) - 5);
    const sd = Math.sqrt(moved.reduce((sum, v) => sum + v * v, 0) / moved.filter((v) => v !== 0).length);
    expect(Math.abs(sd - 0.5)).toBeLessThan(0.1);
    expect(new Set(steps.map((x) => x.tile))).toEqual(new Set([16, 32]));
  });

  it('brings what lies outside back inside before it mutates', () => {
    const random = new Random(5);
    const outside = {
      model: 'tree',
      units: 3,
      rate: 50,
      batch: 'many',
      tile: 48,
      old: 1,
      version: 'v1',
      shuffle: null,
    };
    const near = training.mutate(outside, random, { step: 0.01, share: 0 });
    expect(training.violations(near)).toEqual([]);
    expect(near.rate as number).toBeGreaterThan(0.5);
  });

  it('says of every parameter what is wrong with it', () => {
    const good = {
      model: 'net',
      units: 2,
      rate: 0.1,
      batch: 8,
      tile: 32,
      shuffle: true,
      version: 'v2',
      note: { b: [2], a: 1 },
    };
    expect(training.violations(good)).toEqual([]);
    expect(training.contains({ ...good, units: 3 })).toBe(false);
    const { shuffle: _, ...bad } = { ...good, model: 'nett', rate: 3, batch: 1.5, version: 1, unit: 1 };
    expect(training.violations(bad)).toEqual([
      '\'model\' is "nett": give one of "tree", "net", "linear".',
      "'units' is only there where 'model' is \"net\".",
      "'rate' is 3: give a number from 0.00001 to 1.",
      "'batch' is 1.5: give an integer from 1 to 1024.",
      "'shuffle' is missing: give true or false.",
      '\'version\' is 1: it is always "v2".',
      "'unit' is no parameter: did you mean 'units'?",
    ]);
    expect(() => training.require(bad)).toThrow(/'rate' is 3/);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{}, /at least one parameter/],
    [{ a: { type: 'flaot', low: 0, high: 1 } }, /'a' has type 'flaot'; did you mean 'float'/],
    [{ a: { type: 'float', low: 0, hihg: 1 } }, /'a' has no field 'hihg'; did you mean 'high'/],
    [{ a: { type: 'float', low: 2, high: 1 } }, /'a' goes from 2 to 1/],
    [{ a: { type: 'integer', low: 0.5, high: 3 } }, /'a' goes from 0\.5 to 3; give integers/],
    [{ a: { type: 'float', low: 0, high: 1, scale: 'log' } }, /log scale from 0/],
    [{ a: { type: 'float', low: 0, high: 1, scale: 'cubic' } }, /scale 'cubic'/],
    [{ a: { type: 'categorical', choices: [] } }, /'a' has no choices/],
    [{ a: { type: 'categorical', choices: [1, 'b', 1] } }, /choice 1 twice/],
    [{ a: { type: 'categorical', choices: ['b', null] } }, /null/],
    [{ a: { type: 'constant' } }, /'a' has no value/],
    [{ ab: { type: 'boolean' }, b: { type: 'boolean', when: { parameter: 'abb', in: [true] } } }, /did you mean 'ab'/],
    [{ a: { type: 'boolean' }, b: { type: 'boolean', when: { parameter: 'a', in: [1] } } }, /'a' is never 1/],
    [{ a: { type: 'boolean' }, b: { type: 'boolean', when: { parameter: 'a', in: [] } } }, /holds no values/],
    [
      {
        a: { type: 'boolean', when: { parameter: 'b', in: [true] } },
        b: { type: 'boolean', when: { parameter: 'a', in: [true] } },
      },
      /'a' depends on 'b' depends on 'a'/,
    ],
  ])('refuses the declaration %j', (parameters, message) => {
    expect(() => new SearchSpace(parameters as Record<string, Parameter>)).toThrow(message);
  });
});

describe('inferSpace', () => {
  it('finds types, ranges, scales, levels, categories and conditions', () => {
    const random = new Random(6);
    const trials = Array.from({ length: 200 }, () => training.sample(random));
    const found = Object.fromEntries(inferSpace(trials).parameters);
    expect(found.model).toMatchObject({ type: 'categorical' });
    expect(found.units).toEqual({
      type: 'integer',
      low: 1,
      high: 4,
      scale: 'linear',
      when: { parameter: 'model', in: ['net'] },
    });
    expect(found.dropout).toMatchObject({ type: 'float', scale: 'linear', when: { parameter: 'units' } });
    expect(found.dropout!.when!.in.toSorted()).toEqual([3, 4]);
    expect(found.rate).toMatchObject({ type: 'float', scale: 'log' });
    expect(found.batch).toMatchObject({ type: 'integer', scale: 'log' });
    expect(found.tile).toEqual({ type: 'categorical', choices: [16, 32, 64] });
    expect(found.shuffle).toEqual({ type: 'boolean' });
    expect(found.note).toMatchObject({ type: 'categorical', optional: true });
    expect(found.version).toEqual({ type: 'constant', value: 'v2' });
  });

  it('keeps numbers linear that are even as they are, whatever their ratio', () => {
    const random = new Random(7);
    const trials = Array.from({ length: 60 }, () => ({ a: 0.001 + random.uniform() }));
    expect(inferSpace([...trials, { a: 0.0001 }]).parameters.get('a')).toMatchObject({
      type: 'float',
      scale: 'linear',
    });
  });

  it('holds every trial that it was inferred from', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.integer()),
    );
    const trials = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), leaf, { minKeys: 1 }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(trials, (xs) => {
        fc.pre(xs.some((x) => Object.values(x).some((value) => value !== null)));
        const found = inferSpace(xs as JsonObject[]);
        for (const x of xs) expect(found.violations(x as JsonObject)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses to infer from nothing', () => {
    expect(() => inferSpace([])).toThrow(/nothing to infer from in 0 trials/);
    expect(() => inferSpace([{ a: null }])).toThrow(/declare the space/);
  });
});

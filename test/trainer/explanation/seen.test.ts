// What is said of an x that lies outside of what a study has tried: which sentences, and where there is nothing to say.
import { describe, expect, it } from 'vitest';
import { SeenValues } from '../../../trainer/explanation/seen.js';
import { Random } from '../../../trainer/random.js';
import type { Json, JsonObject } from '../../../trainer/types.js';

const random = new Random(7);
const trials = Array.from({ length: 40 }, (_, i): JsonObject => {
  const common = { threads: 2 ** (i % 4), share: (i % 8) / 8, fast: i % 3 === 0, note: `run ${i} of ${i * i}` };
  return i % 5 < 3
    ? { algorithm: 'gzip', level: i % 9, ...common }
    : { algorithm: 'brotli', quality: i % 11, ...common };
});
const gzip: JsonObject = { algorithm: 'gzip', level: 4, threads: 4, share: 0.5, fast: true, note: 'another' };
const without = (x: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(x).filter(([name]) => !names.includes(name)));
const warnings = (x: JsonObject, of = trials) => SeenValues.of(of, [])!.warnings(x);

describe('what is said of an x', () => {
  it('is nothing where it lies within what was tried, whatever its text', () => {
    expect(warnings(gzip)).toEqual([]);
    expect(warnings({ ...without(gzip, 'algorithm', 'level'), algorithm: 'brotli', quality: 3 })).toEqual([]);
    for (const x of trials) expect(warnings(x)).toEqual([]);
  });

  it('names what it lacks and all comparable trials have', () => {
    expect(warnings(without(gzip, 'threads'))).toEqual([`'threads' is missing: all 40 trials have it.`]);
    expect(warnings({ ...gzip, threads: null })).toEqual([`'threads' is missing: all 40 trials have it.`]);
    expect(warnings(without(gzip, 'threads', 'fast'))).toEqual([
      `'threads' and 'fast' are missing: all 40 trials have them.`,
    ]);
    expect(warnings(without(gzip, 'level'))).toEqual([
      `'level' is missing: all 24 trials with 'algorithm' gzip have it.`,
    ]);
    // Of an algorithm that is new nobody knows what it has.
    expect(warnings({ algorithm: 'zstd' })).toEqual([`'algorithm' zstd is new: the study has gzip, brotli.`]);
    expect(warnings({ b: 1 }, [{ a: 1 }])).toContain(`'a' is missing: the study's one trial has it.`);
    // It comes and goes, and nothing tells when.
    const loose = trials.map((x) => (random.uniform() < 0.5 ? x : { ...x, verbose: true }));
    expect(warnings(gzip, loose)).toEqual([]);
  });

  it('names a parameter that no trial has, and the one that was probably meant', () => {
    const [strange, lacking] = warnings({ ...without(gzip, 'threads'), thread: 4 });
    expect(strange).toBe(`'thread' 4 is new: no trial of the study has this parameter. Did you mean 'threads'?`);
    expect(lacking).toBe(`'threads' is missing: all 40 trials have it.`);
    // What x has already was not meant.
    expect(warnings({ ...gzip, thread: 4 })).toEqual([`'thread' 4 is new: no trial of the study has this parameter.`]);
  });

  it('tells values of another kind, and how to send what was meant', () => {
    const cases: [JsonObject, string][] = [
      [
        { threads: '4' },
        `'threads' is the text "4", and the study has numbers (1 to 8): send it without quotes, as 4.`,
      ],
      [{ threads: 'four' }, `'threads' is the text "four", and the study has numbers (1 to 8): give a number.`],
      [{ threads: [4] }, `'threads' is the list [4], and the study has numbers (1 to 8): give a number.`],
      [
        { fast: 'true' },
        `'fast' is the text "true", and the study has true or false: send it without quotes, as true.`,
      ],
      [{ fast: 1 }, `'fast' is the number 1, and the study has true or false: give true or false.`],
      [{ algorithm: 5 }, `'algorithm' is the number 5, and the study has texts (gzip, brotli): give a text.`],
    ];
    for (const [change, sentence] of cases) expect(warnings({ ...gzip, ...change })).toContain(sentence);
    const versions = Array.from({ length: 12 }, (_, i) => ({ version: `${i % 3}` }));
    expect(warnings({ version: 2 }, versions)).toEqual([
      `'version' is the number 2, and the study has texts (0, 1, 2): send it in quotes, as "2".`,
    ]);
  });

  it('tells values beyond those that were tried, alone and beside the rest', () => {
    expect(warnings({ ...gzip, threads: 64 })).toEqual([`'threads' 64 is new: the study has 1 to 8.`]);
    // To the model it is the same number.
    expect(warnings({ ...gzip, threads: 8.000000001 })).toEqual([]);
    const apart = Array.from({ length: 60 }, (_, i) => ({ mode: i % 2 ? 'a' : 'b', size: i % 2 ? i : 100 + i }));
    expect(warnings({ mode: 'a', size: 130 }, apart)).toEqual([
      expect.stringMatching(/^'size' 130 is new beside the rest: none of the 30 trials with 'mode' a goes above 59\.$/),
    ]);
  });

  it('knows all trials of a large study, and takes no time for many queries', () => {
    const draw = (i: number): JsonObject => ({ a: random.uniform(), k: `k${i % 7}`, b: i % 50, text: `t${i}` });
    const many = Array.from({ length: 20_000 }, (_, i) => draw(i));
    many[12_345] = { a: 3, k: 'rare', b: 4, text: '', odd: 1 };
    const begin = performance.now();
    const seen = SeenValues.of(many, [])!;
    for (let i = 0; i < 1000; i++) seen.warnings(draw(i));
    // Seconds where one query were a pass over the study.
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(seen.warnings({ a: 2.9, k: 'rare', b: 1, text: 'x', odd: 1 })).toEqual([]);
    expect(seen.warnings({ a: 3.1, k: 'k1', b: 1, text: 'x' })[0]).toMatch(
      /^'a' 3\.1 is new: the study has .+ to 3\.$/,
    );
  });

  it('is short, however much is wrong, and however long the values are', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 30 }, (_, i): [string, Json] => [`strange ${i}`, 'x'.repeat(5000)]),
    );
    const found = warnings({ ...gzip, ...wide });
    expect(found).toHaveLength(5);
    expect(found[4]).toBe('26 more things about this x are new to the study.');
    for (const sentence of found) expect(sentence.length).toBeLessThan(200);
    expect(warnings({}, [Object.fromEntries(Object.keys(wide).map((name) => [name, 1]))])[0]!.length).toBeLessThan(200);
  });

  it('is nothing where no trial has a parameter', () => {
    expect(SeenValues.of([], [])).toBeUndefined();
    expect(SeenValues.of([{}, { a: null }], [])).toBeUndefined();
  });
});

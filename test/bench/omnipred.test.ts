// Pieces of bench:omnipred that its figures stand on: the corpora, the names, the digit orders, and results that outlast a kill.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { chooseLengths } from '../../trainer/batches.js';
import { PromptEncoder } from '../../trainer/prompt.js';
import { Cells } from './omnipred-cells.js';
import { bbobStudies, type CorpusOptions, dataOf, FUNCTIONS } from './omnipred-corpus.js';
import { DIGIT_ORDERS, spelling } from './omnipred-digit-orders.js';
import { errorOf } from './omnipred-model.js';
import { NAMINGS, renamed } from './omnipred-names.js';
import { replaced } from './sections.js';

const SIZES: CorpusOptions = { studies: 10, seed: 1, dimension: 2, training: 20, validation: 5, test: 10 };

describe('the BBOB corpus', () => {
  const corpus = bbobStudies(SIZES);

  it('is one list: a longer one begins with a shorter one, another seed has other studies', () => {
    expect(bbobStudies({ ...SIZES, studies: 3 })).toEqual(corpus.slice(0, 3));
    const others = bbobStudies({ ...SIZES, seed: 2 });
    expect(others[0]!.metadata).not.toEqual(corpus[0]!.metadata);
    expect(others[0]!.training[0]!.x).not.toEqual(corpus[0]!.training[0]!.x);
  });

  it('shifts the sphere to where its metadata say', () => {
    const sphere = corpus.filter(({ metadata }) => metadata.function === 'f01');
    expect(sphere.length).toBe(10 / FUNCTIONS.length);
    for (const { metadata, training } of sphere)
      for (const { x, y } of training) {
        const squares = [1, 2].map((i) => (Number(x[`x${i}`]) - Number(metadata[`s${i}`])) ** 2);
        expect(y).toBeCloseTo(squares[0]! + squares[1]!, 3);
      }
  });

  it('gives every function its minimum at the shift, where the suite has it', () => {
    // Of all points tried, the ones near the shift are the lowest: a shift that the function does not follow would not show this.
    const rich = bbobStudies({ ...SIZES, training: 2000 });
    for (const { metadata, training } of rich) {
      const away = ({ x }: { x: Record<string, unknown> }) =>
        Math.hypot(...[1, 2].map((i) => Number(x[`x${i}`]) - Number(metadata[`s${i}`])));
      const lowest = training.reduce((a, b) => (b.y < a.y ? b : a));
      const typical = training.reduce((sum, trial) => sum + away(trial), 0) / training.length;
      expect(away(lowest), String(metadata.function)).toBeLessThan(typical / 2);
    }
  });

  it('has no study twice, and no trial of a study twice', () => {
    const many = bbobStudies({ ...SIZES, studies: 1000, training: 1, validation: 0, test: 1 });
    expect(new Set(many.map(({ metadata }) => JSON.stringify(metadata))).size).toBe(1000);
    expect(() => bbobStudies({ ...SIZES, studies: 1446 })).toThrow('there are 1445 that differ');
    for (const { training, test } of bbobStudies({ ...SIZES, studies: 1, training: 300 }))
      expect(new Set([...training, ...test].map(({ x }) => JSON.stringify(x))).size).toBe(310);
  });

  it('divides trials for good and hands out the first ones', () => {
    const [study] = corpus;
    expect([study!.training.length, study!.validation.length, study!.test.length]).toEqual([20, 5, 10]);
    expect(dataOf(study!, 7).trials).toEqual(study!.training.slice(0, 7));
    expect(study!.truth.map((y) => Number(y.toPrecision(6)))).toEqual(study!.test.map(({ y }) => y));
  });

  it('adds noise to what is measured and to nothing else', () => {
    const noisy = bbobStudies({ ...SIZES, noise: { degrees: 2, scale: 0.2 } });
    noisy.forEach((study, s) => {
      expect(study.truth).toEqual(corpus[s]!.truth);
      expect(study.range).toBe(corpus[s]!.range);
      expect(study.test.map(({ x }) => x)).toEqual(corpus[s]!.test.map(({ x }) => x));
      expect(study.test.every(({ y }, i) => y !== corpus[s]!.test[i]!.y)).toBe(true);
    });
  });

  it('measures errors in the range, each at most 1', () => {
    const study = corpus[0]!;
    const right = study.test.map(({ y }) => y);
    expect(errorOf(study, right)).toBe(0);
    expect(
      errorOf(
        study,
        right.map((y) => y - 0.25 * study.range),
      ),
    ).toBeCloseTo(0.25, 12);
    expect(
      errorOf(
        study,
        right.map(() => 1e30),
      ),
    ).toBe(1);
  });
});

describe('names', () => {
  const corpus = bbobStudies(SIZES);

  it('change words alone', () => {
    for (const naming of NAMINGS)
      corpus.forEach((study, index) => {
        const other = renamed(study, index, naming);
        expect(other.training.map(({ y }) => y)).toEqual(study.training.map(({ y }) => y));
        expect(other.test.map(({ x }) => Object.values(x))).toEqual(study.test.map(({ x }) => Object.values(x)));
      });
  });

  it('tell families and studies apart, studies alone, or nothing', () => {
    const heads = (naming: (typeof NAMINGS)[number]) =>
      corpus.map((study, index) => {
        const { metadata, objective, training } = renamed(study, index, naming);
        return JSON.stringify([metadata, objective, Object.keys(training[0]!.x)]);
      });
    expect(new Set(heads('named')).size).toBe(corpus.length);
    expect(new Set(heads('label')).size).toBe(corpus.length);
    expect(new Set(heads('anonymous')).size).toBe(1);
    expect(heads('label').every((head) => !/f01|Compiler|\d\d\.\d/.test(head))).toBe(true);
  });
});

describe('prompts', () => {
  it('of all families are of one compiled length, so that every batch mixes them', async () => {
    const encoder = new PromptEncoder(await Tokenizer.load(), { max_prompt: 256, max_metadata: 64 });
    const corpus = bbobStudies({ ...SIZES, studies: 100 });
    for (const list of [corpus, ...NAMINGS.map((naming) => corpus.map((study, i) => renamed(study, i, naming)))]) {
      const examples = list.flatMap((study) => {
        const metadata = encoder.metadata(study);
        return study.training.map(({ x }) => ({
          evidence: [],
          metadata,
          x: encoder.parameters({ x }, [], metadata),
          absolute: [],
        }));
      });
      expect(chooseLengths(examples).length, JSON.stringify(list[0]!.metadata)).toBe(1);
    }
  });
});

describe('digit orders', () => {
  const absolute = new AbsoluteCodec();
  const numbers = fc.oneof(fc.double({ min: -1e30, max: 1e30, noNaN: true }), fc.constantFrom(0, 1, -1, 999.95, 1e-30));

  it('are permutations of one spelling that decode to the same number', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(...DIGIT_ORDERS), (y, order) => {
        const { encode, decode } = spelling(order);
        const tokens = encode(y);
        expect([...tokens].sort()).toEqual([...absolute.encode(y)].sort());
        expect(decode(tokens)).toBe(absolute.decode(absolute.encode(y)));
      }),
    );
  });

  it('allow what continues a spelling, place by place, and nothing behind it', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(...DIGIT_ORDERS), (y, order) => {
        const { encode, allowedNext } = spelling(order);
        const tokens = encode(y);
        tokens.forEach((token, at) => expect(allowedNext(tokens.slice(0, at))).toContain(token));
        expect(allowedNext(tokens)).toEqual([]);
      }),
    );
  });

  it('write 1234 as they say', () => {
    const digits = (order: (typeof DIGIT_ORDERS)[number]) =>
      spelling(order)
        .encode(1234)
        .map((id) => absolute.encode(1234).indexOf(id));
    expect(digits('most_first')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(digits('least_first')).toEqual([0, 1, 5, 4, 3, 2]);
    expect(digits('exponent_last')).toEqual([0, 2, 3, 4, 5, 1]);
  });
});

describe('results', () => {
  const folder = mkdtempSync(join(tmpdir(), 'omnipred-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are computed once, and not kept where the computation failed', async () => {
    let calls = 0;
    const compute = async () => {
      calls++;
      if (calls === 1) throw new Error('killed');
      return { errors: [0.1] };
    };
    await expect(new Cells(folder).get('a', compute)).rejects.toThrow('killed');
    expect(readdirSync(join(folder, 'cells'))).toEqual([]);
    expect(await new Cells(folder).get('a', compute)).toEqual({ errors: [0.1] });
    expect(await new Cells(folder).get('a', compute)).toEqual({ errors: [0.1] });
    expect(calls).toBe(2);
    expect(existsSync(join(folder, 'cells', 'a.json'))).toBe(true);
  });

  it('go between their own markers', () => {
    const page = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\nstays\n<!-- /y -->\n';
    expect(replaced(page, 'x', 'new')).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb\n<!-- y -->\nstays\n<!-- /y -->\n');
    expect(() => replaced(page, 'z', 'new')).toThrow('no <!-- z -->');
  });
});

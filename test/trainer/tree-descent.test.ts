// The descent against full enumeration of every number a codec can write, with random log-probabilities.
import { describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { Frame } from '../../tokenizer/frame.js';
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { INFEASIBLE_ID, NUMBER_BEGIN, NUMBER_END } from '../../tokenizer/vocabulary.js';
import { Random } from '../../trainer/random.js';
import { descend, type NextTokens } from '../../trainer/tree-descent.js';

const TOKENS = NUMBER_END - NUMBER_BEGIN;

/** Log-probabilities that depend on query and prefix alone, sharper for `sharpness` > 1. */
function scores(query: number, prefix: readonly number[], sharpness: number): Float64Array {
  const random = new Random(query, prefix.length, ...prefix);
  const raw = Float64Array.from({ length: TOKENS }, () => sharpness * random.normal());
  const total = Math.log(raw.reduce((s, v) => s + Math.exp(v), 0));
  return raw.map((v) => v - total);
}

/** A model whose answers depend on query and prefix alone; prefixes are put together level by level, from their parents. */
const model = (sharpness: number): NextTokens => {
  let above: number[][] = [];
  return async ({ depth, tokens, queries, parents }) => {
    const prefixes = [...tokens].map((token, row) => (depth === 0 ? [] : [...above[parents[row]!]!, token]));
    above = prefixes;
    const rows = new Float32Array(prefixes.length * TOKENS);
    prefixes.forEach((prefix, row) => rows.set(scores(queries[row]!, prefix, sharpness), row * TOKENS));
    return rows;
  };
};

/** Every spelling with its probability, by plain recursion. */
function enumerate(
  codec: NumberCodec,
  query: number,
  sharpness: number,
  prefix: number[] = [],
  mass = 1,
): { ids: number[]; mass: number }[] {
  const allowed = codec.allowedNext(prefix);
  if (allowed.length === 0) return [{ ids: prefix, mass }];
  const row = scores(query, prefix, sharpness);
  const p = (id: number) => Math.exp(Math.fround(row[id - NUMBER_BEGIN]!));
  const total = allowed.reduce((s, id) => s + p(id), prefix.length === 0 ? p(INFEASIBLE_ID) : 0);
  return allowed.flatMap((id) => enumerate(codec, query, sharpness, [...prefix, id], (mass * p(id)) / total));
}

const options = { firstToken: NUMBER_BEGIN, tokens: TOKENS };

describe('descend', () => {
  it('gives every cell of full enumeration, for both codecs in one batch', async () => {
    const codecs = [
      new RelativeCodec(new Frame(3, 2), 1),
      new AbsoluteCodec(1),
      new RelativeCodec(new Frame(-1e6, 0.1), 1),
    ];
    const distributions = await descend(codecs, model(1), { ...options, minMass: 0, minEscapeMass: 0 });
    codecs.forEach((codec, query) => {
      const all = enumerate(codec, query, 1).sort((a, b) => codec.interval(a.ids).lo - codec.interval(b.ids).lo);
      const feasible = all.reduce((s, { mass }) => s + mass, 0);
      const { cells, pInfeasible } = distributions[query]!;
      expect(pInfeasible).toBeCloseTo(1 - feasible, 9);
      expect(cells.length).toBe(all.length);
      all.forEach(({ ids, mass }, i) => {
        expect(cells[i]!.mass).toBeCloseTo(mass / feasible, 9);
        expect(cells[i]).toMatchObject(codec.interval(ids));
      });
      expect(cells.reduce((s, c) => s + c.mass, 0)).toBeCloseTo(1, 9);
    });
  });

  it('keeps pruned mass on its interval: no quantile moves by more than the mass of a pruned cell', async () => {
    const codec = new RelativeCodec(new Frame(0, 1), 3);
    const [full] = await descend([codec], model(2), { ...options, minMass: 0, minEscapeMass: 0 });
    const [pruned] = await descend([codec], model(2), { ...options, minMass: 1e-3, minEscapeMass: 1e-3 });
    expect(pruned!.cells.length).toBeLessThan(full!.cells.length / 2);
    for (let i = 1; i < pruned!.cells.length; i++) {
      expect(pruned!.cells[i]!.lo).toBeGreaterThanOrEqual(pruned!.cells[i - 1]!.hi);
    }
    for (const p of [0.05, 0.25, 0.5, 0.75, 0.95])
      expect(Math.abs(full!.cdf(pruned!.quantile(p)) - p)).toBeLessThan(2e-3);
  });
});

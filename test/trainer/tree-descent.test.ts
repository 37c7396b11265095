// The descent against full enumeration of every number a codec can write, with random log-probabilities.
import { describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { Frame } from '../../tokenizer/frame.js';
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { RelativeCodec } from '../../tokenizer/relative-codec.js';
import { HIGH_ID, INFEASIBLE_ID, LOW_ID, NUMBER_BEGIN, NUMBER_END } from '../../tokenizer/vocabulary.js';
import { Random } from '../../trainer/random.js';
import { descend, type NextTokens } from '../../trainer/tree-descent.js';

const TOKENS = NUMBER_END - NUMBER_BEGIN;

/** A query whose number is all but sure to lie within the frame: else what is 1e30 away hides the rest of a CRPS. */
const WITHIN = 2;

/** Log-probabilities that depend on query and prefix alone, sharper for `sharpness` > 1. */
function scores(query: number, prefix: readonly number[], sharpness: number): Float64Array {
  const random = new Random(query, prefix.length, ...prefix);
  const raw = Float64Array.from({ length: TOKENS }, () => sharpness * random.normal());
  if (query === WITHIN && prefix.length === 0) {
    for (const id of [LOW_ID, HIGH_ID]) raw[id - NUMBER_BEGIN]! -= 200;
  }
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
    const distributions = await descend(codecs, model(1), { ...options, minMass: [0], minEscapeMass: 0 });
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

  it('has the cells, quantiles and CRPS of full enumeration with three digits', async () => {
    const codecs = [new RelativeCodec(new Frame(3, 2), 3), new AbsoluteCodec(3), new RelativeCodec(new Frame(3, 2), 3)];
    const distributions = await descend(codecs, model(1), { ...options, minMass: [0], minEscapeMass: 0 });
    codecs.forEach((codec, query) => {
      const distribution = distributions[query]!;
      const spelled = enumerate(codec, query, 1).map(({ ids, mass }) => ({ ...codec.interval(ids), mass }));
      const feasible = spelled.reduce((s, { mass }) => s + mass, 0);
      const all = spelled.map((c) => ({ ...c, mass: c.mass / feasible })).sort((a, b) => a.lo - b.lo);
      // Made anew at each asking.
      const { cells } = distribution;
      expect(cells.length).toBe(all.length);
      const worst = all.reduce((most, { lo, hi, mass }, i) => {
        const cell = cells[i]!;
        return cell.lo === lo && cell.hi === hi ? Math.max(most, Math.abs(cell.mass - mass)) : Number.POSITIVE_INFINITY;
      }, 0);
      expect(worst).toBeLessThan(1e-6);
      expect(Math.abs(cells.reduce((s, { mass }) => s + mass, 0) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(distribution.pInfeasible - (1 - feasible))).toBeLessThan(1e-9);
      for (let p = 0.005; p < 1; p += 0.005) {
        const expected = plainQuantile(all, p);
        expect(Math.abs(distribution.quantile(p) - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(1e-6);
      }
      for (const y of [-1e20, -7, 0, 2.9, 3.1, 40, 1e9]) {
        expect(distribution.crps(y) / plainCrps(all, y)).toBeCloseTo(1, 6);
      }
    });
  });

  it('keeps pruned mass on its interval: no quantile moves by more than the largest pruned mass', async () => {
    const codec = new RelativeCodec(new Frame(0, 1), 3);
    const [full] = await descend([codec], model(2), { ...options, minMass: [0], minEscapeMass: 0 });
    const [pruned] = await descend([codec], model(2), { ...options, minMass: [1e-3], minEscapeMass: 1e-3 });
    expect(pruned!.cells.length).toBeLessThan(full!.cells.length / 2);
    expect(pruned!.pInfeasible).toBe(full!.pInfeasible);
    const { cells } = pruned!;
    for (let i = 1; i < cells.length; i++) expect(cells[i]!.lo).toBeGreaterThanOrEqual(cells[i - 1]!.hi);
    for (const { mass, whole } of cells) if (!whole) expect(mass).toBeLessThan(1e-3);
    for (let p = 0.005; p < 1; p += 0.005) {
      expect(Math.abs(full!.cdf(pruned!.quantile(p)) - p)).toBeLessThan(1e-3);
    }
  });

  it('asks more mass of a prefix the fewer places are left, and bounds what is cut by place', async () => {
    const codec = new RelativeCodec(new Frame(0, 1), 3);
    const minMass = [0.1, 0.02, 1e-3];
    const [full] = await descend([codec], model(2), { ...options, minMass: [0], minEscapeMass: 0 });
    const [pruned] = await descend([codec], model(2), { ...options, minMass, minEscapeMass: 1e-3 });
    // Further out, cut cells are spread: see cut-cells.ts.
    const cut = pruned!.cells.filter(({ whole, lo, hi }) => !whole && lo > -4 && hi < 4);
    expect(cut.length).toBeGreaterThan(20);
    for (const { lo, hi, mass } of cut) {
      const places = Math.round(Math.log10((codec.frame.toUnit(hi) - codec.frame.toUnit(lo)) / 10)) + 3;
      expect(mass).toBeLessThan(minMass[places - 1]!);
      // What is cut has the mass that its numbers have together.
      expect(full!.cdf(hi) - full!.cdf(lo)).toBeCloseTo(mass, 9);
    }
  });

  it('knows y given success as well where failure is all but sure', async () => {
    const codec = new RelativeCodec(new Frame(0, 1), 3);
    const likely = (nats: number): NextTokens => {
      const next = model(2);
      return async (level) => {
        const rows = await next(level);
        if (level.depth === 0) rows[INFEASIBLE_ID - NUMBER_BEGIN]! += nats;
        return rows;
      };
    };
    const limits = { ...options, minMass: [0.05, 0.02, 2e-3], minEscapeMass: 0.05 };
    const [usual] = await descend([codec], likely(0), limits);
    for (const nats of [10, 50, 1000]) {
      const [failing] = await descend([codec], likely(nats), limits);
      const odds = (usual!.pInfeasible / (1 - usual!.pInfeasible)) * Math.exp(nats);
      expect(failing!.pInfeasible).toBeCloseTo(odds < Number.POSITIVE_INFINITY ? odds / (1 + odds) : 1, 9);
      expect(failing!.cells).toEqual(usual!.cells);
    }
  });
});

interface Mass {
  lo: number;
  hi: number;
  mass: number;
}

/** By walking along ascending cells from the left. */
function plainQuantile(cells: readonly Mass[], p: number): number {
  let below = 0;
  for (const { lo, hi, mass } of cells) {
    if (below + mass >= p) return lo + ((p - below) / mass) * (hi - lo);
    below += mass;
  }
  throw new Error(`masses sum to ${below}`);
}

/** E|Y − y| − E|Y − Y′| / 2 (Gneiting and Raftery, 2007, eq. 21), both expectations cell by cell, for ascending cells. */
function plainCrps(cells: readonly Mass[], y: number): number {
  let toY = 0;
  let apart = 0;
  let below = 0;
  let moment = 0;
  for (const { lo, hi, mass } of cells) {
    const centre = lo + (hi - lo) / 2;
    const inside = y > lo && y < hi;
    toY += mass * (inside ? ((y - lo) ** 2 + (hi - y) ** 2) / (2 * (hi - lo)) : Math.abs(centre - y));
    apart += 2 * mass * (centre * below - moment) + (mass * mass * (hi - lo)) / 3;
    below += mass;
    moment += mass * centre;
  }
  return toY - apart / 2;
}

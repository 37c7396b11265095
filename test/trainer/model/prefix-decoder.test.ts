// The cached decoder against an independent implementation, on random trees of prefixes; and predictions with it and without.
import { afterAll, describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../../tokenizer/absolute-codec.js';
import { Frame } from '../../../tokenizer/frame.js';
import { RelativeCodec } from '../../../tokenizer/relative-codec.js';
import { type Device, sessionOptions } from '../../../trainer/devices/device.js';
import type { Distribution } from '../../../trainer/distribution.js';
import { DeviceTensor, disposeAll } from '../../../trainer/graph/device-tensor.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { Inference } from '../../../trainer/model/inference.js';
import { initialAdapter, mergeAdapter } from '../../../trainer/model/lora.js';
import { initialWeights, parameterSpecs } from '../../../trainer/model/parameters.js';
import { PrefixDecoder } from '../../../trainer/model/prefix-decoder.js';
import { decoderGraph, encoderGraph } from '../../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../../trainer/model/t5.js';
import { Random } from '../../../trainer/random.js';
import { descend, type NextTokens } from '../../../trainer/tree-descent.js';
import { webgpuIsThere } from '../../require-webgpu.js';
import { PlainT5, plainParameters } from './plain-t5.js';
import { uncachedDecoder } from './uncached-decoder.js';

const webgpu = await webgpuIsThere();
const config = { ...DEFAULT_MODEL_CONFIG, d_model: 24, d_kv: 6, num_heads: 3, d_ff: 20 };
const tokens = config.number_token_end - config.number_token_begin;
const weights = initialWeights(config, 7);
/** Scores of fresh weights are nearly even; this spreads them, so that an error would show. */
weights.set(
  'lm_head.weight',
  weights.get('lm_head.weight')!.map((v) => 3 * v),
);
const plain = new PlainT5(config, plainParameters(parameterSpecs(config), weights));

const LENGTH = 48;
const random = new Random(5);
const lengths = [LENGTH, 19, 33];
const prompts = lengths.map((n) => Array.from({ length: n }, () => 1 + random.integer(config.vocab_size - 1)));
const ids = Int32Array.from(prompts.flatMap((p) => [...p, ...new Array<number>(LENGTH - p.length).fill(0)]));
const input_ids = { data: ids, dims: [prompts.length, LENGTH] };
const buckets = { data: relativeBuckets(LENGTH, true, config), dims: [LENGTH, LENGTH] };

const sessions: OrtSession[] = [];
const created = async (session: Promise<OrtSession>) => {
  sessions.push(await session);
  return session;
};
afterAll(() => Promise.all(sessions.map((s) => s.release())));

/** Prefixes with their query, the start token first. */
interface Row {
  query: number;
  prefix: number[];
}

/** Seven levels, each growing a few of the rows of the one above, so that queries have none, one or many. */
async function eachLevel(decoder: PrefixDecoder, check: (rows: Row[], answer: Float32Array) => void | Promise<void>) {
  let rows: Row[] = prompts.map((_, query) => ({ query, prefix: [0] }));
  let parents = rows.map(() => 0);
  for (let depth = 0; depth < 7; depth++) {
    const answer = await decoder.next({
      depth,
      tokens: Int32Array.from(rows, ({ prefix }) => prefix.at(-1)!),
      queries: Int32Array.from(rows, ({ query }) => query),
      parents: Int32Array.from(parents),
    });
    await check(rows, answer);
    const grown = rows.flatMap(({ query, prefix }, parent) => {
      // The second query ends after three levels, while the others go on.
      const children = query === 1 && depth === 2 ? 0 : 1 + random.integer(depth < 3 ? 4 : 2);
      return Array.from({ length: children }, () => {
        const token = config.number_token_begin + random.integer(tokens);
        return { parent, row: { query, prefix: [...prefix, token] } };
      });
    });
    rows = grown.map(({ row }) => row);
    parents = grown.map(({ parent }) => parent);
  }
}

async function levelsOn(device: Device, worst: { value: number }) {
  const options = sessionOptions(device, 1);
  const stay = device === 'webgpu';
  const encoder = await created(
    OrtSession.create(encoderGraph({ config, weights }), { ...options, outputs: stay ? 'device' : 'host' }),
  );
  const step = await created(OrtSession.create(decoderGraph({ config, weights }), options));
  const { states, ...cross } = stay
    ? await encoder.runResident({ input_ids, buckets })
    : await encoder.run({ input_ids, buckets });
  const decoder = new PrefixDecoder(step, { ...cross, input_ids }, prompts.length, config);
  await eachLevel(decoder, (rows, answer) => {
    rows.forEach(({ query, prefix }, row) => {
      const expected = plain.logProbabilities(prompts[query]!, prefix).data.slice(-tokens);
      expected.forEach((value, t) => {
        worst.value = Math.max(worst.value, Math.abs(value - answer[row * tokens + t]!));
      });
    });
  });
  if (stay) disposeAll([states, ...Object.values(cross)] as DeviceTensor[]);
}

describe('the cached decoder', () => {
  it('gives the log-probabilities of an independent implementation, on a random tree of seven levels', async () => {
    const worst = { value: 0 };
    await levelsOn('cpu', worst);
    expect(worst.value).toBeGreaterThan(0);
    expect(worst.value).toBeLessThan(1e-5);
  });

  it.skipIf(!webgpu)('gives them on WebGPU too, with no operator on the CPU', async () => {
    const before = DeviceTensor.live;
    const worst = { value: 0 };
    await levelsOn('webgpu', worst);
    expect(worst.value).toBeGreaterThan(0);
    expect(worst.value).toBeLessThan(1e-4);
    expect(DeviceTensor.live).toBe(before);
  });
});

describe('predictions', () => {
  const codecs = [new RelativeCodec(new Frame(3, 2)), new AbsoluteCodec(), new RelativeCodec(new Frame(-1e6, 10))];

  /** As predictions were before there was a cache: every prefix of every level from its first token on. */
  async function uncached(model: { config: typeof config; weights: typeof weights }): Promise<Distribution[]> {
    const encoder = await created(OrtSession.create(encoderGraph(model), { threads: 1 }));
    const { states } = await encoder.run({ input_ids, buckets });
    let above: number[][] = [];
    const next: NextTokens = async ({ depth, tokens: last, queries, parents }) => {
      above = [...last].map((token, row) => (depth === 0 ? [token] : [...above[parents[row]!]!, token]));
      const decoder = await created(OrtSession.create(uncachedDecoder(model, depth + 1), { threads: 1 }));
      const answer = new Float32Array(above.length * tokens);
      for (const [row, prefix] of above.entries()) {
        const query = queries[row]!;
        const size = LENGTH * config.d_model;
        const { log_probabilities } = await decoder.run({
          states: { data: states!.data.slice(query * size, (query + 1) * size), dims: [1, LENGTH, config.d_model] },
          input_ids: { data: ids.slice(query * LENGTH, (query + 1) * LENGTH), dims: [1, LENGTH] },
          prefixes: { data: Int32Array.from(prefix), dims: [1, 1, depth + 1] },
        });
        answer.set(log_probabilities!.data as Float32Array, row * tokens);
      }
      return answer;
    };
    const { number_token_begin: firstToken } = config;
    return descend(codecs, next, { firstToken, tokens, minMass: [0.05, 0.02, 2e-3], minEscapeMass: 0.5 });
  }

  /** The same prefixes were cut, and the cdf is the same throughout: cut cells at the ends are spread around the median. */
  function expectSame(got: readonly Distribution[], expected: readonly Distribution[]): void {
    expected.forEach((distribution, query) => {
      const other = got[query]!;
      expect(Math.abs(other.pInfeasible - distribution.pInfeasible)).toBeLessThan(1e-5);
      const { cells } = distribution;
      expect(other.cells.length).toBe(cells.length);
      expect(cells.length).toBeGreaterThan(100);
      for (const { lo, hi } of cells) {
        for (const edge of [lo, hi]) expect(Math.abs(other.cdf(edge) - distribution.cdf(edge))).toBeLessThan(1e-5);
      }
    });
  }

  it('are what the decoder without a cache says, prompts of several lengths and both codecs together', async () => {
    const inference = new Inference({ config, weights }, 1);
    const got = await inference.distributions(prompts, codecs);
    await inference.release();
    expectSame(got, await uncached({ config, weights }));
  });

  it('with an adapter as input are those of the merged weights', async () => {
    const lora = { rank: 2, alpha: 4, targets: ['q', 'k', 'v', 'o', 'wi_0', 'wi_1', 'wo', 'lm_head'] };
    // Fresh adapters add nothing: their second matrices are zeros.
    const adapter = new Map(
      [...initialAdapter(config, lora, 3)].map(([name, data]) => [name, data.map(() => 0.2 * random.normal())]),
    );
    const inference = new Inference({ config, weights, lora }, 1);
    const got = await inference.distributions(prompts, codecs, adapter);
    await inference.release();
    expectSame(got, await uncached({ config, weights: mergeAdapter(weights, config, lora, adapter) }));
  });
});

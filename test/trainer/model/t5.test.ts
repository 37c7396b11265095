// The model's graphs against an independent implementation, and its gradient against finite differences.
import { afterAll, describe, expect, it } from 'vitest';
import { Graph, gradients } from '../../../trainer/graph/graph.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from '../../../trainer/model/config.js';
import { initialWeights, parameterSpecs } from '../../../trainer/model/parameters.js';
import { encoderGraph } from '../../../trainer/model/serving-graph.js';
import { parameterLookup, relativeBuckets } from '../../../trainer/model/t5.js';
import { digitLoss } from '../../../trainer/model/training-graph.js';
import { Random } from '../../../trainer/random.js';
import { PlainT5, plainParameters } from './plain-t5.js';
import { Tape } from './plain-tape.js';
import { uncachedDecoder } from './uncached-decoder.js';

const config: ModelConfig = {
  ...DEFAULT_MODEL_CONFIG,
  vocab_size: 40,
  d_model: 12,
  d_kv: 5,
  num_heads: 2,
  d_ff: 10,
  number_token_begin: 3,
  number_token_end: 17,
};
const tokens = config.number_token_end - config.number_token_begin;
const specs = parameterSpecs(config);
const weights = initialWeights(config, 7);
const plain = new PlainT5(config, plainParameters(specs, weights));

/** Two prompts of different lengths, the second padded; beyond 16 tokens so that logarithmic buckets occur. */
const LENGTH = 40;
const random = new Random(3);
const prompts = [LENGTH, 23].map((n) => Array.from({ length: LENGTH }, (_, i) => (i < n ? 1 + random.integer(39) : 0)));
const sessions: OrtSession[] = [];
const session = async (graph: Graph) => {
  const created = await OrtSession.create(graph, { threads: 1 });
  sessions.push(created);
  return created;
};
afterAll(() => Promise.all(sessions.map((s) => s.release())));

describe('forward pass', () => {
  it('serves the log-probabilities of an independent implementation, for several prefixes of each of two prompts', async () => {
    const steps = 3;
    const prefixes = [
      [
        [0, 5, 9],
        [0, 3, 16],
        [0, 4, 4],
      ],
      [
        [0, 7, 7],
        [0, 16, 3],
        [0, 11, 12],
      ],
    ];
    const encoder = await session(encoderGraph({ config, weights }));
    const decoder = await session(uncachedDecoder({ config, weights }, steps));
    const input_ids = { data: Int32Array.from(prompts.flat()), dims: [2, LENGTH] };
    const { states } = await encoder.run({
      input_ids,
      buckets: { data: relativeBuckets(LENGTH, true, config), dims: [LENGTH, LENGTH] },
    });
    const { log_probabilities } = await decoder.run({
      states: { data: states!.data, dims: [2, LENGTH, config.d_model] },
      input_ids,
      prefixes: { data: Int32Array.from(prefixes.flat(2)), dims: [2, 3, steps] },
    });
    const got = log_probabilities!.data as Float32Array;
    prefixes.forEach((ofQuery, q) => {
      ofQuery.forEach((prefix, p) => {
        const expected = plain.logProbabilities(prompts[q]!, prefix).data.slice(-tokens);
        expected.forEach((value, t) => expect(got[(q * 3 + p) * tokens + t]).toBeCloseTo(value, 3));
      });
    });
  });
});

describe('loss', () => {
  const shape = { batch: 2, length: LENGTH, steps: 4 };
  const decoderIds = [
    [0, 5, 9, 3],
    [0, 16, 0, 0],
  ];
  const targets = [
    [2, 6, 0, 13],
    [13, 0, 0, 0],
  ];
  const lossWeights = [
    [0.25, 0.15, 0.08, 0.02],
    [0.5, 0, 0, 0],
  ];
  const batchFeeds = {
    input_ids: { data: Int32Array.from(prompts.flat()), dims: [2, LENGTH] },
    decoder_ids: { data: Int32Array.from(decoderIds.flat()), dims: [2, 4] },
    targets: { data: Int32Array.from(targets.flat()), dims: [2, 4] },
    weights: { data: Float64Array.from(lossWeights.flat()), dims: [2, 4] },
  };

  const graph = new Graph('float64');
  const parameters = specs.map((s) => graph.input(`param.${s.name}`, 'float64', s.shape));
  const loss = digitLoss(
    {
      inputIds: graph.input('input_ids', 'int32', [2, LENGTH]),
      decoderIds: graph.input('decoder_ids', 'int32', [2, 4]),
      targets: graph.input('targets', 'int32', [2, 4]),
      weights: graph.input('weights', 'float64', [2, 4]),
    },
    parameterLookup(new Map(specs.map((s, i) => [s.name, parameters[i]!]))),
    config,
    shape,
    'float64',
  );
  graph.output(loss, 'loss');
  gradients(loss, parameters).forEach((g, i) => graph.output(g, `gradient.${specs[i]!.name}`));
  const feedsOf = (values: Map<string, Float64Array>) => ({
    ...batchFeeds,
    ...Object.fromEntries(specs.map((s) => [`param.${s.name}`, { data: values.get(s.name)!, dims: s.shape }])),
  });
  const exact = new Map(specs.map((s) => [s.name, Float64Array.from(weights.get(s.name)!)]));

  it('is the weighted cross-entropy of an independent implementation', async () => {
    const expected = targets.reduce((sum, row, example) => {
      const logs = plain.logProbabilities(prompts[example]!, decoderIds[example]!).data;
      return (
        sum - row.reduce((s, target, place) => s + lossWeights[example]![place]! * logs[place * tokens + target]!, 0)
      );
    }, 0);
    const result = await (await session(graph)).run(feedsOf(exact));
    expect(result.loss!.data[0]).toBeCloseTo(expected, 9);
  });

  it('has the gradient of the independent implementation, in every entry of every parameter tensor', async () => {
    const parameters = plainParameters(specs, exact);
    const independent = new PlainT5(config, parameters);
    targets.forEach((row, example) => {
      const tape = new Tape();
      const logs = independent.logProbabilities(prompts[example]!, decoderIds[example]!, tape);
      row.forEach((target, place) => {
        logs.gradient[place * tokens + target]! -= lossWeights[example]![place]!;
      });
      tape.backward();
    });
    const analytic = await (await session(graph)).run(feedsOf(exact));
    for (const { name } of specs) {
      const expected = parameters.get(name)!.gradient;
      const got = analytic[`gradient.${name}`]!.data as Float64Array;
      expect(got).toHaveLength(expected.length);
      const largest = expected.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
      const worst = expected.reduce((max, g, i) => Math.max(max, Math.abs(g - got[i]!)), 0);
      expect(worst / largest, name).toBeLessThan(1e-9);
    }
  });

  it('has the gradient of central finite differences (float64) for every parameter tensor', async () => {
    const run = await session(graph);
    const analytic = await run.run(feedsOf(exact));
    const h = 1e-5;
    const pick = new Random(11);
    for (const spec of specs) {
      const gradient = analytic[`gradient.${spec.name}`]!.data as Float64Array;
      const largest = gradient.reduce((max, g) => Math.max(max, Math.abs(g)), 0);
      expect(largest, `${spec.name} is reached by the loss`).toBeGreaterThan(0);
      // The largest entry and a few at random: the relative error is taken against the tensor's largest gradient.
      const entries = [
        gradient.findIndex((g) => Math.abs(g) === largest),
        ...[0, 1, 2].map(() => pick.integer(gradient.length)),
      ];
      for (const entry of entries) {
        const lossAt = async (shift: number) => {
          const moved = Float64Array.from(exact.get(spec.name)!);
          moved[entry]! += shift;
          return Number((await run.run(feedsOf(new Map(exact).set(spec.name, moved)))).loss!.data[0]);
        };
        const numeric = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
        expect(Math.abs(numeric - gradient[entry]!) / largest, `${spec.name}[${entry}]`).toBeLessThan(1e-5);
      }
    }
  });
});

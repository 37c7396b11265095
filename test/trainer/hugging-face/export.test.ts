// A published model directory in stock transformers.js: the same encoder states, logits and digits as ours.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { AbsoluteCodec } from '../../../tokenizer/absolute-codec.js';
import type { NumberCodec } from '../../../tokenizer/number-codec.js';
import { packageFile } from '../../../tokenizer/package-root.js';
import { serialize } from '../../../tokenizer/serialize.js';
import { Tokenizer } from '../../../tokenizer/tokenizer.js';
import { NUMBER_BEGIN, NUMBER_END } from '../../../tokenizer/vocabulary.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { initialWeights, parameterSpecs } from '../../../trainer/model/parameters.js';
import { encoderGraph } from '../../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../../trainer/model/t5.js';
import { saveModel } from '../../../trainer/model-directory.js';
import { Random } from '../../../trainer/random.js';
import { PlainT5, plainParameters } from '../model/plain-t5.js';
import { uncachedDecoder } from '../model/uncached-decoder.js';
import { loadStock, temporaryFolder } from './kit.js';

const config = { ...DEFAULT_MODEL_CONFIG, d_model: 24, d_kv: 5, num_heads: 3, d_ff: 20 };
const weights = initialWeights(config, 5);
const plain = new PlainT5(config, plainParameters(parameterSpecs(config), weights));

/** Two prompts, the second padded; longer than the distance beyond which all positions share a bucket. */
const LENGTH = 150;
const random = new Random(3);
const prompts = [LENGTH, 23].map((n) =>
  Array.from({ length: LENGTH }, (_, i) => (i < n ? 1 + random.integer(config.vocab_size - 1) : 0)),
);
const decoderIds = [
  [0, 5, 190, 17, 80],
  [0, 33, 3, 4, 150],
];
const STEPS = decoderIds[0]!.length;

let folder: string;
let stock: Awaited<ReturnType<typeof loadStock>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  const directory = join(folder, 'model');
  await saveModel(directory, {
    config,
    weights,
    tokenizerJson: await readFile(packageFile('tokenizer', 'tokenizer.json'), 'utf8'),
    history: [],
    card: {
      serialization_version: 2,
      max_prompt: 64,
      max_metadata: 16,
      calibration_scores: [],
      metrics: {},
      training: {},
    },
  });
  stock = await loadStock(directory);
});

const tensor = (rows: readonly (readonly number[])[]) =>
  new stock.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);
const encoderInputs = () => ({
  input_ids: tensor(prompts),
  attention_mask: tensor(prompts.map((p) => p.map((id) => Number(id !== 0)))),
});

function logSoftmax(row: Float32Array): number[] {
  const max = Math.max(...row);
  const sum = row.reduce((s, v) => s + Math.exp(v - max), 0);
  return Array.from(row, (v) => v - max - Math.log(sum));
}

/** Largest difference between exported logits and the log-probabilities of an independent implementation. */
function worstError(logits: { data: Float32Array; dims: number[] }, firstStep: number): number {
  const [, steps, vocabulary] = logits.dims as [number, number, number];
  expect(vocabulary).toBe(config.vocab_size);
  let worst = 0;
  prompts.forEach((prompt, query) => {
    const expected = plain.logProbabilities(prompt, decoderIds[query]!);
    for (let step = 0; step < steps; step++) {
      const at = (query * steps + step) * vocabulary;
      const row = logits.data.subarray(at, at + vocabulary);
      const numbers = logSoftmax(row.subarray(NUMBER_BEGIN, NUMBER_END));
      numbers.forEach((value, t) => {
        const other = expected.data[(firstStep + step) * numbers.length + t]!;
        worst = Math.max(worst, Math.abs(value - other));
      });
      expect(row.subarray(NUMBER_END).every((v) => v === 0)).toBe(true);
    }
  });
  return worst;
}

/** Our own encoder's states, and our own decoder's choice among `allowed` after a prefix. */
async function ourStates(): Promise<Float32Array> {
  const session = await OrtSession.create(encoderGraph({ config, weights }), { threads: 1 });
  const { states } = await session.run({
    input_ids: { data: Int32Array.from(prompts.flat()), dims: [2, LENGTH] },
    buckets: { data: relativeBuckets(LENGTH, true, config), dims: [LENGTH, LENGTH] },
  });
  await session.release();
  return states!.data as Float32Array;
}

/** The spelling that takes the likeliest allowed token at each place, as our decoder has it. */
async function ourGreedyDigits(query: number, codec: NumberCodec): Promise<number[]> {
  const states = (await ourStates()).subarray(query * LENGTH * config.d_model, (query + 1) * LENGTH * config.d_model);
  const digits: number[] = [];
  for (let allowed = codec.allowedNext([]); allowed.length > 0; allowed = codec.allowedNext(digits)) {
    const steps = digits.length + 1;
    const session = await OrtSession.create(uncachedDecoder({ config, weights }, steps), { threads: 1 });
    const output = await session.run({
      states: { data: states, dims: [1, LENGTH, config.d_model] },
      input_ids: { data: Int32Array.from(prompts[query]!), dims: [1, LENGTH] },
      prefixes: { data: Int32Array.from([0, ...digits]), dims: [1, 1, steps] },
    });
    await session.release();
    const { data } = output.log_probabilities!;
    digits.push(allowed.reduce((best, id) => (data[id - NUMBER_BEGIN]! > data[best - NUMBER_BEGIN]! ? id : best)));
  }
  return digits;
}

describe('the exported model in stock transformers.js', () => {
  it('encodes prompts of any length to our states', async () => {
    const inputs = encoderInputs();
    const { last_hidden_state } = await stock.model.sessions.model.run({
      input_ids: inputs.input_ids.ort_tensor,
      attention_mask: inputs.attention_mask.ort_tensor,
    });
    const ours = await ourStates();
    // What stands at padding is read by nobody.
    const real = ours.map((v, i) => (prompts.flat()[Math.floor(i / config.d_model)] === 0 ? 0 : v));
    const worst = real.reduce((m, v, i) => (v === 0 ? m : Math.max(m, Math.abs(v - last_hidden_state.data[i]))), 0);
    expect(ours.length).toBe(last_hidden_state.data.length);
    expect(worst).toBeLessThan(1e-4);
  });

  it('gives our logits, all steps at once', async () => {
    const { logits } = await stock.model({ ...encoderInputs(), decoder_input_ids: tensor(decoderIds) });
    expect(logits.dims).toEqual([2, STEPS, config.vocab_size]);
    expect(worstError(logits, 0)).toBeLessThan(1e-4);
  });

  it('gives our logits out of a cache that grows by one step, and by several', async () => {
    let past: Record<string, unknown> | undefined;
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [3, STEPS],
    ] as const) {
      const output = await stock.model({
        ...encoderInputs(),
        decoder_input_ids: tensor(decoderIds.map((row) => row.slice(from, to))),
        past_key_values: past,
      });
      expect(worstError(output.logits, from)).toBeLessThan(1e-4);
      past = Object.fromEntries(
        Object.keys(output)
          .filter((name) => name.startsWith('present'))
          .map((name) => [name.replace('present', 'past_key_values'), output[name]]),
      );
    }
  });

  it('writes our digits where a logits processor allows only what the codec allows', async () => {
    const codec = new AbsoluteCodec();
    const { LogitsProcessor, LogitsProcessorList } = await import('@xenova/transformers');
    class NumbersOnly extends LogitsProcessor {
      override _call(ids: bigint[][], logits: { data: Float32Array; dims: number[] }) {
        const allowed = new Set(codec.allowedNext(ids[0]!.slice(1).map(Number)));
        logits.data.forEach((_, id) => {
          if (!allowed.has(id)) logits.data[id] = Number.NEGATIVE_INFINITY;
        });
        return logits;
      }
    }
    for (const query of [0, 1]) {
      const expected = await ourGreedyDigits(query, codec);
      const processors = new LogitsProcessorList();
      processors.push(new NumbersOnly());
      const ids = tensor([prompts[query]!]);
      const output = await stock.model.generate({
        input_ids: ids,
        attention_mask: tensor([prompts[query]!.map((id) => Number(id !== 0))]),
        logits_processor: processors,
        max_new_tokens: expected.length,
      });
      const digits = Array.from((output as { data: BigInt64Array }).data, Number).slice(1);
      expect(digits).toEqual(expected);
      expect(codec.decode(digits)).toBe(codec.decode(expected));
    }
  });

  it('answers in the example of docs/models.md, run as it stands there', async () => {
    const page = await readFile(packageFile('docs', 'models.md'), 'utf8');
    const [, code] = /```js\n(.*?)```/s.exec(page)!;
    const example = code!.replace("'./models'", JSON.stringify(folder)).replaceAll("'my-model'", "'model'");
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', example], {
      cwd: packageFile(),
    });
    const written = stock.tokenizer.encode(stdout.trim());
    expect(written).toHaveLength(4);
    for (const id of written) expect(id >= NUMBER_BEGIN && id < NUMBER_END).toBe(true);
  });

  it('has a tokenizer that gives our ids', async () => {
    const ours = await Tokenizer.load();
    const text = serialize({ learning_rate: 3e-4, optimizer: 'adam', note: 'a <b> ⟨c⟩ é' });
    expect(stock.tokenizer.encode(text, { add_special_tokens: false })).toEqual(ours.encode(text));
  });
});

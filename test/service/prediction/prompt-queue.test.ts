// Prompts of several requests in front of a real model: the same answers as alone, in turn, and nothing is run for who has gone.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { PromptQueue } from '../../../service/prediction/prompt-queue.js';
import { AbsoluteCodec } from '../../../tokenizer/absolute-codec.js';
import { Frame } from '../../../tokenizer/frame.js';
import type { NumberCodec } from '../../../tokenizer/number-codec.js';
import { RelativeCodec } from '../../../tokenizer/relative-codec.js';
import type { Distribution } from '../../../trainer/distribution.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { Inference } from '../../../trainer/model/inference.js';
import { initialAdapter } from '../../../trainer/model/lora.js';
import { initialWeights, type Weights } from '../../../trainer/model/parameters.js';
import type { AnswersPrompts } from '../../../trainer/prediction/questions.js';
import { Random } from '../../../trainer/random.js';

const config = { ...DEFAULT_MODEL_CONFIG, d_model: 16, d_kv: 4, num_heads: 2, d_ff: 16, num_layers: 1 };
const lora = { rank: 2, alpha: 4, targets: ['q'] };
const inference = new Inference({ config, weights: initialWeights(config, 3), lora }, 1);
const adapters = [1, 2].map((seed) => {
  const adapter = initialAdapter(config, lora, seed);
  // B begins as zeros, with which all adapters answer alike.
  for (const [name, values] of adapter)
    if (name.includes('lora_B'))
      adapter.set(
        name,
        values.map((_, i) => (seed * i) % 2),
      );
  return adapter;
});
afterAll(() => inference.release());

const random = new Random(11);
function questions(count: number): { prompts: number[][]; codecs: NumberCodec[] } {
  return {
    prompts: Array.from({ length: count }, () =>
      Array.from({ length: 5 + random.integer(60) }, () => 1 + random.integer(config.vocab_size - 1)),
    ),
    codecs: Array.from({ length: count }, (_, i) =>
      i % 2 ? new AbsoluteCodec() : new RelativeCodec(new Frame(random.normal(), 2)),
    ),
  };
}

/** The real model, and what it was asked. */
class Watched implements AnswersPrompts {
  batches: { prompts: readonly number[][]; adapter: Weights | undefined }[] = [];
  released = 0;
  failing: Error | undefined;
  before: () => void = () => {};

  async distributions(prompts: readonly number[][], codecs: readonly NumberCodec[], adapter?: Weights) {
    this.before();
    this.batches.push({ prompts, adapter });
    if (this.failing) throw this.failing;
    return inference.distributions(prompts, codecs, adapter);
  }

  embeddings(...asked: Parameters<AnswersPrompts['embeddings']>) {
    return inference.embeddings(...asked);
  }

  async release(): Promise<void> {
    this.released++;
  }
}

let model: Watched;
let queue: PromptQueue;
beforeEach(() => {
  model = new Watched();
  queue = new PromptQueue(model, 8);
});
const ask = (asked: ReturnType<typeof questions>, signal?: AbortSignal, adapter = adapters[0]) =>
  queue.distributions(asked.prompts, asked.codecs, adapter, signal);

function expectSame(actual: Distribution[], expected: Distribution[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((distribution, i) => {
    expect(distribution.pInfeasible).toBeCloseTo(expected[i]!.pInfeasible, 5);
    for (const p of [0.1, 0.5, 0.9]) expect(distribution.quantile(p) / expected[i]!.quantile(p)).toBeCloseTo(1, 3);
  });
}

describe('PromptQueue', () => {
  it('answers many requests together as it would answer each alone', async () => {
    const requests = [questions(1), questions(20), questions(3), questions(1)];
    const together = await Promise.all(requests.map((request) => ask(request)));
    expect(model.batches.map(({ prompts }) => prompts.length)).toEqual([8, 8, 8, 1]);
    for (const [i, { prompts, codecs }] of requests.entries())
      expectSame(together[i]!, await inference.distributions(prompts, codecs, adapters[0]));
    expect(await ask({ prompts: [], codecs: [] })).toEqual([]);
  });

  it('takes from all in turn, so that one prompt does not wait for many', async () => {
    const ends: string[] = [];
    const long = ask(questions(40)).then(() => ends.push(`long after ${model.batches.length}`));
    model.before = () => {
      // Comes while the first batch runs.
      if (model.batches.length === 0)
        void ask(questions(1)).then(() => ends.push(`short after ${model.batches.length}`));
    };
    await long;
    expect(ends).toEqual(['short after 2', 'long after 6']);
  });

  it('leaves half of each batch to long calls where many short ones wait', async () => {
    const ends: string[] = [];
    const note = (name: string) => () => ends.push(`${name} after ${model.batches.length}`);
    const long = ask(questions(9)).then(note('long'));
    await Promise.all([long, ...Array.from({ length: 12 }, () => ask(questions(1)).then(note('short')))]);
    expect(ends.slice(0, 4)).toEqual(new Array(4).fill('short after 1'));
    expect(ends.at(-1)).toBe('long after 3');
    expect(model.batches.map(({ prompts }) => prompts.length)).toEqual([8, 8, 5]);
  });

  it('never runs what nobody waits for any more', async () => {
    const gone = new AbortController();
    const reason = new Error('gone');
    const other = ask(questions(3));
    const cancelled = ask(questions(100), gone.signal);
    model.before = () => gone.abort(reason);
    await expect(cancelled).rejects.toBe(reason);
    await other;
    expect(model.batches).toHaveLength(1);
    await expect(ask(questions(1), gone.signal)).rejects.toBe(reason);
    expect(model.batches).toHaveLength(1);
  });

  it('keeps adapters apart', async () => {
    const request = questions(3);
    const [first, second] = await Promise.all(adapters.map((adapter) => ask(request, undefined, adapter)));
    expect(model.batches.map(({ adapter }) => adapter)).toEqual(adapters);
    const { prompts, codecs } = request;
    expectSame(first!, await inference.distributions(prompts, codecs, adapters[0]));
    expectSame(second!, await inference.distributions(prompts, codecs, adapters[1]));
    expect(first![0]!.quantile(0.3)).not.toBeCloseTo(second![0]!.quantile(0.3), 5);
  });

  it('passes on a failure to those it concerns, and goes on', async () => {
    model.failing = new Error('no memory');
    const failing = [ask(questions(2)), ask(questions(12))];
    await Promise.all(failing.map((answer) => expect(answer).rejects.toThrow('no memory')));
    model.failing = undefined;
    expect(await ask(questions(2))).toHaveLength(2);
    expect(model.batches).toHaveLength(2);
  });

  it('lets the model go when nothing waits', async () => {
    const answers = ask(questions(20));
    const released = queue.release();
    await answers;
    expect(model.released).toBe(0);
    await released;
    expect(model.released).toBe(1);
  });
});

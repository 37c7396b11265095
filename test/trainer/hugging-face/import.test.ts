// A stock T5 v1.1 directory as a base model: what it keeps, what it gains, how it is fine-tuned, exported, and refused.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { serialize } from '../../../tokenizer/serialize.js';
import { NAMED_TOKENS, NUMBER_BEGIN, NUMBER_END, TEXT_BEGIN, tokenId } from '../../../tokenizer/vocabulary.js';
import { fromFileId, NAMED_BLOCK, toFileId } from '../../../tokenizer/vocabulary-layout.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { importModel } from '../../../trainer/hugging-face/import-model.js';
import { decodeSafetensors } from '../../../trainer/model/safetensors.js';
import { encoderGraph } from '../../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../../trainer/model/t5.js';
import { loadModel } from '../../../trainer/model-directory.js';
import { Predictor } from '../../../trainer/prediction/predictor.js';
import { Random } from '../../../trainer/random.js';
import { train } from '../../../trainer/train.js';
import { uncachedDecoder } from '../model/uncached-decoder.js';
import { loadStock, temporaryFolder } from './kit.js';
import { STOCK_CONFIG, STOCK_TOKENS, type StockOptions, writeStockT5 } from './stock-t5.js';

const OPTIONS = { seed: 1, max_prompt: 96, max_metadata: 32 };
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function imported(name: string, options: StockOptions = {}) {
  const stock = join(folder, `${name}-stock`);
  const tensors = await writeStockT5(stock, options);
  await importModel(stock, join(folder, name), OPTIONS);
  return { tensors, directory: join(folder, name) };
}

describe('an imported model', () => {
  it.each([
    { dtype: 'F32', shards: 1 },
    { dtype: 'F16', shards: 1 },
    { dtype: 'BF16', shards: 3 },
  ] as const)('keeps every stock value in place, from $dtype in $shards files, and its ids', async (options) => {
    const { tensors, directory } = await imported(`kept-${options.dtype}`, options);
    const written = decodeSafetensors(await readFile(join(directory, 'model.safetensors')));
    expect([...written.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { shape, data }] of tensors) {
      if (name === 'shared.weight') {
        const rows = STOCK_TOKENS * STOCK_CONFIG.d_model;
        expect(written.get(name)!.data.subarray(0, rows)).toEqual(data.subarray(0, rows));
      } else if (name !== 'lm_head.weight') {
        expect(written.get(name), name).toEqual({ shape, data });
      }
    }
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ vocab_size: STOCK_TOKENS + NAMED_BLOCK, number_token_begin: STOCK_TOKENS });
  });

  it('has new embeddings like the stock ones in mean and spread, each its own, and numbers all equally likely', async () => {
    const { tensors, directory } = await imported('rows');
    const { weights, config } = await loadModel(directory);
    const d = config.d_model;
    const spread = (values: Float32Array) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return { mean, sd: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length) };
    };
    const stock = spread(tensors.get('shared.weight')!.data.subarray(3 * d, STOCK_TOKENS * d));
    const embedding = weights.get('shared.weight')!;
    const fresh = spread(embedding.subarray(NUMBER_BEGIN * d, TEXT_BEGIN * d));
    expect(fresh.mean).toBeCloseTo(stock.mean, 1);
    expect(fresh.sd / stock.sd).toBeCloseTo(1, 1);
    const rows = NAMED_TOKENS.slice(NUMBER_BEGIN).map((name) => {
      const at = tokenId(name) * d;
      return embedding.subarray(at, at + d).join();
    });
    expect(new Set(rows).size).toBe(NAMED_BLOCK);
    const head = weights.get('lm_head.weight')!;
    const tokens = NUMBER_END - NUMBER_BEGIN;
    for (let i = 0; i < d; i++) expect(new Set(head.subarray(i * tokens, (i + 1) * tokens)).size).toBe(1);
  });

  it('reads text as its own tokenizer does, and named tokens as we do', async () => {
    const { directory } = await imported('text');
    const { tokenizer } = await loadModel(directory);
    const text = serialize({ learning_rate: 3e-4, shape: 'a parabola', note: 'Ünknown <s> ⟨x⟩ <pad>' });
    const ids = tokenizer.encode(text);
    expect(ids).toContain(tokenId('⟨m1:3⟩'));
    const { AutoTokenizer, env } = await import('@xenova/transformers');
    env.allowRemoteModels = false;
    env.localModelPath = folder;
    // Escaped names are text, so only the named tokens that we write are found: the ids must be those of stock tools.
    const stock = await AutoTokenizer.from_pretrained('text');
    expect(stock.encode(text, { add_special_tokens: false }).map((id) => fromFileId(id, STOCK_TOKENS))).toEqual(ids);
    expect(tokenizer.decode(tokenizer.encode('learning rate'))).toBe('learning rate');
    expect(tokenizer.size).toBe(STOCK_TOKENS + NAMED_BLOCK);
  });

  it('numbers tokens one to one', () => {
    for (const begin of [NUMBER_BEGIN, 17, STOCK_TOKENS, 32100]) {
      const ids = Array.from({ length: 40_000 }, (_, id) => id);
      expect(new Set(ids.map((id) => toFileId(id, begin))).size).toBe(ids.length);
      expect(ids.map((id) => fromFileId(toFileId(id, begin), begin))).toEqual(ids);
      expect(toFileId(NUMBER_BEGIN, begin)).toBe(begin);
    }
  });
});

describe('a fine-tune of a stock T5', () => {
  const study = (seed: number, trials: number) => {
    const random = new Random(seed);
    return {
      id: `study-${seed}`,
      metadata: { title: 'A parabola' },
      objective: { name: 'loss', goal: 'minimize' as const },
      trials: Array.from({ length: trials }, () => {
        const x = random.uniform() * 4 - 2;
        return { x: { x, shape: x > 0 ? 'right' : 'left' }, y: seed * x * x };
      }),
    };
  };
  const config = { episodes: 8, queries: 8, max_context: 20, batch_size: 8, run_steps: 5, steps: 20, threads: 2 };
  const outDir = () => join(folder, 'tuned');

  beforeAll(async () => {
    const parentDir = join(folder, 'base');
    await writeStockT5(parentDir);
    const request = { studies: [1, 2].map((s) => study(s, 30)), parentDir, outDir: outDir(), config };
    const result = await train({ ...request, workDir: join(folder, 'tuned-work') });
    expect(result.outcome).toBe('published');
  });

  it('changes the weights, and predicts', async () => {
    const before = await loadModel(join(folder, 'tuned-work', 'imported'));
    const after = await loadModel(outDir());
    expect(after.card.imported).toBeUndefined();
    expect(after.weights.get('lm_head.weight')).not.toEqual(before.weights.get('lm_head.weight'));
    const predictor = await Predictor.load(outDir());
    const { predictions } = await predictor.predict({
      study: study(3, 20),
      queries: [{ x: 1, shape: 'right' }],
      levels: [0.9],
      includeExperts: false,
    });
    await predictor.release();
    expect(Number.isFinite(predictions[0]!.median)).toBe(true);
  });

  it('is written in the precisions that were measured to lose nothing, and in no other', async () => {
    const { card } = await loadModel(outDir());
    for (const [precision, suffix] of [
      ['float16', '_fp16'],
      ['int8', '_quantized'],
    ] as const) {
      const { offered, reason, validation_score } = card.exports![precision];
      expect(reason).toMatch(offered ? /^Within/ : /^Beyond/);
      expect(validation_score).toBeGreaterThan(0);
      for (const name of ['encoder_model', 'decoder_model_merged']) {
        expect(existsSync(join(outDir(), 'onnx', `${name}${suffix}.onnx`))).toBe(offered);
      }
      const load = Predictor.load(outDir(), 1, 'cpu', precision);
      if (offered) await (await load).release();
      else await expect(load).rejects.toThrow(reason);
    }
  });

  it('loads in stock transformers.js, with our logits at the ids that its tokenizer gives', async () => {
    const { model, tokenizer, Tensor } = await loadStock(outDir());
    const ours = await loadModel(outDir());
    const text = '⟨metadata⟩title⟨s⟩A parabola⟨/s⟩⟨x⟩x⟨+⟩⟨E0⟩⟨m1:1⟩';
    const fileIds = tokenizer.encode(text);
    const ids = [...ours.tokenizer.encode(text), 1];
    expect(fileIds.map((id) => fromFileId(id, STOCK_TOKENS))).toEqual(ids);
    const prefix = [0, tokenId('⟨+⟩'), tokenId('⟨E0⟩')];
    const tensor = (row: number[]) => new Tensor('int64', BigInt64Array.from(row, BigInt), [1, row.length]);
    const { logits } = await model({
      input_ids: tensor(fileIds),
      attention_mask: tensor(fileIds.map(() => 1)),
      decoder_input_ids: tensor(prefix.map((id) => toFileId(id, STOCK_TOKENS))),
    });
    const length = ids.length;
    const input_ids = { data: Int32Array.from(ids), dims: [1, length] };
    const encoder = await OrtSession.create(encoderGraph(ours), { threads: 1 });
    const buckets = { data: relativeBuckets(length, true, ours.config), dims: [length, length] };
    const { states } = await encoder.run({ input_ids, buckets });
    const decoder = await OrtSession.create(uncachedDecoder(ours, prefix.length), { threads: 1 });
    const prefixes = { data: Int32Array.from(prefix), dims: [1, 1, prefix.length] };
    const { log_probabilities } = await decoder.run({ states: states!, input_ids, prefixes });
    await Promise.all([encoder.release(), decoder.release()]);

    const last = (logits.data as Float32Array).subarray(-logits.dims[2]);
    const numbers = last.subarray(STOCK_TOKENS, STOCK_TOKENS + NUMBER_END - NUMBER_BEGIN);
    const sum = Math.log(numbers.reduce((s, v) => s + Math.exp(v), 0));
    numbers.forEach((v, i) => expect(v - sum).toBeCloseTo(log_probabilities!.data[i] as number, 4));
  });

  it('refuses an adapter before the model has learned numbers', async () => {
    const request = { studies: [study(1, 10)], parentDir: join(folder, 'base'), outDir: join(folder, 'never') };
    const lora = train({ ...request, workDir: join(folder, 'lora-work'), config: { ...config, lora_rank: 2 } });
    await expect(lora).rejects.toMatchObject({ code: 'train_config', message: expect.stringContaining('lora_rank') });
  });
});

describe('import refuses, naming field and fix,', () => {
  const cases: [string, StockOptions, RegExp][] = [
    ['a v1.0 activation', { config: { feed_forward_proj: 'relu' } }, /feed_forward_proj is "relu".*use a T5 v1.1/],
    ['a tied head', { config: { tie_word_embeddings: true } }, /tie_word_embeddings is true.*use a T5 v1.1/],
    ['another model', { config: { model_type: 'bart' } }, /model_type is "bart"/],
    ['other control ids', { config: { pad_token_id: 5 } }, /pad_token_id is 5; T5's is 0/],
    [
      'a tokenizer larger than the embedding',
      { config: { vocab_size: 50 } },
      new RegExp(`vocab_size is 50, but tokenizer.json has ${STOCK_TOKENS}`),
    ],
    ['a missing head', { change: (t) => t.delete('lm_head.weight') }, /no tensor lm_head.weight/],
    [
      'a missing tensor',
      { change: (t) => t.delete('encoder.final_layer_norm.weight') },
      /no tensor encoder.final_layer/,
    ],
    [
      'a misshapen tensor',
      { change: (t) => t.set('encoder.final_layer_norm.weight', { shape: [7], data: new Float32Array(7) }) },
      /encoder.final_layer_norm.weight is \[7\]; config.json asks for \[24\]/,
    ],
    [
      'an encoder alone',
      { change: (t) => [...t.keys()].filter((n) => n.startsWith('decoder')).forEach((n) => void t.delete(n)) },
      /no decoder.block tensors/,
    ],
  ];
  it.each(cases)('%s', async (name, options, message) => {
    await expect(imported(`refused ${name}`, options)).rejects.toThrow(message);
  });

  it('a folder without safetensors', async () => {
    const { directory } = await imported('whole');
    const { rm } = await import('node:fs/promises');
    await rm(join(folder, 'whole-stock', 'model.safetensors'));
    await expect(importModel(join(folder, 'whole-stock'), directory, OPTIONS)).rejects.toThrow(/safe_serialization/);
  });

  it('a tokenizer of another kind', async () => {
    const stock = join(folder, 'bpe-stock');
    await writeStockT5(stock);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(stock, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab: {}, merges: [] } }));
    await expect(importModel(stock, join(folder, 'bpe'), OPTIONS)).rejects.toThrow(
      /model.type is "BPE", not "Unigram"/,
    );
  });
});

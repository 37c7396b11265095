// A small, randomly initialised T5 v1.1 in Hugging Face's layout, written by hand: none of the product's writers takes part.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toFloat16 } from '../../../trainer/graph/half-floats.js';
import { Random } from '../../../trainer/random.js';

export const STOCK_CONFIG = {
  architectures: ['T5ForConditionalGeneration'],
  model_type: 't5',
  vocab_size: 128,
  d_model: 24,
  d_kv: 5,
  d_ff: 20,
  num_heads: 3,
  num_layers: 2,
  num_decoder_layers: 1,
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  dropout_rate: 0.1,
  layer_norm_epsilon: 1e-6,
  feed_forward_proj: 'gated-gelu',
  is_encoder_decoder: true,
  tie_word_embeddings: false,
  pad_token_id: 0,
  eos_token_id: 1,
  decoder_start_token_id: 0,
};
export type StockConfig = Omit<typeof STOCK_CONFIG, 'architectures'> & Record<string, unknown>;

/** Pieces as SentencePiece writes them: control, words, then single characters, the likelier the shorter the list before them. */
const WORDS = [
  '▁',
  '▁learning',
  '▁rate',
  'ing',
  'er',
  '▁a',
  '▁para',
  'bola',
  '▁loss',
  'shape',
  '▁left',
  '▁right',
  '_rate',
];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/'];
const SENTINELS = Array.from({ length: 4 }, (_, i) => `<extra_id_${3 - i}>`);
const PIECES = ['<pad>', '</s>', '<unk>', ...WORDS, ...LETTERS, ...SENTINELS];
export const STOCK_TOKENS = PIECES.length;

export function stockTokenizer() {
  const special = (content: string) => {
    const id = PIECES.indexOf(content);
    return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ['<pad>', '</s>', '<unk>', ...SENTINELS].map(special),
    normalizer: { type: 'NFKC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 2,
      vocab: PIECES.map((piece, id): [string, number] => [piece, id < 3 ? 0 : -2 - id / 20]),
      byte_fallback: false,
    },
  };
}

/** Names and shapes ([out, in]) of a T5 v1.1, as PyTorch's state_dict has them. */
export function stockShapes(c: StockConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const inner = c.d_kv * c.num_heads;
  const attention = (name: string, bias: boolean) => {
    for (const part of ['q', 'k', 'v']) shapes.set(`${name}.${part}.weight`, [inner, c.d_model]);
    shapes.set(`${name}.o.weight`, [c.d_model, inner]);
    if (bias) shapes.set(`${name}.relative_attention_bias.weight`, [c.relative_attention_num_buckets, c.num_heads]);
  };
  const norm = (name: string) => shapes.set(`${name}.layer_norm.weight`, [c.d_model]);
  const feedForward = (name: string) => {
    shapes.set(`${name}.DenseReluDense.wi_0.weight`, [c.d_ff, c.d_model]);
    shapes.set(`${name}.DenseReluDense.wi_1.weight`, [c.d_ff, c.d_model]);
    shapes.set(`${name}.DenseReluDense.wo.weight`, [c.d_model, c.d_ff]);
    norm(name);
  };
  shapes.set('shared.weight', [c.vocab_size, c.d_model]);
  for (let i = 0; i < c.num_layers; i++) {
    attention(`encoder.block.${i}.layer.0.SelfAttention`, i === 0);
    norm(`encoder.block.${i}.layer.0`);
    feedForward(`encoder.block.${i}.layer.1`);
  }
  shapes.set('encoder.final_layer_norm.weight', [c.d_model]);
  for (let i = 0; i < c.num_decoder_layers; i++) {
    attention(`decoder.block.${i}.layer.0.SelfAttention`, i === 0);
    norm(`decoder.block.${i}.layer.0`);
    attention(`decoder.block.${i}.layer.1.EncDecAttention`, false);
    norm(`decoder.block.${i}.layer.1`);
    feedForward(`decoder.block.${i}.layer.2`);
  }
  shapes.set('decoder.final_layer_norm.weight', [c.d_model]);
  shapes.set('lm_head.weight', [c.vocab_size, c.d_model]);
  return shapes;
}

export type StockTensors = Map<string, { shape: number[]; data: Float32Array }>;

/** Values that float16 and bfloat16 hold exactly, so that all three types carry the same model: few bits after the point. */
export function stockTensors(config: StockConfig): StockTensors {
  const random = new Random(23);
  const tensors: StockTensors = new Map();
  for (const [name, shape] of stockShapes(config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const spread = shape.length === 1 ? 0 : name === 'shared.weight' ? 1 : shape[1]! ** -0.5;
    const value = () => Math.round((shape.length === 1 ? 1 : random.normal() * spread) * 64) / 64;
    // bfloat16 keeps 8 bits.
    const rounded = () => Math.max(-1.984375, Math.min(1.984375, value()));
    tensors.set(name, { shape, data: Float32Array.from({ length: size }, rounded) });
  }
  return tensors;
}

export type StockDtype = 'F32' | 'F16' | 'BF16';

function bytesOf(data: Float32Array, dtype: StockDtype): Buffer {
  if (dtype === 'F16') return Buffer.from(toFloat16(data).buffer);
  if (dtype === 'F32')
    return Buffer.from(Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  const bits = new Uint32Array(Float32Array.from(data).buffer);
  return Buffer.from(Uint16Array.from(bits, (b) => b >>> 16).buffer);
}

export function stockSafetensors(tensors: StockTensors, dtype: StockDtype): Buffer {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const part = bytesOf(data, dtype);
    header[name] = { dtype, shape, data_offsets: [offset, offset + part.length] };
    offset += part.length;
    parts.push(part);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

export interface StockOptions {
  config?: Partial<StockConfig>;
  dtype?: StockDtype;
  shards?: number;
  /** Changes the tensors before they are written. */
  change?: (tensors: StockTensors) => void;
}

/** Writes the directory and returns its tensors. */
export async function writeStockT5(directory: string, options: StockOptions = {}): Promise<StockTensors> {
  const { dtype = 'F32', shards = 1 } = options;
  const config = { ...STOCK_CONFIG, ...options.config };
  const tensors = stockTensors(config);
  options.change?.(tensors);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(stockTokenizer()));
  const names = [...tensors.keys()];
  const fileOf = (i: number) =>
    `model-${String(i + 1).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
  const shardOf = (name: string) => names.indexOf(name) % shards;
  for (let shard = 0; shard < shards; shard++) {
    const part: StockTensors = new Map([...tensors].filter(([name]) => shardOf(name) === shard));
    const file = shards === 1 ? 'model.safetensors' : fileOf(shard);
    await writeFile(join(directory, file), stockSafetensors(part, dtype));
  }
  if (shards > 1) {
    const weight_map = Object.fromEntries(names.map((name) => [name, fileOf(shardOf(name))]));
    await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }));
  }
  return tensors;
}

// T5 v1.1, written once: serving builds the forward graphs from it, training adds loss, gradients and optimizer.
import type { Value } from '../graph/graph.js';
import { Gelu, RMSNormalize } from '../graph/ops/composite.js';
import { Add, Mul } from '../graph/ops/elementwise.js';
import { SimplifiedLayerNormalization, TanhGelu } from '../graph/ops/fused.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast, Equal } from '../graph/ops/logic.js';
import { MatMul } from '../graph/ops/matmul.js';
import { Reshape, Transpose, Unsqueeze } from '../graph/ops/shape.js';
import { Softmax } from '../graph/ops/softmax.js';
import type { ModelConfig } from './config.js';
import { loraName } from './lora.js';

/** How the layers that have no matrix are written. */
export interface Layers {
  /** x · weight / √(mean(x²) + ε) over the last axis. */
  norm(x: Value, weight: Value, epsilon: number): Value;
  /** "gelu_new". */
  gelu(x: Value): Value;
}

/** Of parts that have gradients and that every ONNX runtime knows. */
export const PLAIN_LAYERS: Layers = {
  norm: (x, weight, epsilon) => Mul(RMSNormalize(x, epsilon), weight),
  gelu: Gelu,
};

/** One operator each, for graphs that only answer: a decoder step has half as many nodes. */
export const FUSED_LAYERS: Layers = { norm: SimplifiedLayerNormalization, gelu: TanhGelu };

/** Graph values of the parameters: initializers when serving, Loop-carried values when training. */
export interface ParameterValues {
  layers: Layers;
  /** By Hugging Face name. */
  (name: string): Value;
  /** x·W, with the low-rank addition of W's adapter where it has one: see lora.ts. */
  linear(x: Value, name: string): Value;
  /** The embeddings of token ids: [.., d_model] for ids [..]. */
  embed(ids: Value): Value;
}

/** Added to attention scores at padding and at future positions: exp underflows to exactly 0 and no NaN can arise. */
export const MASKED = -1e9;

/** The number of dimensions in front of the last two, written so that a reshape keeps them: 0 means "as it is". */
const KEEP = 0;

/** [.., n, h·k] → [.., h, n, k]. */
export function splitHeads(x: Value, config: ModelConfig): Value {
  const lead = x.shape.length - 2;
  const kept: number[] = new Array(lead + 1).fill(KEEP);
  const split = Reshape(x, [...kept, config.num_heads, config.d_kv]);
  const batch = Array.from({ length: lead }, (_, i) => i);
  return Transpose(split, [...batch, lead + 1, lead, lead + 2]);
}

/** [.., h, n, k] → [.., n, h·k]. */
export function mergeHeads(x: Value, config: ModelConfig): Value {
  const lead = x.shape.length - 3;
  const batch = Array.from({ length: lead }, (_, i) => i);
  const merged = Transpose(x, [...batch, lead + 1, lead, lead + 2]);
  const kept: number[] = new Array(lead + 1).fill(KEEP);
  return Reshape(merged, [...kept, config.num_heads * config.d_kv]);
}

/** softmax(q·kᵀ + bias)·v. T5 has no 1/√d_kv here: the initial scale of q carries it. */
export function attend(q: Value, k: Value, v: Value, bias: Value | undefined): Value {
  const rank = k.shape.length;
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm[rank - 1] = rank - 2;
  perm[rank - 2] = rank - 1;
  const scores = MatMul(q, Transpose(k, perm));
  return MatMul(Softmax(bias ? Add(scores, bias) : scores, -1), v);
}

export function feedForward(x: Value, prefix: string, p: ParameterValues, config: ModelConfig): Value {
  const h = p.layers.norm(x, p(`${prefix}.layer_norm.weight`), config.layer_norm_epsilon);
  const dense = `${prefix}.DenseReluDense`;
  const gate = p.layers.gelu(p.linear(h, `${dense}.wi_0.weight`));
  const hidden = Mul(gate, p.linear(h, `${dense}.wi_1.weight`));
  return Add(x, p.linear(hidden, `${dense}.wo.weight`));
}

/** Relative position bias [1, h, n, n] from the bucket of every (query, key) pair, int32 [n, n]. */
export function positionBias(table: Value, buckets: Value): Value {
  return Unsqueeze(Gather(Transpose(table, [1, 0]), buckets, 1), [0]);
}

/** 0 at tokens, MASKED at padding (id 0): [batch, 1, 1, length] from ids [batch, length]. */
export function paddingMask(ids: Value, config: { dtype: 'float32' | 'float64' }): Value {
  const g = ids.graph;
  const padding = Cast(Equal(ids, g.scalar(ids.dtype, 0)), config.dtype);
  return Unsqueeze(Mul(padding, g.scalar(config.dtype, MASKED)), [1, 2]);
}

export interface EncoderInputs {
  /** Token ids, int32 [batch, length], 0 for padding. */
  ids: Value;
  /** Additive mask [batch, 1, 1, length]: see `paddingMask`. */
  mask: Value;
  /** Bidirectional relative position buckets, int32 [length, length]. */
  buckets: Value;
}

/** Encoder states [batch, length, d_model]. */
export function encode(inputs: EncoderInputs, p: ParameterValues, config: ModelConfig): Value {
  const attentionName = (i: number) => `encoder.block.${i}.layer.0.SelfAttention`;
  const table = p(`${attentionName(0)}.relative_attention_bias.weight`);
  const bias = Add(positionBias(table, inputs.buckets), inputs.mask);
  let x = p.embed(inputs.ids);
  for (let i = 0; i < config.num_layers; i++) {
    const name = attentionName(i);
    const h = p.layers.norm(x, p(`encoder.block.${i}.layer.0.layer_norm.weight`), config.layer_norm_epsilon);
    const [q, k, v] = (['q', 'k', 'v'] as const).map((part) =>
      splitHeads(p.linear(h, `${name}.${part}.weight`), config),
    );
    const context = mergeHeads(attend(q!, k!, v!, bias), config);
    x = Add(x, p.linear(context, `${name}.o.weight`));
    x = feedForward(x, `encoder.block.${i}.layer.1`, p, config);
  }
  return p.layers.norm(x, p('encoder.final_layer_norm.weight'), config.layer_norm_epsilon);
}

export interface DecoderInputs {
  /** Decoder token ids, int32 [batch, prefixes, steps]: several prefixes share one encoder state. */
  ids: Value;
  /** Number of decoder positions, known when the graph is built. */
  steps: number;
  /** Causal relative position buckets, int32 [steps, steps]. */
  buckets: Value;
  /** 0 where a position may look, MASKED at the future: [steps, steps]. */
  causalMask: Value;
  /** [batch, length, d_model]. */
  encoderStates: Value;
  /** [batch, 1, 1, length]. */
  encoderMask: Value;
}

/** How one decoder block attends: each is given the block's number and its normalised input [.., d_model]. */
export interface DecoderAttention {
  /** To the positions written so far: what the heads read, merged, [.., heads·d_kv]. */
  own(block: number, h: Value): Value;
  /** To the encoder's states, in the same way. */
  cross(block: number, h: Value): Value;
}

/** Names of a decoder block's two attentions. */
export const ownAttention = (block: number) => `decoder.block.${block}.layer.0.SelfAttention`;
export const crossAttention = (block: number) => `decoder.block.${block}.layer.1.EncDecAttention`;
/** The relative position biases of all blocks: only the first has a table. */
export const DECODER_BIAS = `${ownAttention(0)}.relative_attention_bias.weight`;

/** The decoder's blocks from embeddings x [.., d_model] to states after the final norm; they differ in how they attend. */
export function decoderBlocks(x: Value, attention: DecoderAttention, p: ParameterValues, config: ModelConfig): Value {
  for (let i = 0; i < config.num_decoder_layers; i++) {
    const block = `decoder.block.${i}`;
    let h = p.layers.norm(x, p(`${block}.layer.0.layer_norm.weight`), config.layer_norm_epsilon);
    x = Add(x, p.linear(attention.own(i, h), `${ownAttention(i)}.o.weight`));
    h = p.layers.norm(x, p(`${block}.layer.1.layer_norm.weight`), config.layer_norm_epsilon);
    x = Add(x, p.linear(attention.cross(i, h), `${crossAttention(i)}.o.weight`));
    x = feedForward(x, `${block}.layer.2`, p, config);
  }
  return p.layers.norm(x, p('decoder.final_layer_norm.weight'), config.layer_norm_epsilon);
}

/** Keys and values of one attention, each [batch, heads, length, d_kv]. */
export interface KeysAndValues {
  key: Value;
  value: Value;
}

/** Keys and values of the encoder's states [batch, length, d_model] for a decoder block. */
export function crossKeysAndValues(
  states: Value,
  block: number,
  p: ParameterValues,
  config: ModelConfig,
): KeysAndValues {
  const project = (part: string) => splitHeads(p.linear(states, `${crossAttention(block)}.${part}.weight`), config);
  return { key: project('k'), value: project('v') };
}

/** Decoder states [batch, prefixes, steps, d_model], after the final norm. */
export function decode(inputs: DecoderInputs, p: ParameterValues, config: ModelConfig): Value {
  const bias = Unsqueeze(Add(positionBias(p(DECODER_BIAS), inputs.buckets), inputs.causalMask), [0]);
  const inner = config.num_heads * config.d_kv;
  const own = (i: number, h: Value) => {
    const [q, k, v] = (['q', 'k', 'v'] as const).map((part) =>
      splitHeads(p.linear(h, `${ownAttention(i)}.${part}.weight`), config),
    );
    return mergeHeads(attend(q!, k!, v!, bias), config);
  };
  // All prefixes of a query attend to the same states, so they stand in one matrix product: [batch, prefixes·steps, ..].
  const cross = (i: number, h: Value) => {
    const rows = Reshape(p.linear(h, `${crossAttention(i)}.q.weight`), [KEEP, -1, inner]);
    const { key, value } = crossKeysAndValues(inputs.encoderStates, i, p, config);
    const context = mergeHeads(attend(splitHeads(rows, config), key, value, inputs.encoderMask), config);
    return Reshape(context, [KEEP, -1, inputs.steps, inner]);
  };
  return decoderBlocks(p.embed(inputs.ids), { own, cross }, p, config);
}

/**
 * Bucket of a relative position key − query (T5: half of the buckets exact, the rest logarithmic up to the maximal distance;
 * bidirectional ones spend one bit on the side).
 */
export function relativeBucket(relative: number, bidirectional: boolean, config: ModelConfig): number {
  const { relative_attention_num_buckets: all, relative_attention_max_distance: maxDistance } = config;
  const buckets = bidirectional ? all / 2 : all;
  const exact = Math.floor(buckets / 2);
  const distance = bidirectional ? Math.abs(relative) : Math.max(0, -relative);
  const side = bidirectional && relative > 0 ? buckets : 0;
  if (distance < exact) return side + distance;
  const logarithmic = Math.log(distance / exact) / Math.log(maxDistance / exact);
  return side + Math.min(buckets - 1, exact + Math.floor(logarithmic * (buckets - exact)));
}

/** The bucket of every pair of positions, query by query: [length × length]. */
export function relativeBuckets(length: number, bidirectional: boolean, config: ModelConfig): Int32Array {
  // A row holds the buckets of neighbouring distances, one place on from the row before it.
  const ofDistance = Int32Array.from({ length: 2 * length - 1 }, (_, i) =>
    relativeBucket(i - (length - 1), bidirectional, config),
  );
  const result = new Int32Array(length * length);
  for (let query = 0; query < length; query++) {
    const begin = length - 1 - query;
    result.set(ofDistance.subarray(begin, begin + length), query * length);
  }
  return result;
}

/** [steps × steps]: 0 at or before the diagonal, MASKED after it. */
export function causalMask(steps: number): Float32Array {
  const mask = new Float32Array(steps * steps);
  for (let i = 0; i < steps; i++) for (let j = i + 1; j < steps; j++) mask[i * steps + j] = MASKED;
  return mask;
}

/** How weights that are not stored as plain floats are multiplied with and looked up: see precision.ts. */
export interface StoredWeights {
  /** x·W. */
  product(x: Value, name: string): Value;
  /** Rows of `shared.weight`. */
  embed(ids: Value): Value;
}

/**
 * Looks parameters up in a map of graph values. Where the map also holds `….lora_A.weight` and `….lora_B.weight` of a matrix,
 * its products get (x·A)·B on top, scaled by `loraScale` (alpha / rank).
 */
export function parameterLookup(
  values: ReadonlyMap<string, Value>,
  loraScale = 1,
  stored?: StoredWeights,
  layers: Layers = PLAIN_LAYERS,
): ParameterValues {
  const lookup = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new Error(`T5: no parameter ${name}`);
    return value;
  };
  const linear = (x: Value, name: string): Value => {
    const product = stored ? stored.product(x, name) : MatMul(x, lookup(name));
    const down = values.get(loraName(name, 'A'));
    const up = values.get(loraName(name, 'B'));
    if (!down || !up) return product;
    return Add(product, MatMul(Mul(MatMul(x, down), x.graph.scalar(x.dtype, loraScale)), up));
  };
  const embed = (ids: Value): Value => (stored ? stored.embed(ids) : Gather(lookup('shared.weight'), ids, 0));
  return Object.assign(lookup, { layers, linear, embed });
}

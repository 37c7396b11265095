// The two ONNX graphs of Hugging Face's T5 layout, which stock transformers.js runs: the encoder, and a decoder with a cache.
import type { Dim } from '../graph/dims.js';
import { Graph, type Value } from '../graph/graph.js';
import { If } from '../graph/ops/control-flow.js';
import { Add, Clip, Mul, Sub } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast, Greater } from '../graph/ops/logic.js';
import { Concat, Expand, Pad, Reshape, Unsqueeze } from '../graph/ops/shape.js';
import { CumSum } from '../graph/ops/triangular.js';
import { sizeOf } from '../graph/runtime-shape.js';
import type { ModelConfig } from '../model/config.js';
import type { Weights } from '../model/parameters.js';
import { type Precision, weightParameters } from '../model/precision.js';
import {
  attend,
  encode,
  feedForward,
  MASKED,
  mergeHeads,
  type ParameterValues,
  positionBias,
  relativeBucket,
  rmsNorm,
  splitHeads,
} from '../model/t5.js';
import { inFileOrder } from '../model/weights.js';

const BATCH = 'batch_size';
const SOURCE = 'encoder_sequence_length';
const STEPS = 'decoder_sequence_length';
const PAST = 'past_decoder_sequence_length';

/** The weights as files number their tokens. */
function fileParameters(g: Graph, config: ModelConfig, weights: Weights, precision: Precision): ParameterValues {
  const embedding = inFileOrder(weights.get('shared.weight')!, config);
  return weightParameters(g, config, new Map(weights).set('shared.weight', embedding), { precision });
}

/** 0, 1, 2, … as float32 [length]: whole numbers that small are exact, and every device can compute with them. */
function positions(g: Graph, length: Dim): Value {
  return Sub(CumSum(Expand(g.constant('float32', [1], [1]), [length]), 0), 1);
}

/** key − query for every pair, float32 [queries, keys]. */
function relativePositions(queries: Value, keys: Value): Value {
  return Sub(Unsqueeze(keys, [0]), Unsqueeze(queries, [1]));
}

/** Buckets of relative positions, int32: looked up, as all beyond the maximal distance fall into the last one. */
function bucketsOf(relative: Value, bidirectional: boolean, config: ModelConfig): Value {
  const reach = config.relative_attention_max_distance;
  const table = Int32Array.from({ length: 2 * reach + 1 }, (_, i) => relativeBucket(i - reach, bidirectional, config));
  const index = Cast(Add(Clip(relative, -reach, reach), reach), 'int32');
  return Gather(relative.graph.constant('int32', [table.length], table), index, 0);
}

/** 0 where the mask is 1, MASKED where it is 0: [batch, 1, 1, length] from int64 [batch, length]. */
function additiveMask(mask: Value): Value {
  return Unsqueeze(Mul(Sub(1, Cast(mask, 'float32')), MASKED), [1, 2]);
}

/**
 * `onnx/encoder_model.onnx`.
 * Inputs: `input_ids` and `attention_mask`, int64 [batch, source]. Output: `last_hidden_state` [batch, source, d_model].
 */
export function exportedEncoder(config: ModelConfig, weights: Weights, precision: Precision = 'float32'): Graph {
  const g = new Graph('encoder_model');
  const p = fileParameters(g, config, weights, precision);
  const ids = g.input('input_ids', 'int64', [BATCH, SOURCE]);
  const mask = additiveMask(g.input('attention_mask', 'int64', [BATCH, SOURCE]));
  const at = positions(g, SOURCE);
  const buckets = bucketsOf(relativePositions(at, at), true, config);
  g.output(encode({ ids, mask, buckets }, p, config), 'last_hidden_state');
  return g;
}

/** Keys and values of one attention, each [batch, heads, length, d_kv]. */
interface KeysAndValues {
  key: Value;
  value: Value;
}

/**
 * `onnx/decoder_model_merged.onnx`: new positions behind those in the cache, which may be empty.
 * Inputs: `input_ids` int64 [batch, steps], `encoder_hidden_states` [batch, source, d_model], `encoder_attention_mask` int64
 * [batch, source], `use_cache_branch` bool [1], `past_key_values.N.{decoder,encoder}.{key,value}` [batch, heads, past, d_kv].
 * With `use_cache_branch` the encoder's keys and values come from the cache, else they are computed from the states.
 * Outputs: `logits` [batch, steps, vocab_size], 0 for tokens that are never written, and `present.N.*`, the grown cache.
 */
export function exportedDecoder(config: ModelConfig, weights: Weights, precision: Precision = 'float32'): Graph {
  const g = new Graph('decoder_model_merged');
  const p = fileParameters(g, config, weights, precision);
  const sourceMask = additiveMask(g.input('encoder_attention_mask', 'int64', [BATCH, SOURCE]));
  const ids = g.input('input_ids', 'int64', [BATCH, STEPS]);
  const states = g.input('encoder_hidden_states', 'float32', [BATCH, SOURCE, config.d_model]);
  const layers = Array.from({ length: config.num_decoder_layers }, (_, i) => i);
  const past = layers.map((i) => ({
    decoder: cacheInputs(g, `past_key_values.${i}.decoder`, PAST, config),
    encoder: cacheInputs(g, `past_key_values.${i}.encoder`, 'past_encoder_sequence_length', config),
  }));
  const useCache = Reshape(g.input('use_cache_branch', 'bool', [1]), []);
  const cross = crossKeysAndValues(useCache, states, past, p, config);

  const pastLength = Cast(sizeOf(past[0]!.decoder.key, 2), 'float32');
  const relative = relativePositions(Add(positions(g, STEPS), pastLength), positions(g, `${PAST}+${STEPS}`));
  const future = Mul(Cast(Greater(relative, 0), 'float32'), MASKED);
  const table = p('decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight');
  const bias = Add(positionBias(table, bucketsOf(relative, false, config)), future);

  let x = p.embed(ids);
  for (const i of layers) {
    const block = `decoder.block.${i}`;
    const norm = (layer: number) =>
      rmsNorm(x, p(`${block}.layer.${layer}.layer_norm.weight`), config.layer_norm_epsilon);
    const self = `${block}.layer.0.SelfAttention`;
    let h = norm(0);
    const project = (name: string) => splitHeads(p.linear(h, name), config);
    const grown = {
      key: Concat([past[i]!.decoder.key, project(`${self}.k.weight`)], 2),
      value: Concat([past[i]!.decoder.value, project(`${self}.v.weight`)], 2),
    };
    const own = attend(project(`${self}.q.weight`), grown.key, grown.value, bias);
    x = Add(x, p.linear(mergeHeads(own, config), `${self}.o.weight`));

    h = norm(1);
    const other = `${block}.layer.1.EncDecAttention`;
    const context = attend(project(`${other}.q.weight`), cross[i]!.key, cross[i]!.value, sourceMask);
    x = Add(x, p.linear(mergeHeads(context, config), `${other}.o.weight`));
    x = feedForward(x, `${block}.layer.2`, p, config);
    cacheOutputs(g, `present.${i}.decoder`, grown);
    cacheOutputs(g, `present.${i}.encoder`, cross[i]!);
  }
  const h = rmsNorm(x, p('decoder.final_layer_norm.weight'), config.layer_norm_epsilon);
  const written = p.linear(h, 'lm_head.weight');
  const tokens = config.number_token_end - config.number_token_begin;
  const before = config.named_token_begin;
  g.output(Pad(written, [0, 0, before], [0, 0, config.vocab_size - before - tokens]), 'logits');
  return g;
}

function cacheInputs(g: Graph, name: string, length: string, config: ModelConfig): KeysAndValues {
  const shape = [BATCH, config.num_heads, length, config.d_kv];
  return { key: g.input(`${name}.key`, 'float32', shape), value: g.input(`${name}.value`, 'float32', shape) };
}

function cacheOutputs(g: Graph, name: string, { key, value }: KeysAndValues): void {
  g.output(key, `${name}.key`);
  g.output(value, `${name}.value`);
}

/** Keys and values of the encoder's states, for all layers in one If, so that a step with a cache does not compute them. */
function crossKeysAndValues(
  useCache: Value,
  states: Value,
  past: readonly { encoder: KeysAndValues }[],
  p: ParameterValues,
  config: ModelConfig,
): KeysAndValues[] {
  const type = { dtype: 'float32' as const, shape: [BATCH, config.num_heads, SOURCE, config.d_kv] };
  const parts = past.flatMap((_, i) => ['k', 'v'].map((part) => `decoder.block.${i}.layer.1.EncDecAttention.${part}`));
  const values = If(
    states.graph,
    useCache,
    () => past.flatMap(({ encoder }) => [encoder.key, encoder.value]),
    () => parts.map((name) => splitHeads(p.linear(states, `${name}.weight`), config)),
    parts.map(() => type),
  );
  return past.map((_, i) => ({ key: values[2 * i]!, value: values[2 * i + 1]! }));
}

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
  crossAttention,
  crossKeysAndValues,
  DECODER_BIAS,
  decoderBlocks,
  encode,
  type KeysAndValues,
  MASKED,
  mergeHeads,
  ownAttention,
  type ParameterValues,
  positionBias,
  relativeBucket,
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
  const cross = cachedOrComputed(useCache, states, past, p, config);

  const pastLength = Cast(sizeOf(past[0]!.decoder.key, 2), 'float32');
  const relative = relativePositions(Add(positions(g, STEPS), pastLength), positions(g, `${PAST}+${STEPS}`));
  const future = Mul(Cast(Greater(relative, 0), 'float32'), MASKED);
  const bias = Add(positionBias(p(DECODER_BIAS), bucketsOf(relative, false, config)), future);

  const own = (i: number, h: Value) => {
    const project = (part: string) => splitHeads(p.linear(h, `${ownAttention(i)}.${part}.weight`), config);
    const grown = {
      key: Concat([past[i]!.decoder.key, project('k')], 2),
      value: Concat([past[i]!.decoder.value, project('v')], 2),
    };
    cacheOutputs(g, `present.${i}.decoder`, grown);
    cacheOutputs(g, `present.${i}.encoder`, cross[i]!);
    return mergeHeads(attend(project('q'), grown.key, grown.value, bias), config);
  };
  const other = (i: number, h: Value) => {
    const query = splitHeads(p.linear(h, `${crossAttention(i)}.q.weight`), config);
    return mergeHeads(attend(query, cross[i]!.key, cross[i]!.value, sourceMask), config);
  };
  const h = decoderBlocks(p.embed(ids), { own, cross: other }, p, config);
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
function cachedOrComputed(
  useCache: Value,
  states: Value,
  past: readonly { encoder: KeysAndValues }[],
  p: ParameterValues,
  config: ModelConfig,
): KeysAndValues[] {
  const type = { dtype: 'float32' as const, shape: [BATCH, config.num_heads, SOURCE, config.d_kv] };
  const values = If(
    states.graph,
    useCache,
    () => past.flatMap(({ encoder }) => [encoder.key, encoder.value]),
    () =>
      past.flatMap((_, i) => {
        const { key, value } = crossKeysAndValues(states, i, p, config);
        return [key, value];
      }),
    past.flatMap(() => [type, type]),
  );
  return past.map((_, i) => ({ key: values[2 * i]!, value: values[2 * i + 1]! }));
}

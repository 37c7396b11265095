// One position of the decoder for many prefixes at once, over a cache of what stands before them: T5's blocks of t5.ts.
import type { Value } from '../graph/graph.js';
import { Add, Mul } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { ReduceSum } from '../graph/ops/reduce.js';
import { Concat, Reshape, Unsqueeze } from '../graph/ops/shape.js';
import { Softmax } from '../graph/ops/softmax.js';
import type { ModelConfig } from './config.js';
import {
  attend,
  crossAttention,
  DECODER_BIAS,
  decoderBlocks,
  type KeysAndValues,
  mergeHeads,
  ownAttention,
  type ParameterValues,
  splitHeads,
} from './t5.js';

export interface StepInputs {
  /** The last token of each prefix, int32 [rows]. */
  ids: Value;
  /** The cache's row of each earlier position of each prefix, int32 [rows, past]. */
  ancestors: Value;
  /** Of each block, keys and values [cached, heads·d_kv] of prefixes that were decoded before. */
  cache: readonly KeysAndValues[];
  /** Relative position buckets of the past positions and the new one, int32 [past+1]. */
  buckets: Value;
  /** Added to the scores of those positions: 0, or MASKED where nothing stands, [past+1]. */
  pastMask: Value;
  /** Of each block, keys and values [queries, heads, length, d_kv] of the encoder's states. */
  cross: readonly KeysAndValues[];
  /** [queries, 1, 1, length]. */
  crossMask: Value;
  /** Rows by query, as a rectangle whose unused places name any row: int32 [queries, width]. */
  slots: Value;
  /** Where each row stands in that rectangle: query · width + place, int32 [rows]. */
  places: Value;
}

export interface StepOutputs {
  /** Decoder states [rows, d_model] of the new positions, after the final norm. */
  states: Value;
  /** Of each block, the new positions' keys and values [rows, heads·d_kv]: the next rows of the cache. */
  grown: readonly KeysAndValues[];
}

/** A decoder step for `rows` prefixes of any queries. Prefixes share their common part: the cache holds it once. */
export function decodeStep(inputs: StepInputs, p: ParameterValues, config: ModelConfig): StepOutputs {
  const { num_heads, d_kv } = config;
  const inner = num_heads * d_kv;
  // [past+1, heads], which stretches over the rows.
  const bias = Add(Gather(p(DECODER_BIAS), inputs.buckets, 0), Unsqueeze(inputs.pastMask, [1]));
  const grown: KeysAndValues[] = [];

  // One new position a row: products and sums over the past run through memory once, where a matrix product a row and head
  // would be thousands of tiny ones.
  const own = (i: number, h: Value) => {
    const [q, key, value] = (['q', 'k', 'v'] as const).map((part) =>
      p.linear(h, `${ownAttention(i)}.${part}.weight`),
    ) as [Value, Value, Value];
    grown.push({ key, value });
    const line = (past: Value, now: Value) =>
      Reshape(Concat([Gather(past, inputs.ancestors, 0), Unsqueeze(now, [1])], 1), [0, 0, num_heads, d_kv]);
    const { key: pastKey, value: pastValue } = inputs.cache[i]!;
    const asked = Reshape(q, [0, 1, num_heads, d_kv]);
    const scores = ReduceSum(Mul(line(pastKey, key), asked), { axes: [-1], keepdims: false });
    const shares = Unsqueeze(Softmax(Add(scores, bias), 1), [-1]);
    return Reshape(ReduceSum(Mul(line(pastValue, value), shares), { axes: [1], keepdims: false }), [0, inner]);
  };

  // Rows of a query share its states, so they stand in one matrix product; only here does a rectangle's padding cost anything.
  const cross = (i: number, h: Value) => {
    const rows = Gather(p.linear(h, `${crossAttention(i)}.q.weight`), inputs.slots, 0);
    const { key, value } = inputs.cross[i]!;
    const context = mergeHeads(attend(splitHeads(rows, config), key, value, inputs.crossMask), config);
    return Gather(Reshape(context, [-1, inner]), inputs.places, 0);
  };
  return { states: decoderBlocks(p.embed(inputs.ids), { own, cross }, p, config), grown };
}

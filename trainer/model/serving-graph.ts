// The forward graphs that serve predictions: the encoder once a query, the decoder over many prefixes of each query.
import { Graph } from '../graph/graph.js';
import { Slice, Squeeze } from '../graph/ops/shape.js';
import { LogSoftmax } from '../graph/ops/softmax.js';
import type { ModelConfig } from './config.js';
import { parameterSpecs, type Weights } from './parameters.js';
import { causalMask, decode, encode, paddingMask, parameterLookup, relativeBuckets } from './t5.js';

function weightValues(g: Graph, config: ModelConfig, weights: Weights) {
  return parameterLookup(
    new Map(
      parameterSpecs(config).map((s) => [s.name, g.initializer(s.name, 'float32', s.shape, weights.get(s.name)!)]),
    ),
  );
}

/** Inputs: `input_ids` int32 [queries, length], `buckets` int32 [length, length]. Output: `states` [queries, length, d_model]. */
export function encoderGraph(config: ModelConfig, weights: Weights): Graph {
  const g = new Graph('encoder');
  const ids = g.input('input_ids', 'int32', ['queries', 'length']);
  const buckets = g.input('buckets', 'int32', ['length', 'length']);
  const mask = paddingMask(ids, { dtype: 'float32' });
  g.output(encode({ ids, mask, buckets }, weightValues(g, config, weights), config), 'states');
  return g;
}

/**
 * Inputs: `states` [queries, length, d_model], `input_ids` int32 [queries, length] (for the mask),
 * `prefixes` int32 [queries, prefixes, steps]: decoder inputs, start token first.
 * Output: `log_probabilities` [queries, prefixes, number tokens] of what follows each prefix, in nats.
 */
export function decoderGraph(config: ModelConfig, weights: Weights, steps: number): Graph {
  const g = new Graph(`decoder_${steps}`);
  const p = weightValues(g, config, weights);
  const ids = g.input('prefixes', 'int32', ['queries', 'prefixes', steps]);
  const decoded = decode(
    {
      ids,
      steps,
      buckets: g.constant('int32', [steps, steps], relativeBuckets(steps, false, config)),
      causalMask: g.constant('float32', [steps, steps], causalMask(steps)),
      encoderStates: g.input('states', 'float32', ['queries', 'length', config.d_model]),
      encoderMask: paddingMask(g.input('input_ids', 'int32', ['queries', 'length']), { dtype: 'float32' }),
    },
    p,
    config,
  );
  const last = Squeeze(Slice(decoded, { starts: [steps - 1], ends: [steps], axes: [2] }), [2]);
  g.output(LogSoftmax(p.linear(last, 'lm_head.weight'), -1), 'log_probabilities');
  return g;
}

// The decoder without a cache, each prefix from its first token on: what the cached one is checked against and timed beside.
import { Graph } from '../../../trainer/graph/graph.js';
import { Slice, Squeeze } from '../../../trainer/graph/ops/shape.js';
import { LogSoftmax } from '../../../trainer/graph/ops/softmax.js';
import { parameterValues, type ServedModel } from '../../../trainer/model/serving-graph.js';
import { causalMask, decode, paddingMask, relativeBuckets } from '../../../trainer/model/t5.js';

/**
 * Inputs: `states` [queries, length, d_model], `input_ids` int32 [queries, length] (for the mask),
 * `prefixes` int32 [queries, prefixes, steps]: decoder inputs, start token first.
 * Output: `log_probabilities` [queries, prefixes, number tokens] of what follows each prefix, in nats.
 */
export function uncachedDecoder(model: Omit<ServedModel, 'lora'>, steps: number): Graph {
  const { config } = model;
  const g = new Graph(`uncached_decoder_${steps}`);
  const p = parameterValues(g, model, 'decoder');
  const decoded = decode(
    {
      ids: g.input('prefixes', 'int32', ['queries', 'prefixes', steps]),
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

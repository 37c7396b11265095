// The forward graphs that serve predictions: the encoder once a query, the decoder over many prefixes of each query.
import { Graph } from '../graph/graph.js';
import { Slice, Squeeze } from '../graph/ops/shape.js';
import { LogSoftmax } from '../graph/ops/softmax.js';
import type { ModelConfig } from './config.js';
import { type LoraConfig, loraSpecs } from './lora.js';
import type { ParameterSpec, Weights } from './parameters.js';
import { type Precision, weightParameters } from './precision.js';
import { causalMask, decode, encode, paddingMask, relativeBuckets } from './t5.js';
import { adapterScale } from './trainable.js';

/** A model as it is served: its weights stand in the graph; an adapter's are inputs, so that it can be changed between runs. */
export interface ServedModel {
  config: ModelConfig;
  weights: Weights;
  lora?: LoraConfig | undefined;
  /** How the weights are stored and multiplied; float32 by default. int8 is for the CPU. */
  precision?: Precision | undefined;
}

/** The adapter matrices that one part of the model reads. Inputs of its graph, by the names of `loraSpecs`. */
export function adapterInputs({ config, lora }: ServedModel, part: 'encoder' | 'decoder'): ParameterSpec[] {
  if (!lora) return [];
  return loraSpecs(config, lora).filter((spec) => spec.name.startsWith('encoder.') === (part === 'encoder'));
}

function parameterValues(g: Graph, model: ServedModel, part: 'encoder' | 'decoder') {
  const { config, weights, lora, precision = 'float32' } = model;
  const inputs = adapterInputs(model, part).map((s) => [s.name, g.input(s.name, 'float32', s.shape)] as const);
  const adapter = { values: new Map(inputs), scale: adapterScale({ config, adapter: lora }) };
  return weightParameters(g, config, weights, { precision, adapter });
}

/**
 * Inputs: `input_ids` int32 [queries, length], `buckets` int32 [length, length], and the adapter's matrices where the model
 * has one. Output: `states` [queries, length, d_model].
 */
export function encoderGraph(model: ServedModel): Graph {
  const g = new Graph('encoder');
  const ids = g.input('input_ids', 'int32', ['queries', 'length']);
  const buckets = g.input('buckets', 'int32', ['length', 'length']);
  const mask = paddingMask(ids, { dtype: 'float32' });
  g.output(encode({ ids, mask, buckets }, parameterValues(g, model, 'encoder'), model.config), 'states');
  return g;
}

/**
 * Inputs: `states` [queries, length, d_model], `input_ids` int32 [queries, length] (for the mask),
 * `prefixes` int32 [queries, prefixes, steps]: decoder inputs, start token first; and the adapter's matrices.
 * Output: `log_probabilities` [queries, prefixes, number tokens] of what follows each prefix, in nats.
 */
export function decoderGraph(model: ServedModel, steps: number): Graph {
  const { config } = model;
  const g = new Graph(`decoder_${steps}`);
  const p = parameterValues(g, model, 'decoder');
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

// The two forward graphs that serve predictions: the encoder once a query, the decoder one position of many prefixes a run.
import type { Dims } from '../graph/dims.js';
import { Graph, type Value } from '../graph/graph.js';
import { LogSoftmax } from '../graph/ops/softmax.js';
import type { ModelConfig } from './config.js';
import { decodeStep } from './decode-step.js';
import { type LoraConfig, loraSpecs } from './lora.js';
import type { ParameterSpec, Weights } from './parameters.js';
import { type Precision, weightParameters } from './precision.js';
import { crossAttention, crossKeysAndValues, encode, FUSED_LAYERS, type KeysAndValues, paddingMask } from './t5.js';
import { adapterScale } from './trainable.js';

/** A model as it is served: its weights stand in the graph; an adapter's are inputs, so that it can be changed between runs. */
export interface ServedModel {
  config: ModelConfig;
  weights: Weights;
  lora?: LoraConfig | undefined;
  /** How the weights are stored and multiplied; float32 by default. int8 is for the CPU. */
  precision?: Precision | undefined;
}

/** The two sessions of a prediction. What the decoder reads of the encoder's states is the encoder session's to compute. */
export type Part = 'encoder' | 'decoder';

/** The adapter matrices that one part of the model reads. Inputs of its graph, by the names of `loraSpecs`. */
export function adapterInputs({ config, lora }: ServedModel, part: Part): ParameterSpec[] {
  if (!lora) return [];
  const read = blocks(config).flatMap((i) => ['k', 'v'].map((name) => `${crossAttention(i)}.${name}.`));
  const partOf = (name: string): Part =>
    name.startsWith('encoder.') || read.some((prefix) => name.startsWith(prefix)) ? 'encoder' : 'decoder';
  return loraSpecs(config, lora).filter((spec) => partOf(spec.name) === part);
}

const blocks = (config: ModelConfig) => Array.from({ length: config.num_decoder_layers }, (_, i) => i);

/** The weights as initializers of `g`, and the adapter's matrices of this part as its inputs. */
export function parameterValues(g: Graph, model: ServedModel, part: Part) {
  const { config, weights, lora, precision = 'float32' } = model;
  const inputs = adapterInputs(model, part).map((s) => [s.name, g.input(s.name, 'float32', s.shape)] as const);
  const adapter = { values: new Map(inputs), scale: adapterScale({ config, adapter: lora }) };
  return weightParameters(g, config, weights, { precision, adapter, layers: FUSED_LAYERS });
}

/** Names of a block's keys and values, as the encoder hands them out and the decoder takes them. */
export const crossName = (block: number, part: keyof KeysAndValues) => `cross.${block}.${part}`;
/** Names of the decoder's cache: what it takes of earlier positions, and what it adds. */
export const pastName = (block: number, part: keyof KeysAndValues) => `past.${block}.${part}`;
export const presentName = (block: number, part: keyof KeysAndValues) => `present.${block}.${part}`;
export const PARTS: readonly (keyof KeysAndValues)[] = ['key', 'value'];

/**
 * Inputs: `input_ids` int32 [queries, length], `buckets` int32 [length, length], and the adapter's matrices where the model
 * has one. Outputs: `states` [queries, length, d_model], and of each decoder block i what it reads of them, once for all steps:
 * `cross.i.{key,value}` [queries, heads, length, d_kv].
 */
export function encoderGraph(model: ServedModel): Graph {
  const g = new Graph('encoder');
  const p = parameterValues(g, model, 'encoder');
  const ids = g.input('input_ids', 'int32', ['queries', 'length']);
  const buckets = g.input('buckets', 'int32', ['length', 'length']);
  const states = encode({ ids, mask: paddingMask(ids, { dtype: 'float32' }), buckets }, p, model.config);
  g.output(states, 'states');
  for (const i of blocks(model.config)) {
    const read = crossKeysAndValues(states, i, p, model.config);
    for (const part of PARTS) g.output(read[part], crossName(i, part));
  }
  return g;
}

/**
 * One position of `rows` prefixes. Inputs: `input_ids` int32 [queries, length] (for the mask), `cross.i.{key,value}` of the
 * encoder, `past.i.{key,value}` [cached, heads·d_kv], the adapter's matrices, and `tokens`, `ancestors`, `buckets`,
 * `past_mask`, `slots`, `places` as in `StepInputs`. Outputs: `log_probabilities` [rows, number tokens] of what follows each
 * prefix, in nats, and `present.i.{key,value}` [rows, heads·d_kv], to be put behind the cache.
 */
export function decoderGraph(model: ServedModel): Graph {
  const { config } = model;
  const g = new Graph('decoder');
  const p = parameterValues(g, model, 'decoder');
  const inputs = (name: typeof crossName, shape: Dims) =>
    blocks(config).map((i) => {
      const [key, value] = PARTS.map((part) => g.input(name(i, part), 'float32', shape)) as [Value, Value];
      return { key, value };
    });
  const { states, grown } = decodeStep(
    {
      ids: g.input('tokens', 'int32', ['rows']),
      ancestors: g.input('ancestors', 'int32', ['rows', 'past']),
      cache: inputs(pastName, ['cached', config.num_heads * config.d_kv]),
      buckets: g.input('buckets', 'int32', ['past+1']),
      pastMask: g.input('past_mask', 'float32', ['past+1']),
      cross: inputs(crossName, ['queries', config.num_heads, 'length', config.d_kv]),
      crossMask: paddingMask(g.input('input_ids', 'int32', ['queries', 'length']), { dtype: 'float32' }),
      slots: g.input('slots', 'int32', ['queries', 'width']),
      places: g.input('places', 'int32', ['rows']),
    },
    p,
    config,
  );
  g.output(LogSoftmax(p.linear(states, 'lm_head.weight'), -1), 'log_probabilities');
  grown.forEach((added, i) => {
    for (const part of PARTS) g.output(added[part], presentName(i, part));
  });
  return g;
}

// The parameters of the model: their Hugging Face names, shapes, initial values.
import { Random } from '../random.js';
import type { ModelConfig } from './config.js';

/** One weight tensor. Linear weights are kept as [in, out], the transpose of how PyTorch stores them (see weights.ts). */
export interface ParameterSpec {
  /** Hugging Face name, such as `encoder.block.0.layer.0.SelfAttention.q.weight`. */
  name: string;
  shape: readonly number[];
  kind: 'linear' | 'embedding' | 'norm';
  /** Standard deviation of the initial normal values; 0 for norms, which begin as ones. */
  initialStd: number;
}

export type Weights = Map<string, Float32Array>;

/**
 * All parameters in a fixed order. The head has the columns of the number tokens only: nothing else is ever written.
 * Initial scales are Mesh-TensorFlow's T5 ones: attention carries no 1/√d_kv, q's scale does.
 */
export function parameterSpecs(config: ModelConfig): ParameterSpec[] {
  const { d_model: d, d_kv, d_ff, num_heads, vocab_size } = config;
  const inner = num_heads * d_kv;
  const specs: ParameterSpec[] = [];
  const linear = (name: string, rows: number, columns: number, initialStd: number) =>
    specs.push({ name: `${name}.weight`, shape: [rows, columns], kind: 'linear', initialStd });
  const norm = (name: string) => specs.push({ name: `${name}.weight`, shape: [d], kind: 'norm', initialStd: 0 });
  const embedding = (name: string, rows: number, columns: number, initialStd: number) =>
    specs.push({ name: `${name}.weight`, shape: [rows, columns], kind: 'embedding', initialStd });

  const attention = (prefix: string, withBias: boolean) => {
    linear(`${prefix}.q`, d, inner, (d * d_kv) ** -0.5);
    linear(`${prefix}.k`, d, inner, d ** -0.5);
    linear(`${prefix}.v`, d, inner, d ** -0.5);
    linear(`${prefix}.o`, inner, d, inner ** -0.5);
    if (withBias) {
      const buckets = config.relative_attention_num_buckets;
      embedding(`${prefix}.relative_attention_bias`, buckets, num_heads, d ** -0.5);
    }
  };
  const feedForward = (prefix: string) => {
    linear(`${prefix}.DenseReluDense.wi_0`, d, d_ff, d ** -0.5);
    linear(`${prefix}.DenseReluDense.wi_1`, d, d_ff, d ** -0.5);
    linear(`${prefix}.DenseReluDense.wo`, d_ff, d, d_ff ** -0.5);
    norm(`${prefix}.layer_norm`);
  };

  embedding('shared', vocab_size, d, 1);
  for (let i = 0; i < config.num_layers; i++) {
    const block = `encoder.block.${i}`;
    attention(`${block}.layer.0.SelfAttention`, i === 0);
    norm(`${block}.layer.0.layer_norm`);
    feedForward(`${block}.layer.1`);
  }
  norm('encoder.final_layer_norm');
  for (let i = 0; i < config.num_decoder_layers; i++) {
    const block = `decoder.block.${i}`;
    attention(`${block}.layer.0.SelfAttention`, i === 0);
    norm(`${block}.layer.0.layer_norm`);
    attention(`${block}.layer.1.EncDecAttention`, false);
    norm(`${block}.layer.1.layer_norm`);
    feedForward(`${block}.layer.2`);
  }
  norm('decoder.final_layer_norm');
  linear('lm_head', d, config.number_token_end - config.number_token_begin, d ** -0.5);
  return specs;
}

/** Number of scalars in a parameter. */
export function sizeOf(spec: ParameterSpec): number {
  return spec.shape.reduce((a, b) => a * b, 1);
}

/** Fresh weights, the same for the same seed. */
export function initialWeights(config: ModelConfig, seed: number): Weights {
  const random = new Random(seed);
  const weights: Weights = new Map();
  for (const spec of parameterSpecs(config)) {
    const values = new Float32Array(sizeOf(spec));
    if (spec.kind === 'norm') values.fill(1);
    else for (let i = 0; i < values.length; i++) values[i] = spec.initialStd * random.normal();
    weights.set(spec.name, values);
  }
  return weights;
}

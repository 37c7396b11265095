// An independent T5 v1.1 in plain float64 loops: what the graphs, and trainings, are checked against. No code is shared with
// trainer/model but the names and shapes of the parameters.
import type { ModelConfig } from '../../../trainer/model/config.js';
import type { ParameterSpec } from '../../../trainer/model/parameters.js';
import { type Look, Matrix, Tape } from './plain-tape.js';

/** Weights as float64 matrices by name; a norm's weight is one row. */
export function plainParameters(
  specs: readonly ParameterSpec[],
  weights: ReadonlyMap<string, ArrayLike<number>>,
): Map<string, Matrix> {
  return new Map(
    specs.map(({ name, shape }) => {
      const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : [shape[0]!, shape[1]!];
      return [name, new Matrix(rows, columns, Float64Array.from(weights.get(name)!))];
    }),
  );
}

/** T5's bucket of a relative position, as in Mesh TensorFlow's transformer_layers.py. */
function bucketOf(relative: number, bidirectional: boolean, config: ModelConfig): number {
  let buckets = config.relative_attention_num_buckets;
  let offset = 0;
  let n = -relative;
  if (bidirectional) {
    buckets /= 2;
    if (n < 0) offset = buckets;
    n = Math.abs(n);
  } else {
    n = Math.max(n, 0);
  }
  const exact = buckets / 2;
  if (n < exact) return offset + n;
  const large =
    exact +
    Math.floor((Math.log(n / exact) / Math.log(config.relative_attention_max_distance / exact)) * (buckets - exact));
  return offset + Math.min(large, buckets - 1);
}

interface Attention {
  queries: Matrix;
  keys: Matrix;
  prefix: string;
  look: Look;
  bias?: Matrix;
}

export class PlainT5 {
  constructor(
    private readonly config: ModelConfig,
    private readonly parameters: ReadonlyMap<string, Matrix>,
  ) {}

  /** Log-probabilities of the number tokens at each decoder position, for one example: [positions, number tokens]. */
  logProbabilities(inputIds: readonly number[], decoderIds: readonly number[], tape = new Tape()): Matrix {
    const states = this.encode(inputIds, tape);
    return tape.logSoftmax(tape.product(this.decode(decoderIds, inputIds, states, tape), this.w('lm_head.weight')));
  }

  private w(name: string): Matrix {
    return this.parameters.get(name)!;
  }

  private encode(ids: readonly number[], tape: Tape): Matrix {
    const bias = this.w('encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight');
    const look: Look = (q, k) => (ids[k] === 0 ? undefined : bucketOf(k - q, true, this.config));
    let x = tape.rows(this.w('shared.weight'), ids);
    for (let i = 0; i < this.config.num_layers; i++) {
      const block = `encoder.block.${i}.layer`;
      const h = this.norm(x, `${block}.0.layer_norm`, tape);
      x = tape.sum(x, this.attention({ queries: h, keys: h, prefix: `${block}.0.SelfAttention`, look, bias }, tape));
      x = this.feedForward(x, `${block}.1`, tape);
    }
    return this.norm(x, 'encoder.final_layer_norm', tape);
  }

  private decode(ids: readonly number[], inputIds: readonly number[], states: Matrix, tape: Tape): Matrix {
    const bias = this.w('decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight');
    const self: Look = (q, k) => (k > q ? undefined : bucketOf(k - q, false, this.config));
    const cross: Look = (_q, k) => (inputIds[k] === 0 ? undefined : 0);
    let x = tape.rows(this.w('shared.weight'), ids);
    for (let i = 0; i < this.config.num_decoder_layers; i++) {
      const block = `decoder.block.${i}.layer`;
      let h = this.norm(x, `${block}.0.layer_norm`, tape);
      const own = { queries: h, keys: h, prefix: `${block}.0.SelfAttention`, look: self, bias };
      x = tape.sum(x, this.attention(own, tape));
      h = this.norm(x, `${block}.1.layer_norm`, tape);
      const other = { queries: h, keys: states, prefix: `${block}.1.EncDecAttention`, look: cross };
      x = tape.sum(x, this.attention(other, tape));
      x = this.feedForward(x, `${block}.2`, tape);
    }
    return this.norm(x, 'decoder.final_layer_norm', tape);
  }

  private norm(x: Matrix, name: string, tape: Tape): Matrix {
    return tape.norm(x, this.w(`${name}.weight`), this.config.layer_norm_epsilon);
  }

  private attention({ queries, keys, prefix, look, bias }: Attention, tape: Tape): Matrix {
    const q = tape.product(queries, this.w(`${prefix}.q.weight`));
    const k = tape.product(keys, this.w(`${prefix}.k.weight`));
    const v = tape.product(keys, this.w(`${prefix}.v.weight`));
    return tape.product(tape.attention(q, k, v, this.config.num_heads, look, bias), this.w(`${prefix}.o.weight`));
  }

  private feedForward(x: Matrix, prefix: string, tape: Tape): Matrix {
    const h = this.norm(x, `${prefix}.layer_norm`, tape);
    const gate = tape.product(h, this.w(`${prefix}.DenseReluDense.wi_0.weight`));
    const linear = tape.product(h, this.w(`${prefix}.DenseReluDense.wi_1.weight`));
    return tape.sum(x, tape.product(tape.gated(gate, linear), this.w(`${prefix}.DenseReluDense.wo.weight`)));
  }
}

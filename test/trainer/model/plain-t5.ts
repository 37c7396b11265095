// An independent T5 v1.1 in plain loops over nested arrays, float64: what the graphs are checked against. No code is shared
// with trainer/model but the names and shapes of the parameters.
import type { ModelConfig } from '../../../trainer/model/config.js';

type Matrix = number[][];
export type PlainWeights = (name: string) => { data: ArrayLike<number>; columns: number };

const matmul = (a: Matrix, w: { data: ArrayLike<number>; columns: number }): Matrix =>
  a.map((row) =>
    Array.from({ length: w.columns }, (_, j) =>
      row.reduce((sum, value, i) => sum + value * w.data[i * w.columns + j]!, 0),
    ),
  );

const add = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => value + b[i]![j]!));

function softmax(row: number[]): number[] {
  const max = Math.max(...row);
  const exps = row.map((v) => Math.exp(v - max));
  const sum = exps.reduce((p, q) => p + q, 0);
  return exps.map((v) => v / sum);
}

function norm(x: Matrix, w: ArrayLike<number>, epsilon: number): Matrix {
  return x.map((row) => {
    const meanSquare = row.reduce((s, v) => s + v * v, 0) / row.length;
    return row.map((v, i) => (v / Math.sqrt(meanSquare + epsilon)) * w[i]!);
  });
}

/** The tanh approximation of GELU that T5 v1.1 uses ("gelu_new"). */
const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

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

interface AttentionInputs {
  queries: Matrix;
  keys: Matrix;
  prefix: string;
  /** Added to the score of (head, query, key); −Infinity where the query may not look. */
  bias: (head: number, query: number, key: number) => number;
}

export class PlainT5 {
  constructor(
    private readonly config: ModelConfig,
    private readonly w: PlainWeights,
  ) {}

  /** Log-probabilities of the number tokens at each decoder position, for one example. */
  logProbabilities(inputIds: number[], decoderIds: number[]): Matrix {
    const states = this.encode(inputIds);
    const logits = matmul(this.decode(decoderIds, inputIds, states), this.w('lm_head.weight'));
    return logits.map((row) => {
      const max = Math.max(...row);
      const logSum = max + Math.log(row.reduce((s, v) => s + Math.exp(v - max), 0));
      return row.map((v) => v - logSum);
    });
  }

  private embed(ids: number[]): Matrix {
    const { data, columns } = this.w('shared.weight');
    return ids.map((id) => Array.from({ length: columns }, (_, j) => data[id * columns + j]!));
  }

  private encode(ids: number[]): Matrix {
    const { num_layers, layer_norm_epsilon: epsilon, num_heads } = this.config;
    const table = this.w('encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight').data;
    let x = this.embed(ids);
    for (let i = 0; i < num_layers; i++) {
      const block = `encoder.block.${i}.layer`;
      const h = norm(x, this.w(`${block}.0.layer_norm.weight`).data, epsilon);
      const bias = (head: number, q: number, k: number) =>
        ids[k] === 0 ? Number.NEGATIVE_INFINITY : table[bucketOf(k - q, true, this.config) * num_heads + head]!;
      x = add(x, this.attention({ queries: h, keys: h, prefix: `${block}.0.SelfAttention`, bias }));
      x = this.feedForward(x, `${block}.1`);
    }
    return norm(x, this.w('encoder.final_layer_norm.weight').data, epsilon);
  }

  private decode(ids: number[], inputIds: number[], states: Matrix): Matrix {
    const { num_decoder_layers, layer_norm_epsilon: epsilon, num_heads } = this.config;
    const table = this.w('decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight').data;
    let x = this.embed(ids);
    for (let i = 0; i < num_decoder_layers; i++) {
      const block = `decoder.block.${i}.layer`;
      let h = norm(x, this.w(`${block}.0.layer_norm.weight`).data, epsilon);
      const self = (head: number, q: number, k: number) =>
        k > q ? Number.NEGATIVE_INFINITY : table[bucketOf(k - q, false, this.config) * num_heads + head]!;
      x = add(x, this.attention({ queries: h, keys: h, prefix: `${block}.0.SelfAttention`, bias: self }));
      h = norm(x, this.w(`${block}.1.layer_norm.weight`).data, epsilon);
      const cross = (_head: number, _q: number, k: number) => (inputIds[k] === 0 ? Number.NEGATIVE_INFINITY : 0);
      x = add(x, this.attention({ queries: h, keys: states, prefix: `${block}.1.EncDecAttention`, bias: cross }));
      x = this.feedForward(x, `${block}.2`);
    }
    return norm(x, this.w('decoder.final_layer_norm.weight').data, epsilon);
  }

  private attention({ queries, keys, prefix, bias }: AttentionInputs): Matrix {
    const { num_heads, d_kv } = this.config;
    const q = matmul(queries, this.w(`${prefix}.q.weight`));
    const k = matmul(keys, this.w(`${prefix}.k.weight`));
    const v = matmul(keys, this.w(`${prefix}.v.weight`));
    const context = q.map((query, i) => {
      const row: number[] = [];
      for (let head = 0; head < num_heads; head++) {
        const at = head * d_kv;
        const scores = k.map((key, j) => {
          let score = bias(head, i, j);
          for (let c = 0; c < d_kv; c++) score += query[at + c]! * key[at + c]!;
          return score;
        });
        const shares = softmax(scores);
        for (let c = 0; c < d_kv; c++) row.push(shares.reduce((sum, share, j) => sum + share * v[j]![at + c]!, 0));
      }
      return row;
    });
    return matmul(context, this.w(`${prefix}.o.weight`));
  }

  private feedForward(x: Matrix, prefix: string): Matrix {
    const h = norm(x, this.w(`${prefix}.layer_norm.weight`).data, this.config.layer_norm_epsilon);
    const gate = matmul(h, this.w(`${prefix}.DenseReluDense.wi_0.weight`));
    const linear = matmul(h, this.w(`${prefix}.DenseReluDense.wi_1.weight`));
    const hidden = gate.map((row, i) => row.map((value, j) => gelu(value) * linear[i]![j]!));
    return add(x, matmul(hidden, this.w(`${prefix}.DenseReluDense.wo.weight`)));
  }
}

// The written model: names, copies where ONNX wants them, the same bytes each time, and one graph at any size.
import { describe, expect, it } from 'vitest';
import { type Dims, Graph, gradients, toModel, type Value } from '../../../trainer/graph/graph.js';
import { ModelProto } from '../../../trainer/graph/onnx-schema.js';
import { Add, Mul, Tanh } from '../../../trainer/graph/ops/elementwise.js';
import { MatMul } from '../../../trainer/graph/ops/matmul.js';
import { ReduceMean, ReduceSum } from '../../../trainer/graph/ops/reduce.js';
import { Concat, Expand, Reshape, Slice, Split, Transpose } from '../../../trainer/graph/ops/shape.js';
import { Softmax } from '../../../trainer/graph/ops/softmax.js';
import { Random } from '../../../trainer/random.js';
import { numbers, runOnce } from './kit.js';

describe('the written model', () => {
  it('gives inputs, weights and one value under several names as outputs', async () => {
    const g = new Graph();
    const x = g.input('x', 'int32', [2]);
    const w = g.initializer('w', 'float64', [1], Float64Array.of(5));
    const sum = Add(x, x);
    g.output(x, 'input');
    g.output(w, 'weight');
    g.output(sum, 'once');
    g.output(sum, 'twice');
    const result = await runOnce(g, { x: { data: Int32Array.of(1, 2), dims: [2] } });
    expect(Object.keys(result)).toEqual(['input', 'weight', 'once', 'twice']);
    expect(numbers(result.input!.data)).toEqual([1, 2]);
    expect(numbers(result.weight!.data)).toEqual([5]);
    expect(result.twice).toEqual(result.once);
  });

  it('is the same bytes each time', () => {
    const build = () => {
      const g = new Graph();
      const x = g.input('x', 'float32', ['n', 3]);
      const w = g.initializer('w', 'float32', [3, 3], new Float32Array(9).fill(0.5));
      const loss = ReduceMean(Tanh(MatMul(x, w)), { keepdims: false });
      g.output(gradients(loss, [w])[0]!, 'dw');
      return toModel(g);
    };
    expect(Buffer.compare(build(), build())).toBe(0);
  });

  it('holds every constant once, with its type, and every element type', async () => {
    const g = new Graph();
    expect(g.scalar('float32', 1)).toBe(g.constant('float32', [], Float32Array.of(1)));
    expect(g.scalar('float32', 1)).not.toBe(g.scalar('float64', 1));
    expect(g.constant('float32', [1], [1])).not.toBe(g.scalar('float32', 1));
    const samples = { float32: 1.5, float64: -2.25, int32: -7, int64: 2 ** 40, bool: 1 } as const;
    for (const [dtype, value] of Object.entries(samples)) {
      g.output(g.constant(dtype as keyof typeof samples, [2], [value, 0]), `out.${dtype}`);
    }
    const result = await runOnce(g);
    for (const [dtype, value] of Object.entries(samples)) {
      expect(numbers(result[`out.${dtype}`]!.data), dtype).toEqual([value, 0]);
    }
  });

  it('states symbolic sizes', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', ['batch', 'len', 8]);
    const joined = Concat([x, x], 1);
    expect(joined.shape).toEqual(['batch', '2*len', 8]);
    const flat = Reshape(x, [-1, 8]);
    expect(flat.shape).toEqual(['batch*len', 8]);
    expect(Reshape(flat, ['rows', 4]).shape).toEqual(['rows', 4]);
    expect(Reshape(flat, ['batch', 'len', 2, 4]).shape).toEqual(['batch', 'len', 2, 4]);
    expect(Slice(x, { starts: [1], ends: [Number.POSITIVE_INFINITY], axes: [1] }).shape).toEqual(['batch', 'len-1', 8]);
    g.output(joined, 'y');
    const model = ModelProto.toObject(ModelProto.decode(toModel(g)));
    const dims = model.graph.output[0].type.tensorType.shape.dim;
    expect(dims.map((d: { dimParam?: string; dimValue?: unknown }) => d.dimParam ?? Number(d.dimValue))).toEqual([
      'batch',
      '2*len',
      8,
    ]);
  });
});

describe('one graph at any size', () => {
  /** Attention with a cache over symbolic sizes: products, sums and differences of symbols, gradients included. */
  function attention(shapes: { x: Dims; past: Dims }): Graph {
    const g = new Graph();
    const x = g.input('x', 'float64', shapes.x);
    const past = g.input('past', 'float64', shapes.past);
    const w = g.input('w', 'float64', [4, 4]);
    const [batch, len] = x.shape as [Value['shape'][number], Value['shape'][number]];
    const heads = (v: Value) => Transpose(Reshape(v, [0, 0, 2, 2]), [0, 2, 1, 3]);
    const keys = Concat([past, x], 1);
    const scores = Softmax(MatMul(heads(MatMul(x, w)), Transpose(heads(keys), [0, 1, 3, 2])));
    const mixed = Reshape(Transpose(MatMul(scores, heads(keys)), [0, 2, 1, 3]), [batch, len, 4]);
    const flat = Reshape(mixed, [-1, 4]);
    const [first, rest] = Split(flat, [1, Reshape(flat, [-1, 4]).shape[0] === 6 ? 5 : 'batch*len-1'], 0);
    const again = Reshape(Concat([rest!, first!], 0), [batch, len, 4]);
    const stretched = Mul(again, Expand(Slice(x, { starts: [0], ends: [1], axes: [1] }), [batch, len, 4]));
    const loss = ReduceMean(Mul(stretched, stretched), { keepdims: false });
    g.output(loss, 'loss');
    g.output(ReduceSum(scores, { axes: [0, 1, 2], keepdims: false }), 'attention');
    gradients(loss, [x, past, w]).forEach((value, i) => void g.output(value, `d${i}`));
    return g;
  }

  it('computes what the graph of fixed sizes does', async () => {
    const random = new Random(9);
    const draw = (...dims: number[]) => {
      const data = Float64Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal());
      return { data, dims };
    };
    const feeds = { x: draw(2, 3, 4), past: draw(2, 5, 4), w: draw(4, 4) };
    const fixed = await runOnce(attention({ x: [2, 3, 4], past: [2, 5, 4] }), feeds);
    const symbolic = await runOnce(attention({ x: ['batch', 'len', 4], past: ['batch', 'past', 4] }), feeds);
    expect(Object.keys(symbolic)).toEqual(['loss', 'attention', 'd0', 'd1', 'd2']);
    for (const [name, { data, dims }] of Object.entries(fixed)) {
      expect(symbolic[name]!.dims).toEqual(dims);
      numbers(symbolic[name]!.data).forEach((v, i) => void expect(v).toBeCloseTo(Number(data[i]), 12));
    }
  });
});

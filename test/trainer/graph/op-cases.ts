// One row or more for each operator: how it is called, on what. The tests derive gradients, shapes and symbolic runs from it.
import type { Value } from '../../../trainer/graph/graph.js';
import { Gelu, OneHot, RMSNormalize } from '../../../trainer/graph/ops/composite.js';
import * as e from '../../../trainer/graph/ops/elementwise.js';
import { SimplifiedLayerNormalization, TanhGelu } from '../../../trainer/graph/ops/fused.js';
import * as ix from '../../../trainer/graph/ops/indexing.js';
import * as l from '../../../trainer/graph/ops/logic.js';
import { MatMul } from '../../../trainer/graph/ops/matmul.js';
import { DynamicQuantizeLinear, MatMulInteger } from '../../../trainer/graph/ops/quantize.js';
import * as r from '../../../trainer/graph/ops/reduce.js';
import * as s from '../../../trainer/graph/ops/shape.js';
import { LogSoftmax, Softmax } from '../../../trainer/graph/ops/softmax.js';
import { CumSum, Trilu } from '../../../trainer/graph/ops/triangular.js';
import { distinct, integers, normal, positive, type Sample } from './kit.js';

export interface OpCase {
  /** The operator as it is registered; composites have their function's name. */
  op: string;
  /** What sets the row apart from the operator's others. */
  of: string;
  inputs: readonly Sample[];
  build: (...values: Value[]) => Value | readonly Value[];
  /** Why the row is checked in float32. */
  float32Only?: string;
  /** Why the row makes no sense when the sizes are unknown; absent: it must pass with symbols too. */
  staticOnly?: string;
}

const NUMBERS = 'its arguments name sizes';

function binaryCases(op: string, build: (a: Value, b: Value) => Value, make = normal): OpCase[] {
  const shapes: [string, number[], number[]][] = [
    ['equal shapes', [2, 3], [2, 3]],
    ['a scalar on the right', [2, 3], []],
    ['a scalar on the left', [], [2, 3]],
    ['a stretched leading axis', [4, 2, 3], [3]],
    ['inner and leading axes', [2, 1, 3], [4, 2, 5, 1]],
  ];
  // The operands are drawn from different seeds: b has an axis that a lacks, or is moved off a.
  return shapes.map(([of, a, b]) => {
    const right = make(...b);
    return { op, of, inputs: [make(...a), { ...right, values: right.values.map((v) => v + 0.111) }], build };
  });
}

const unaryCase = (op: string, build: (x: Value) => Value, input: Sample): OpCase => ({
  op,
  of: `[${input.dims}]`,
  inputs: [input],
  build,
});

function reduceCases(op: string, build: (x: Value, o?: r.ReduceOptions) => Value, input = normal(2, 3, 4)): OpCase[] {
  return [
    { op, of: 'all axes', inputs: [input], build: (x) => build(x, { keepdims: false }) },
    { op, of: 'the last axis, kept', inputs: [input], build: (x) => build(x, { axes: -1 }) },
    { op, of: 'two axes, dropped', inputs: [input], build: (x) => build(x, { axes: [0, 2], keepdims: false }) },
    { op, of: 'no axes', inputs: [input], build: (x) => build(x, { axes: [] }) },
  ];
}

export const NO_KERNEL = 'ONNX Runtime 1.30 has no float64 kernel of it on the CPU';

export const OP_CASES: readonly OpCase[] = [
  ...binaryCases('Add', e.Add),
  ...binaryCases('Sub', e.Sub),
  ...binaryCases('Mul', e.Mul),
  ...binaryCases('Div', e.Div, positive),
  ...binaryCases('Pow', e.Pow, positive),
  ...binaryCases('Max', e.Max, distinct),
  ...binaryCases('Min', e.Min, distinct),
  { op: 'Pow', of: 'a number as exponent', inputs: [normal(2, 3)], build: (x) => e.Pow(x, 3) },
  { op: 'Sub', of: 'a number on the left', inputs: [normal(2, 3)], build: (x) => e.Sub(1, x) },
  { op: 'Clip', of: 'values beyond both limits', inputs: [distinct(4, 3)], build: (x) => e.Clip(x, -0.75, 0.5) },
  unaryCase('Neg', e.Neg, normal(2, 3)),
  unaryCase('Abs', e.Abs, distinct(2, 3)),
  unaryCase('Sign', e.Sign, distinct(2, 3)),
  unaryCase('Floor', e.Floor, distinct(2, 3)),
  unaryCase('Reciprocal', e.Reciprocal, positive(2, 3)),
  unaryCase('Sqrt', e.Sqrt, positive(2, 3)),
  unaryCase('Exp', e.Exp, normal(2, 3)),
  unaryCase('Log', e.Log, positive(2, 3)),
  unaryCase('Tanh', e.Tanh, normal(2, 3)),
  unaryCase('Sigmoid', e.Sigmoid, normal(2, 3)),
  unaryCase('Relu', e.Relu, distinct(2, 3)),
  { ...unaryCase('Erf', e.Erf, normal(2, 3)), float32Only: NO_KERNEL },
  unaryCase('Gelu', Gelu, normal(2, 3)),
  unaryCase('RMSNormalize', (x) => RMSNormalize(x, 1e-3), normal(2, 3)),

  { op: 'Where', of: 'equal shapes', inputs: [mask(2, 3), normal(2, 3), positive(2, 3)], build: l.Where },
  { op: 'Where', of: 'all three stretched', inputs: [mask(4, 1, 1), normal(2, 1), positive(3)], build: l.Where },
  {
    op: 'Cast',
    of: 'float to float',
    inputs: [normal(2, 3)],
    build: (x) => l.Cast(l.Cast(x, 'float64'), 'float32'),
    float32Only: 'rounding to float32 in between hides the differences of a float64',
  },
  { op: 'Cast', of: 'float to integer', inputs: [distinct(2, 3)], build: (x) => l.Cast(x, 'int32') },
  { op: 'Equal', of: 'integers', inputs: [integers([2, 2], [1, 2, 3, 2]), integers([2], [1, 2])], build: l.Equal },
  { op: 'Less', of: 'floats', inputs: [normal(2, 3), normal(3)], build: l.Less },
  { op: 'LessOrEqual', of: 'floats', inputs: [normal(2, 3), normal(3)], build: l.LessOrEqual },
  { op: 'Greater', of: 'floats', inputs: [normal(2, 3), normal(3)], build: l.Greater },
  {
    op: 'GreaterOrEqual',
    of: 'integers',
    inputs: [integers([2], [1, 2], 'int32'), integers([1], [2], 'int32')],
    build: l.GreaterOrEqual,
  },
  { op: 'And', of: 'stretched', inputs: [mask(2, 3), mask(3)], build: l.And },
  { op: 'Or', of: 'stretched', inputs: [mask(2, 3), mask(3)], build: l.Or },
  { op: 'Not', of: '[2,3]', inputs: [mask(2, 3)], build: l.Not },

  { op: 'MatMul', of: 'two matrices', inputs: [normal(4, 3), normal(3, 5)], build: MatMul },
  { op: 'MatMul', of: 'equal batches', inputs: [normal(2, 6, 4, 3), normal(2, 6, 3, 5)], build: MatMul },
  { op: 'MatMul', of: 'a weight on the right', inputs: [normal(2, 4, 3), normal(3, 5)], build: MatMul },
  {
    op: 'MatMul',
    of: 'a weight on the right, two batch axes',
    inputs: [normal(2, 6, 4, 3), normal(3, 5)],
    build: MatMul,
  },
  { op: 'MatMul', of: 'a weight on the left', inputs: [normal(4, 3), normal(2, 6, 3, 5)], build: MatMul },
  { op: 'MatMul', of: 'a batch of one on the right', inputs: [normal(2, 6, 4, 3), normal(2, 1, 3, 5)], build: MatMul },
  { op: 'MatMul', of: 'a batch of one on the left', inputs: [normal(1, 6, 4, 3), normal(2, 6, 3, 5)], build: MatMul },
  { op: 'MatMul', of: 'both stretched', inputs: [normal(2, 1, 4, 3), normal(1, 6, 3, 5)], build: MatMul },
  {
    op: 'MatMul',
    of: 'both stretched, of different ranks',
    inputs: [normal(6, 4, 3), normal(2, 1, 3, 5)],
    build: MatMul,
  },
  {
    op: 'DynamicQuantizeLinear',
    of: 'its values',
    inputs: [{ ...normal(2, 3), dtype: 'float32' }],
    build: (x) => DynamicQuantizeLinear(x).values,
  },
  {
    op: 'MatMulInteger',
    of: 'a weight on the right',
    inputs: [
      integers([2, 2, 3], [0, 255, 3, 7, 128, 9, 1, 2, 3, 4, 5, 6], 'uint8'),
      integers([3, 4], [-127, 127, 0, 1, 5, 6, -7, 8, 9, 1, 2, -3], 'int8'),
      integers([], [128], 'uint8'),
    ],
    build: MatMulInteger,
  },
  {
    op: 'SimplifiedLayerNormalization',
    of: 'three axes',
    inputs: [
      { ...normal(2, 3, 4), dtype: 'float32' },
      { ...normal(4), dtype: 'float32' },
    ],
    build: (x, weight) => l.Cast(SimplifiedLayerNormalization(x, weight, 1e-6), 'int32'),
  },
  {
    op: 'TanhGelu',
    of: '[2,3]',
    inputs: [{ ...normal(2, 3), dtype: 'float32' }],
    build: (x) => l.Cast(TanhGelu(x), 'int32'),
  },

  { op: 'Softmax', of: 'the last axis', inputs: [normal(2, 3, 4)], build: (x) => Softmax(x) },
  { op: 'Softmax', of: 'a middle axis', inputs: [normal(2, 3, 4)], build: (x) => Softmax(x, 1) },
  { op: 'LogSoftmax', of: 'the last axis', inputs: [normal(2, 3, 4)], build: (x) => LogSoftmax(x) },
  ...reduceCases('ReduceSum', r.ReduceSum),
  ...reduceCases('ReduceMean', r.ReduceMean),
  ...reduceCases('ReduceMax', r.ReduceMax, distinct(2, 3, 4)),
  ...reduceCases('ReduceSumSquare', r.ReduceSumSquare),
  ...reduceCases('ReduceLogSumExp', r.ReduceLogSumExp),
  { op: 'TopK', of: 'its indices', inputs: [distinct(2, 5)], build: (x) => r.TopK(x, 3).indices },
  { op: 'ArgMax', of: 'a middle axis', inputs: [distinct(2, 3, 4)], build: (x) => r.ArgMax(x, 1, false) },
  { op: 'CumSum', of: 'axis 1', inputs: [normal(2, 3, 4)], build: (x) => CumSum(x, 1) },
  { op: 'CumSum', of: 'exclusive', inputs: [normal(2, 3)], build: (x) => CumSum(x, 1, { exclusive: true }) },
  { op: 'CumSum', of: 'from the end', inputs: [normal(2, 3)], build: (x) => CumSum(x, 0, { reverse: true }) },
  { op: 'Trilu', of: 'upper', inputs: [normal(2, 3, 4)], build: (x) => Trilu(x) },
  { op: 'Trilu', of: 'lower, moved', inputs: [normal(3, 4)], build: (x) => Trilu(x, { upper: false, k: -1 }) },

  { op: 'Identity', of: '[2,3]', inputs: [normal(2, 3)], build: s.Identity },
  { op: 'Shape', of: 'some axes', inputs: [normal(2, 3, 4)], build: (x) => s.Shape(x, 1, 3) },
  { op: 'Transpose', of: 'reversed', inputs: [normal(2, 3, 4)], build: (x) => s.Transpose(x) },
  { op: 'Transpose', of: 'a cycle', inputs: [normal(2, 3, 4)], build: (x) => s.Transpose(x, [2, 0, 1]) },
  { op: 'Reshape', of: 'one size left open', inputs: [normal(2, 3, 4)], build: (x) => s.Reshape(x, [0, -1]) },
  {
    op: 'Reshape',
    of: 'split heads',
    inputs: [normal(2, 3, 6)],
    build: (x) => s.Reshape(x, [0, 0, 2, 3]),
    staticOnly: NUMBERS,
  },
  { op: 'Squeeze', of: 'two axes', inputs: [normal(1, 3, 1, 2)], build: (x) => s.Squeeze(x, [0, -2]) },
  { op: 'Unsqueeze', of: 'two axes', inputs: [normal(3, 2)], build: (x) => s.Unsqueeze(x, [0, -1]) },
  {
    op: 'Expand',
    of: 'inner and leading axes',
    inputs: [normal(3, 1), normal(2, 3, 4)],
    build: (x, y) => s.Expand(x, y.shape),
  },
  { op: 'Concat', of: 'three', inputs: [normal(2, 3), normal(2, 4), normal(2, 5)], build: (...v) => s.Concat(v, 1) },
  { op: 'Split', of: 'unequal', inputs: [normal(6, 3)], build: (x) => s.Split(x, [1, 3, 2], 0), staticOnly: NUMBERS },
  {
    op: 'Split',
    of: 'equal, one part unused',
    inputs: [normal(2, 6)],
    build: (x) => s.Split(x, 3, 1).slice(1),
    staticOnly: NUMBERS,
  },
  { op: 'Slice', of: 'two axes', inputs: [normal(4, 5)], build: (x) => s.Slice(x, { starts: [1, 0], ends: [3, 2] }) },
  {
    op: 'Slice',
    of: 'from the end',
    inputs: [normal(4, 5)],
    build: (x) => s.Slice(x, { starts: [-2], ends: [Infinity], axes: [1] }),
  },
  {
    op: 'Slice',
    of: 'to the end',
    inputs: [normal(4, 5)],
    build: (x) => s.Slice(x, { starts: [1], ends: [-1], axes: [0] }),
  },
  { op: 'Pad', of: 'both ends', inputs: [normal(2, 3)], build: (x) => s.Pad(x, [1, 0], [0, 2]) },

  {
    op: 'Gather',
    of: 'rows, some twice',
    inputs: [normal(4, 3), integers([2, 3], [0, 3, 0, 1, 0, 3])],
    build: (x, i) => ix.Gather(x, i),
  },
  {
    op: 'Gather',
    of: 'a middle axis',
    inputs: [normal(2, 5, 3), integers([4], [4, 1, 1, -5])],
    build: (x, i) => ix.Gather(x, i, 1),
  },
  {
    op: 'Gather',
    of: 'one place',
    inputs: [normal(4, 3), integers([], [2], 'int32')],
    build: (x, i) => ix.Gather(x, i, 1),
  },
  {
    op: 'GatherElements',
    of: 'repeated places',
    inputs: [normal(2, 3), integers([2, 4], [0, 0, 2, 1, 1, 1, 1, 0])],
    build: (x, i) => ix.GatherElements(x, i, 1),
  },
  {
    op: 'GatherND',
    of: 'repeated places',
    inputs: [normal(2, 3, 4), integers([3, 2], [0, 1, 1, 2, 0, 1])],
    build: ix.GatherND,
    staticOnly: NUMBERS,
  },
  {
    op: 'ScatterND',
    of: 'added, repeated places',
    inputs: [normal(4, 3), integers([5, 1], [0, 1, 1, 3, 1]), positive(5, 3)],
    build: (x, i, u) => ix.ScatterND(x, i, u, 'add'),
  },
  {
    op: 'ScatterND',
    of: 'added at pairs of places',
    inputs: [normal(2, 3, 4), integers([3, 2], [0, 1, 1, -1, 0, 1]), positive(3, 4)],
    build: (x, i, u) => ix.ScatterND(x, i, u, 'add'),
    staticOnly: NUMBERS,
  },
  {
    op: 'ScatterND',
    of: 'replaced',
    inputs: [normal(4, 3), integers([2, 1], [3, 1]), positive(2, 3)],
    build: (x, i, u) => ix.ScatterND(x, i, u),
  },
  {
    op: 'ScatterElements',
    of: 'added, repeated places',
    inputs: [normal(3, 2), integers([4, 2], [0, 2, 0, 1, 1, 1, 0, 1]), positive(4, 2)],
    build: (x, i, u) => ix.ScatterElements(x, i, u, 0, 'add'),
  },
  {
    op: 'ScatterElements',
    of: 'replaced',
    inputs: [normal(3, 2), integers([2, 2], [0, 2, 1, 1]), positive(2, 2)],
    build: (x, i, u) => ix.ScatterElements(x, i, u, 0),
  },
  {
    op: 'OneHot',
    of: 'an index outside',
    inputs: [integers([2, 2], [0, 2, 1, 5])],
    build: (i) => OneHot(i, 3, 'float64'),
  },
];

/** Alternating bools. */
function mask(...dims: number[]): Sample {
  const size = dims.reduce((a, b) => a * b, 1);
  return { dtype: 'bool', dims, values: Array.from({ length: size }, (_, i) => ((i * 7) % 3) % 2) };
}

// What is refused while a graph is built: each with its code, the operator's name first, and the fix.
import { describe, expect, it } from 'vitest';
import { type DType, Graph, type GraphErrorCode, gradients } from '../../../trainer/graph/graph.js';
import { OneHot } from '../../../trainer/graph/ops/composite.js';
import { If, Loop } from '../../../trainer/graph/ops/control-flow.js';
import { Add, Clip, Exp, Mul } from '../../../trainer/graph/ops/elementwise.js';
import { Gather, GatherElements, GatherND, ScatterElements, ScatterND } from '../../../trainer/graph/ops/indexing.js';
import { And, Not, Where } from '../../../trainer/graph/ops/logic.js';
import { MatMul } from '../../../trainer/graph/ops/matmul.js';
import { ReduceSum, TopK } from '../../../trainer/graph/ops/reduce.js';
import {
  Concat,
  Expand,
  Pad,
  Reshape,
  Shape,
  Slice,
  Split,
  Squeeze,
  Transpose,
} from '../../../trainer/graph/ops/shape.js';
import { Trilu } from '../../../trainer/graph/ops/triangular.js';

const g = new Graph();
let inputs = 0;
const input = (dtype: DType, ...shape: (number | string)[]) => g.input(`in${inputs++}`, dtype, shape);
const f = (...shape: (number | string)[]) => input('float32', ...shape);
const i = (...shape: (number | string)[]) => input('int64', ...shape);
const flag = (...shape: (number | string)[]) => input('bool', ...shape);

type Case = [GraphErrorCode, string, () => unknown];
const CASES: Case[] = [
  ['GRAPH_SHAPE_MISMATCH', 'MatMul: inner dimensions differ: a[4,3] × b[2,5]', () => MatMul(f(4, 3), f(2, 5))],
  ['GRAPH_SHAPE_MISMATCH', 'MatMul: shapes do not broadcast: a[2] × b[3]', () => MatMul(f(2, 4, 3), f(3, 3, 5))],
  [
    'GRAPH_SHAPE_MISMATCH',
    'MatMul: operands need two axes or more: a[3] × b[3,5]: Unsqueeze',
    () => MatMul(f(3), f(3, 5)),
  ],
  ['GRAPH_SHAPE_MISMATCH', 'Add: shapes do not broadcast: a[2,3] × b[2]', () => Add(f(2, 3), f(2))],
  ['GRAPH_SHAPE_MISMATCH', 'Add: shapes do not broadcast: a[batch] × b[len]', () => Add(f('batch'), f('len'))],
  ['GRAPH_SHAPE_MISMATCH', 'Add: shapes do not broadcast: a[batch] × b[5]', () => Add(f('batch'), f(5))],
  [
    'GRAPH_DTYPE_MISMATCH',
    'Add: operands differ in type: a float32[3] × b int64[3]: insert a Cast',
    () => Add(f(3), i(3)),
  ],
  ['GRAPH_DTYPE_MISMATCH', 'Mul: needs numbers, got bool[3]', () => Mul(flag(3), flag(3))],
  ['GRAPH_INVALID_ARGUMENT', 'Mul: at least one operand must be a Value', () => Mul(1, 2)],
  ['GRAPH_DTYPE_MISMATCH', 'Exp: needs float32 or float64, got int64[3]', () => Exp(i(3))],
  ['GRAPH_INVALID_ARGUMENT', 'Clip: low 2 must not exceed high 1', () => Clip(f(3), 2, 1)],
  ['GRAPH_INVALID_ARGUMENT', 'Clip: low NaN', () => Clip(f(3), Number.NaN, 1)],
  ['GRAPH_DTYPE_MISMATCH', 'And: needs bool', () => And(f(3), f(3))],
  ['GRAPH_DTYPE_MISMATCH', 'Not: needs bool', () => Not(i())],
  ['GRAPH_DTYPE_MISMATCH', 'Where: needs bool, got float32[3]', () => Where(f(3), f(3), 0)],
  ['GRAPH_INVALID_AXIS', 'ReduceSum: axis 2 of a tensor of rank 2: use -2..1', () => ReduceSum(f(2, 3), { axes: 2 })],
  ['GRAPH_INVALID_AXIS', 'ReduceSum: axes [1,-1] name an axis twice', () => ReduceSum(f(2, 3), { axes: [1, -1] })],
  [
    'GRAPH_INVALID_AXIS',
    'ReduceSum: axis 0 of a tensor of rank 0: a scalar has none',
    () => ReduceSum(f(), { axes: 0 }),
  ],
  ['GRAPH_INVALID_ARGUMENT', 'TopK: k 4 must be an integer from 1 to 3', () => TopK(f(3), 4)],
  ['GRAPH_INVALID_AXIS', 'Transpose: perm [0,1] must name each of the 3 axes', () => Transpose(f(2, 3, 4), [0, 1])],
  ['GRAPH_SHAPE_MISMATCH', 'Reshape: float32[2,3] does not fill [4,-1]', () => Reshape(f(2, 3), [4, -1])],
  ['GRAPH_SHAPE_MISMATCH', 'Reshape: float32[2,3] does not fill [7]', () => Reshape(f(2, 3), [7])],
  ['GRAPH_SHAPE_MISMATCH', 'Reshape: float32[n,6] does not fill [-1,4]', () => Reshape(f('n', 6), [-1, 4])],
  ['GRAPH_INVALID_ARGUMENT', 'Reshape: [-1,-1] has more than one -1', () => Reshape(f(2, 3), [-1, -1])],
  ['GRAPH_INVALID_ARGUMENT', 'Reshape: 0 at axis 2', () => Reshape(f(2, 3), [2, 3, 0])],
  ['GRAPH_SHAPE_MISMATCH', 'Squeeze: axis 0 of float32[2,1] is not of size 1', () => Squeeze(f(2, 1), [0])],
  ['GRAPH_SHAPE_MISMATCH', 'Expand: shapes do not broadcast', () => Expand(f(2), [3])],
  ['GRAPH_UNKNOWN_SYMBOL', "Expand: the size of 'nowhere' is needed", () => Expand(f(1), ['nowhere'])],
  ['GRAPH_INVALID_ARGUMENT', 'Concat: needs at least one value', () => Concat([], 0)],
  ['GRAPH_SHAPE_MISMATCH', 'Concat: shapes differ beside axis 0: [2,3] and [2,4]', () => Concat([f(2, 3), f(2, 4)], 0)],
  ['GRAPH_SHAPE_MISMATCH', 'Split: sizes [1,1] do not add up to axis 0 of float32[3]', () => Split(f(3), [1, 1], 0)],
  ['GRAPH_SHAPE_MISMATCH', 'Split: axis 0 of float32[3] has no 2 equal parts', () => Split(f(3), 2, 0)],
  ['GRAPH_INVALID_ARGUMENT', 'Slice: 2..1 of axis 0', () => Slice(f(3), { starts: [2], ends: [1] })],
  [
    'GRAPH_INVALID_ARGUMENT',
    'Slice: starts [0], ends [1,2] and axes [0] differ',
    () => Slice(f(3), { starts: [0], ends: [1, 2] }),
  ],
  ['GRAPH_INVALID_ARGUMENT', 'Pad: before [-1] and after [0]', () => Pad(f(3), [-1], [0])],
  ['GRAPH_INVALID_AXIS', 'Shape: axes 1..3 of float32[3]', () => Shape(f(3), 1, 3)],
  ['GRAPH_SHAPE_MISMATCH', 'Trilu: needs two axes', () => Trilu(f(3))],
  ['GRAPH_DTYPE_MISMATCH', 'Gather: indices must be int32 or int64, got float32[2]', () => Gather(f(3), f(2))],
  [
    'GRAPH_SHAPE_MISMATCH',
    "GatherElements: indices int64[3,3] must have data's axes",
    () => GatherElements(f(2, 2), i(3, 3), 0),
  ],
  ['GRAPH_SHAPE_MISMATCH', 'ScatterElements: indices', () => ScatterElements(f(3), i(2), f(1), 0)],
  ['GRAPH_SHAPE_MISMATCH', 'GatherND: the last axis of indices int64[1,3]', () => GatherND(f(2, 2), i(1, 3))],
  [
    'GRAPH_SHAPE_MISMATCH',
    'ScatterND: updates float32[2] must have the shape [1,2]',
    () => ScatterND(f(3, 2), i(1, 1), f(2)),
  ],
  ['GRAPH_INVALID_ARGUMENT', 'OneHot: depth 0', () => OneHot(i(2), 0, 'float32')],
  ['GRAPH_INVALID_ARGUMENT', 'Loop: the trip count -1', () => Loop(g, -1, [], () => ({ carried: [] }))],
  [
    'GRAPH_DTYPE_MISMATCH',
    'Loop: the trip count must be an int64 scalar',
    () => Loop(g, f(), [], () => ({ carried: [] })),
  ],
  [
    'GRAPH_SHAPE_MISMATCH',
    'Loop: carried value 0 enters as float32[2] and leaves as float32[3,2]',
    () => Loop(g, 1, [f(2)], (_, v) => ({ carried: [Add(v!, f(3, 1))] })),
  ],
  [
    'GRAPH_DTYPE_MISMATCH',
    'Loop: carried value 0 enters as float32[] and leaves as int64[]',
    () => Loop(g, 1, [f()], (n) => ({ carried: [n] })),
  ],
  [
    'GRAPH_INVALID_ARGUMENT',
    'Loop: the body carries 1 values and returns 0',
    () => Loop(g, 1, [f()], () => ({ carried: [] })),
  ],
  [
    'GRAPH_SHAPE_MISMATCH',
    'If: result 0 is float32[2] in one branch and float32[3] in the other',
    () =>
      If(
        g,
        flag(),
        () => [f(2)],
        () => [f(3)],
      ),
  ],
  [
    'GRAPH_SHAPE_MISMATCH',
    'If: the condition must be a scalar',
    () =>
      If(
        g,
        flag(2),
        () => [],
        () => [],
      ),
  ],
  ['GRAPH_LOSS_NOT_SCALAR', 'gradients: the loss must be one float, got float32[2]', () => gradients(f(2), [])],
  ['GRAPH_DTYPE_MISMATCH', 'gradients: in', () => gradients(f(), [i(2)])],
  [
    'GRAPH_NO_GRADIENT',
    'TopK: has no gradient: take the values with GatherElements',
    () => {
      const x = f(3);
      gradients(ReduceSum(TopK(x, 2).values, { keepdims: false }), [x]);
    },
  ],
  [
    'GRAPH_NO_GRADIENT',
    'Loop: has no gradient: take gradients inside of its body',
    () => {
      const x = f();
      gradients(Loop(g, 2, [x], (_, v) => ({ carried: [Mul(v!, v!)] })).carried[0]!, [x]);
    },
  ],
  [
    'GRAPH_NO_GRADIENT',
    'Loop: has no gradient',
    () => {
      const captured = f();
      gradients(Loop(g, 2, [f()], (_, v) => ({ carried: [Mul(v!, captured)] })).carried[0]!, [captured]);
    },
  ],
  ['GRAPH_FOREIGN_VALUE', 'Add: ', () => Add(f(), new Graph('other').input('x', 'float32', []))],
  ['GRAPH_FOREIGN_VALUE', 'output: ', () => new Graph('other').output(f(), 'y')],
  [
    'GRAPH_FOREIGN_VALUE',
    "Mul: a value of 'loop_",
    () => {
      let inside = f();
      Loop(g, 2, [f()], (_, v) => {
        inside = Exp(v!);
        return { carried: [inside] };
      });
      Mul(inside, 2);
    },
  ],
  [
    'GRAPH_DUPLICATE_NAME',
    "the name 'twice' is taken",
    () => {
      const other = new Graph();
      other.output(other.input('twice', 'float32', []), 'twice');
    },
  ],
  ['GRAPH_INVALID_ARGUMENT', 'a name must not be empty', () => g.input('', 'float32', [])],
  ['GRAPH_INVALID_DIMENSION', 'dimension -1', () => f(-1)],
  [
    'GRAPH_INVALID_DIMENSION',
    'w: stored tensors need numeric shapes',
    () => g.initializer('w', 'float32', ['n'], new Float32Array(1)),
  ],
  [
    'GRAPH_SHAPE_MISMATCH',
    'w2: shape [2,2] holds 4 elements, the data has 3',
    () => g.initializer('w2', 'float32', [2, 2], new Float32Array(3)),
  ],
  [
    'GRAPH_DTYPE_MISMATCH',
    'w3: float64 data must be a Float64Array',
    () => g.initializer('w3', 'float64', [2], new Float32Array(2)),
  ],
];

describe('refused while building', () => {
  it.each(CASES)('%s %s', (code, message, build) => {
    let error: unknown;
    try {
      build();
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ name: 'GraphError', code });
    expect((error as Error).message.startsWith(message), (error as Error).message).toBe(true);
  });
});

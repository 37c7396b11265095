// What operators compute where their arguments could be misread: against values worked out by hand.
import { beforeEach, describe, expect, it } from 'vitest';
import { type Dims, type DType, Graph, type Value } from '../../../trainer/graph/graph.js';
import { Gelu, OneHot } from '../../../trainer/graph/ops/composite.js';
import { Clip, Max, Pow, Sub } from '../../../trainer/graph/ops/elementwise.js';
import { Gather, GatherElements, GatherND, ScatterElements, ScatterND } from '../../../trainer/graph/ops/indexing.js';
import { Cast, Greater, Where } from '../../../trainer/graph/ops/logic.js';
import { ArgMax, ReduceMax, ReduceSum, TopK } from '../../../trainer/graph/ops/reduce.js';
import { Concat, Expand, Pad, Reshape, Slice, Split, Transpose, Unsqueeze } from '../../../trainer/graph/ops/shape.js';
import { LogSoftmax, Softmax } from '../../../trainer/graph/ops/softmax.js';
import { CumSum, Trilu } from '../../../trainer/graph/ops/triangular.js';
import { numbers, runOnce } from './kit.js';

let g = new Graph();
beforeEach(() => {
  g = new Graph();
});
const constant =
  (dtype: DType) =>
  (values: readonly number[], ...dims: number[]) =>
    g.constant(dtype, dims, values);
const f = constant('float64');
const i = constant('int64');

const CASES: [string, () => Value, readonly number[], Dims][] = [
  ['Sub of a number', () => Sub(1, f([1, 2], 2)), [0, -1], [2]],
  ['Pow', () => Pow(f([2, 3], 2), 3), [8, 27], [2]],
  ['Clip', () => Clip(f([-2, 0.5, 2], 3), -1, 1), [-1, 0.5, 1], [3]],
  ['Max', () => Max(f([1, 5], 2), 3), [3, 5], [2]],
  ['Where', () => Where(Greater(f([1, 5], 2), 3), 1, f([-7], 1)), [-7, 1], [2]],
  ['Cast drops the fraction', () => Cast(f([1.9, -1.9], 2), 'int32'), [1, -1], [2]],
  ['ReduceSum of no axes', () => ReduceSum(f([1, 2], 2), { axes: [] }), [1, 2], [2]],
  ['ReduceSum of all', () => ReduceSum(f([1, 2], 1, 2)), [3], [1, 1]],
  ['ReduceMax, dropped', () => ReduceMax(f([1, 5, 3, 2], 2, 2), { axes: 0, keepdims: false }), [3, 5], [2]],
  ['ArgMax takes the first', () => ArgMax(f([1, 5, 5], 3), 0, false), [1], []],
  ['TopK, smallest', () => TopK(f([4, 1, 3], 3), 2, 0, { largest: false }).values, [1, 3], [2]],
  ['TopK indices', () => TopK(f([4, 1, 3], 3), 2).indices, [0, 2], [2]],
  ['Softmax', () => Softmax(f([0, Math.log(3)], 2)), [0.25, 0.75], [2]],
  ['LogSoftmax, far apart', () => LogSoftmax(f([0, 1000], 2)), [-1000, 0], [2]],
  ['CumSum', () => CumSum(f([1, 2, 3], 3), 0), [1, 3, 6], [3]],
  ['CumSum, exclusive, reverse', () => CumSum(f([1, 2, 3], 3), 0, { exclusive: true, reverse: true }), [5, 3, 0], [3]],
  ['Trilu', () => Trilu(f([1, 2, 3, 4], 2, 2), { upper: false }), [1, 0, 3, 4], [2, 2]],
  ['Trilu, moved', () => Trilu(f([1, 2, 3, 4], 2, 2), { k: 1 }), [0, 2, 0, 0], [2, 2]],
  ['Transpose', () => Transpose(f([1, 2, 3, 4, 5, 6], 2, 3)), [1, 4, 2, 5, 3, 6], [3, 2]],
  ['Reshape', () => Reshape(f([1, 2, 3, 4], 2, 2), [-1]), [1, 2, 3, 4], [4]],
  ['Unsqueeze', () => Unsqueeze(f([1, 2], 2), [-1, 0]), [1, 2], [1, 2, 1]],
  ['Expand', () => Expand(f([1, 2], 2, 1), [2, 2]), [1, 1, 2, 2], [2, 2]],
  ['Concat', () => Concat([f([1, 2], 1, 2), f([3], 1, 1)], -1), [1, 2, 3], [1, 3]],
  ['Split', () => Split(f([1, 2, 3], 3), [1, 2], 0)[1]!, [2, 3], [2]],
  ['Slice', () => Slice(f([1, 2, 3, 4], 4), { starts: [-3], ends: [-1] }), [2, 3], [2]],
  ['Slice beyond the end', () => Slice(f([1, 2, 3], 3), { starts: [1], ends: [9] }), [2, 3], [2]],
  ['Pad', () => Pad(f([1, 2], 2), [1], [2]), [0, 1, 2, 0, 0], [5]],
  ['Gather from the end', () => Gather(f([1, 2, 3], 3), i([-1, 0], 2)), [3, 1], [2]],
  ['GatherElements', () => GatherElements(f([1, 2, 3, 4], 2, 2), i([1, 0], 1, 2), 0), [3, 2], [1, 2]],
  ['GatherND', () => GatherND(f([1, 2, 3, 4], 2, 2), i([1, 0], 1, 2)), [3], [1]],
  ['ScatterElements', () => ScatterElements(f([1, 2, 3], 3), i([2], 1), f([9], 1), 0), [1, 2, 9], [3]],
  [
    'ScatterND, added',
    () => ScatterND(f([1, 2, 3], 3), i([0, 0, -1], 3, 1), f([10, 20, 30], 3), 'add'),
    [31, 2, 33],
    [3],
  ],
  ['OneHot', () => OneHot(i([1, 7], 2), 3, 'float64'), [0, 1, 0, 0, 0, 0], [2, 3]],
];

describe('forward values', () => {
  it.each(CASES)('%s', async (_, build, expected, dims) => {
    const value = build();
    expect(value.shape).toEqual(dims);
    g.output(value, 'y');
    const { y } = await runOnce(g);
    expect(y!.dims).toEqual(dims);
    expect(numbers(y!.data)).toHaveLength(expected.length);
    numbers(y!.data).forEach((v, n) => void expect(v).toBeCloseTo(expected[n]!, 12));
  });

  it('Gelu is the published formula', async () => {
    const xs = Array.from({ length: 41 }, (_, n) => (n - 20) / 4);
    const graph = new Graph();
    graph.output(Gelu(graph.constant('float64', [xs.length], xs)), 'y');
    const { y } = await runOnce(graph);
    numbers(y!.data).forEach((v, n) => {
      const x = xs[n]!;
      expect(v).toBeCloseTo(0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), 12);
    });
  });
});

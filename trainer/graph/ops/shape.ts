// Operators that move elements without changing them: reshaping, transposing, stretching, cutting and joining.
import { broadcastShapes, sumToShape } from '../broadcast.js';
import {
  addDims,
  canonicalDim,
  type Dim,
  type Dims,
  isSymbol,
  missingDim,
  sameShape,
  sizeOfShape,
  subtractDims,
} from '../dims.js';
import type { Value } from '../ir.js';
import { defineOp, normalizeAxes, normalizeAxis, refuse, requireSameDType } from '../op.js';
import { int64List, shapeOf, shapeTensor, sizeOf, zerosLike } from '../runtime-shape.js';
import { Add, Sub } from './elementwise.js';

const identity = defineOp('Identity', {
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: ({ gradient }) => [gradient],
});

/** The same tensor under another name. Models are written without it wherever that changes nothing. */
export function Identity(x: Value): Value {
  return identity([x], {})[0]!;
}

const stopGradient = defineOp('StopGradient', {
  onnxType: 'Identity',
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: () => [undefined],
});

/** The same tensor, taken for a constant by `gradients`. */
export function StopGradient(x: Value): Value {
  return stopGradient([x], {})[0]!;
}

const shape = defineOp<{ start: number; end: number }>('Shape', {
  infer: (_, { start, end }) => [{ dtype: 'int64', shape: [end - start] }],
  attributes: ({ start, end }) => ({ start, end }),
  gradient: 'its output is made of sizes, which no gradient reaches',
});

/** The sizes of the axes start … end−1 (all by default), int64 [end − start]. */
export function Shape(x: Value, start = 0, end = x.rank): Value {
  if (!(0 <= start && start <= end && end <= x.rank)) {
    refuse('GRAPH_INVALID_AXIS', 'Shape', `axes ${start}..${end} of ${x}: use 0 ≤ start ≤ end ≤ ${x.rank}`);
  }
  return shape([x], { start, end })[0]!;
}

const transpose = defineOp<{ perm: readonly number[] }>('Transpose', {
  infer: ([x], { perm }) => [{ dtype: x!.dtype, shape: perm.map((axis) => x!.shape[axis]!) }],
  attributes: ({ perm }) => ({ perm }),
  gradient: ({ gradient, params: { perm } }) => [
    Transpose(
      gradient,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ],
});

/** Axis i of the result is axis perm[i] of x; all axes in reverse by default. */
export function Transpose(x: Value, perm: readonly number[] = x.shape.map((_, axis) => x.rank - 1 - axis)): Value {
  if (normalizeAxes('Transpose', perm, x.rank).length !== x.rank) {
    refuse('GRAPH_INVALID_AXIS', 'Transpose', `perm [${perm}] must name each of the ${x.rank} axes of ${x}`);
  }
  return transpose([x], { perm: perm.map((axis) => normalizeAxis('Transpose', axis, x.rank)) })[0]!;
}

const reshape = defineOp<{ shape: Dims; allowzero: boolean }>('Reshape', {
  infer: ([x], { shape }) => [{ dtype: x!.dtype, shape }],
  attributes: ({ allowzero }): Record<string, number> => (allowzero ? { allowzero: 1 } : {}),
  gradient: ({ inputs: [x], gradient }) => [reshapeTo(gradient, x!.shape, () => shapeOf(x!)), undefined],
});

/**
 * The same elements, row-major, in another shape. In `target`, 0 keeps the size that x has at that place and one -1 is
 * whatever is left. A symbol that no value has yet names what is left: Reshape(x, ['rows', 8]).
 */
export function Reshape(x: Value, target: Dims): Value {
  const dims = resolveReshape(x, target);
  const y = reshapeTo(x, dims, () => shapeTensor('Reshape', x, dims));
  y.graph.registerSymbols(y);
  return y;
}

function resolveReshape(x: Value, target: Dims): Dim[] {
  const dims = target.map((dim, axis) => {
    if (dim === -1) return dim;
    if (dim !== 0) return canonicalDim(dim);
    return x.shape[axis] ?? refuse('GRAPH_INVALID_ARGUMENT', 'Reshape', `0 at axis ${axis}, which ${x} lacks`);
  });
  const mismatch = () => refuse('GRAPH_SHAPE_MISMATCH', 'Reshape', `${x} does not fill [${target}] exactly`);
  const left = dims.indexOf(-1);
  if (left >= 0) {
    if (dims.lastIndexOf(-1) !== left) {
      refuse('GRAPH_INVALID_ARGUMENT', 'Reshape', `[${target}] has more than one -1`);
    }
    dims[left] = missingDim(x.shape, dims.toSpliced(left, 1)) ?? mismatch();
    return dims;
  }
  if (sizeOfShape(dims) === sizeOfShape(x.shape)) return dims;
  const named = dims.filter((dim) => isSymbol(dim) && !x.graph.whereIs(dim));
  if (named.length !== 1) return mismatch();
  return dims;
}

/** Reshapes to dimensions that are known to fit. `runtime` gives them as a tensor, if 0 and -1 cannot express them. */
function reshapeTo(x: Value, dims: Dims, runtime: () => Value): Value {
  const list = dims.map((dim, axis) => (typeof dim === 'number' ? dim : dim === x.shape[axis] ? 0 : -1));
  const expressible = list.filter((dim) => dim === -1).length <= 1 && !dims.includes(0);
  const target = expressible ? int64List(x.graph, list) : runtime();
  return reshape([x, target], { shape: dims, allowzero: !expressible })[0]!;
}

const squeeze = defineOp<{ axes: readonly number[] }>('Squeeze', {
  infer([x], { axes }) {
    const wrong = axes.find((axis) => x!.shape[axis] !== 1);
    if (wrong !== undefined) refuse('GRAPH_SHAPE_MISMATCH', 'Squeeze', `axis ${wrong} of ${x} is not of size 1`);
    return [{ dtype: x!.dtype, shape: x!.shape.filter((_, axis) => !axes.includes(axis)) }];
  },
  gradient: ({ gradient, params }) => [Unsqueeze(gradient, params.axes), undefined],
});

/** x without some axes of size 1. */
export function Squeeze(x: Value, axes: readonly number[]): Value {
  const list = normalizeAxes('Squeeze', axes, x.rank);
  return squeeze([x, int64List(x.graph, list)], { axes: list })[0]!;
}

const unsqueeze = defineOp<{ axes: readonly number[] }>('Unsqueeze', {
  infer([x], { axes }) {
    const shape = [...x!.shape];
    for (const axis of axes) shape.splice(axis, 0, 1);
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ gradient, params }) => [Squeeze(gradient, params.axes), undefined],
});

/** x with additional axes of size 1, which stand at `axes` of the result. */
export function Unsqueeze(x: Value, axes: readonly number[]): Value {
  const list = normalizeAxes('Unsqueeze', axes, x.rank + axes.length);
  return unsqueeze([x, int64List(x.graph, list)], { axes: list })[0]!;
}

const expand = defineOp<{ shape: Dims }>('Expand', {
  infer: ([x], { shape }) => [{ dtype: x!.dtype, shape }],
  gradient: ({ inputs: [x], gradient }) => [sumToShape(gradient, x!), undefined],
});

/** x stretched along its axes of size 1, and given leading axes, until it has the shape to which both broadcast. */
export function Expand(x: Value, target: Dims): Value {
  const wanted = target.map(canonicalDim);
  const result = broadcastShapes('Expand', x.shape, wanted);
  // Where x has the size already, 1 says so without knowing it.
  const added = wanted.length - x.rank;
  const sizes = wanted.map((dim, axis) => (dim === x.shape[axis - added] ? 1 : dim));
  return expandTo(x, shapeTensor('Expand', x, sizes), result);
}

/** Stretches to a shape held by a tensor, which is known to come out as `shape`. */
export function expandTo(x: Value, target: Value, shape: Dims): Value {
  return expand([x, target], { shape })[0]!;
}

const concat = defineOp<{ axis: number }>('Concat', {
  infer(inputs, { axis }) {
    const first = inputs[0]!;
    for (const input of inputs) {
      requireSameDType('Concat', first, input);
      if (!sameShape(input.shape.toSpliced(axis, 1), first.shape.toSpliced(axis, 1))) {
        refuse(
          'GRAPH_SHAPE_MISMATCH',
          'Concat',
          `shapes differ beside axis ${axis}: [${first.shape}] and [${input.shape}]`,
        );
      }
    }
    const total = inputs.map((input) => input.shape[axis]!).reduce(addDims);
    return [{ dtype: first.dtype, shape: first.shape.toSpliced(axis, 1, total) }];
  },
  attributes: ({ axis }) => ({ axis }),
  gradient({ inputs, gradient, params: { axis } }) {
    const sizes = inputs.map((input) => input.shape[axis]!);
    const known = sizes.every((size) => typeof size === 'number');
    const runtime = known
      ? int64List(gradient.graph, sizes)
      : Concat(
          inputs.map((x) => sizeOf(x, axis)),
          0,
        );
    return split([gradient, runtime], { axis, sizes });
  },
});

/** The tensors one after another along an axis. */
export function Concat(values: readonly Value[], axis: number): Value {
  if (values.length === 0) refuse('GRAPH_INVALID_ARGUMENT', 'Concat', 'needs at least one value');
  return concat(values, { axis: normalizeAxis('Concat', axis, values[0]!.rank) })[0]!;
}

const split = defineOp<{ axis: number; sizes: Dims }>('Split', {
  infer([x], { axis, sizes }) {
    if (sizes.reduce(addDims, 0) !== x!.shape[axis]) {
      refuse('GRAPH_SHAPE_MISMATCH', 'Split', `sizes [${sizes}] do not add up to axis ${axis} of ${x}`);
    }
    return sizes.map((size) => ({ dtype: x!.dtype, shape: x!.shape.toSpliced(axis, 1, size) }));
  },
  attributes: ({ axis }) => ({ axis }),
  gradient({ outputs, outputGradients, params: { axis } }) {
    const parts = outputs.map((output, i) => outputGradients[i] ?? zerosLike(output));
    return [Concat(parts, axis), undefined];
  },
});

/** x cut along an axis into pieces of the given sizes, or into so many equal ones. */
export function Split(x: Value, sizes: number | Dims, axis: number): Value[] {
  const at = normalizeAxis('Split', axis, x.rank);
  const list = typeof sizes === 'number' ? equalParts(x, sizes, at) : sizes.map(canonicalDim);
  return split([x, shapeTensor('Split', x, list)], { axis: at, sizes: list });
}

function equalParts(x: Value, parts: number, axis: number): Dim[] {
  const size = missingDim([x.shape[axis]!], [parts]);
  if (size === undefined) refuse('GRAPH_SHAPE_MISMATCH', 'Split', `axis ${axis} of ${x} has no ${parts} equal parts`);
  return Array.from({ length: parts }, () => size);
}

/** A range along an axis, as Array.prototype.slice has it; an end of Infinity is the axis's own. */
interface Cut {
  axis: number;
  start: number;
  end: number;
}

/** A position counted from the front: a number on axes of known size, an expression such as 'len-1' on symbolic ones. */
function position(at: number, size: Dim): Dim {
  if (typeof size === 'number') return Math.max(0, Math.min(size, at < 0 ? size + at : at));
  return at === Infinity ? size : at < 0 ? addDims(size, at) : at;
}

const slice = defineOp<{ cuts: readonly Cut[] }>('Slice', {
  infer([x], { cuts }) {
    const shape = [...x!.shape];
    for (const { axis, start, end } of cuts) {
      const size = subtractDims(position(end, shape[axis]!), position(start, shape[axis]!));
      if (typeof size === 'number' && size < 0) {
        refuse('GRAPH_INVALID_ARGUMENT', 'Slice', `${start}..${end} of axis ${axis} of ${x} ends before it starts`);
      }
      shape[axis] = size;
    }
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x], gradient, params: { cuts } }) => [
    padBack(gradient, cuts, x!),
    undefined,
    undefined,
    undefined,
  ],
});

export interface SliceOptions {
  starts: readonly number[];
  /** One past the last element; Infinity for all of them. */
  ends: readonly number[];
  /** The axes that are cut; the first ones by default. */
  axes?: readonly number[];
}

/**
 * Ranges of x along some axes. Negative positions count from the end. Steps are not offered: gradients stay a Pad.
 * On a symbolic axis the range is taken to lie inside; a run with a shorter axis fails or gives a shorter result.
 */
export function Slice(x: Value, { starts, ends, axes = starts.map((_, axis) => axis) }: SliceOptions): Value {
  if (starts.length !== axes.length || ends.length !== axes.length) {
    refuse('GRAPH_INVALID_ARGUMENT', 'Slice', `starts [${starts}], ends [${ends}] and axes [${axes}] differ in length`);
  }
  normalizeAxes('Slice', axes, x.rank);
  const cuts = axes.map((at, i) => ({ axis: normalizeAxis('Slice', at, x.rank), start: starts[i]!, end: ends[i]! }));
  return sliceCuts(x, cuts);
}

function sliceCuts(x: Value, cuts: readonly Cut[]): Value {
  const list = (values: number[]) => int64List(x.graph, values);
  // ONNX takes any end behind the axis for the axis's own.
  const ends = cuts.map(({ end }) => Math.min(end, Number.MAX_SAFE_INTEGER));
  return slice([x, list(cuts.map(({ start }) => start)), list(ends), list(cuts.map(({ axis }) => axis))], { cuts })[0]!;
}

/** Pad and Slice are each other's gradients, so both keep the cuts that lead from the large tensor to the small one. */
const pad = defineOp<{ shape: Dims; cuts: readonly Cut[] }>('Pad', {
  infer: ([x], { shape }) => [{ dtype: x!.dtype, shape }],
  gradient: ({ gradient, params: { cuts } }) => [sliceCuts(gradient, cuts), undefined],
});

/** x with `before[i]` and `after[i]` zeros at the ends of axis i. */
export function Pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  const counts = [...before, ...after];
  if (before.length !== x.rank || after.length !== x.rank || !counts.every((n) => Number.isInteger(n) && n >= 0)) {
    const message = `before [${before}] and after [${after}] must be ${x.rank} counts of zeros each, for ${x}`;
    refuse('GRAPH_INVALID_ARGUMENT', 'Pad', message);
  }
  const shape = x.shape.map((dim, axis) => addDims(dim, before[axis]! + after[axis]!));
  const cuts = before.map((start, axis) => ({ axis, start, end: after[axis] === 0 ? Infinity : -after[axis]! }));
  return pad([x, int64List(x.graph, counts)], { shape, cuts })[0]!;
}

/** Zeros around a piece, where it was cut out of `whole`. */
function padBack(piece: Value, cuts: readonly Cut[], whole: Value): Value {
  const before: (number | Value)[] = new Array(whole.rank).fill(0);
  const after: (number | Value)[] = new Array(whole.rank).fill(0);
  for (const { axis, start, end } of cuts) {
    const size = whole.shape[axis]!;
    const first = position(start, size);
    const last = subtractDims(size, position(end, size));
    before[axis] = typeof first === 'number' ? first : Add(sizeOf(whole, axis), start);
    after[axis] = typeof last === 'number' ? last : Sub(sizeOf(whole, axis), end);
  }
  const counts = [...before, ...after];
  const known = counts.every((count) => typeof count === 'number');
  const list = (count: number | Value) => (typeof count === 'number' ? int64List(piece.graph, [count]) : count);
  const pads = known ? int64List(piece.graph, counts) : Concat(counts.map(list), 0);
  return pad([piece, pads], { shape: whole.shape, cuts })[0]!;
}

// Reading and writing at computed places. Indices are int32 or int64 and may be negative, which counts from the end.
import { type Dims, sameShape, sizeOfShape } from '../dims.js';
import type { Value } from '../ir.js';
import { defineOp, normalizeAxis, refuse, requireIndices, requireSameDType } from '../op.js';
import { expandLike, shapeTensor, sizeOf, zerosLike } from '../runtime-shape.js';
import { Add, Mul } from './elementwise.js';
import { Cast, Less, Where } from './logic.js';
import { expandTo, Reshape, Split, Transpose } from './shape.js';

/** What a scatter does where it writes: replaces what is there, or adds to it. Only sums are defined where indices repeat. */
export type ScatterReduction = 'none' | 'add';

const gather = defineOp<{ axis: number }>('Gather', {
  infer([data, indices], { axis }) {
    requireIndices('Gather', indices!);
    return [{ dtype: data!.dtype, shape: data!.shape.toSpliced(axis, 1, ...indices!.shape) }];
  },
  attributes: ({ axis }) => ({ axis }),
  gradient: ({ inputs: [data, indices], gradient, params: { axis } }) => [
    gradientOfGather(gradient, data!, indices!, axis),
    undefined,
  ],
});

/** Entries of `data` along an axis: its shape with that axis replaced by the shape of `indices`. */
export function Gather(data: Value, indices: Value, axis = 0): Value {
  return gather([data, indices], { axis: normalizeAxis('Gather', axis, data.rank) })[0]!;
}

/**
 * Adds each gathered entry's gradient at the place it came from. ScatterElements with the indexed axis last is the one
 * way that is right and repeatable: ONNX Runtime's CPU kernel of ScatterND adds from several threads without a lock, and
 * loses sums where indices repeat (microsoft/onnxruntime issue 18048; 195 of 200 runs on two threads).
 */
function gradientOfGather(gradient: Value, data: Value, indices: Value, axis: number): Value {
  const behind = axis + indices.rank;
  const others = [...range(0, axis), ...range(behind, gradient.rank)];
  const indicesLast = Transpose(gradient, [...others, ...range(axis, behind)]);
  const updates = Reshape(indicesLast, [...others.map(() => 0), sizeOfShape(indices.shape)]);

  const order = [...range(0, axis), ...range(axis + 1, data.rank), axis];
  const dims = order.map((at) => data.shape[at]!);
  const zeros = expandTo(data.graph.scalar(data.dtype, 0), shapeTensor('Gather', data, dims), dims);
  const places = expandLike(Reshape(indices, [-1]), updates);
  const inverse = range(0, data.rank).map((at) => order.indexOf(at));
  return Transpose(ScatterElements(zeros, places, updates, -1, 'add'), inverse);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const gatherElements = defineOp<{ axis: number }>('GatherElements', {
  infer([data, indices], { axis }) {
    requireElementIndices('GatherElements', data!, indices!, axis);
    return [{ dtype: data!.dtype, shape: indices!.shape }];
  },
  attributes: ({ axis }) => ({ axis }),
  gradient: ({ inputs: [data, indices], gradient, params: { axis } }) => [
    ScatterElements(zerosLike(data!), indices!, gradient, axis, 'add'),
    undefined,
  ],
});

/** One element of `data` for each of `indices`, which replaces the position along the axis and keeps the others. */
export function GatherElements(data: Value, indices: Value, axis: number): Value {
  return gatherElements([data, indices], { axis: normalizeAxis('GatherElements', axis, data.rank) })[0]!;
}

const scatterElements = defineOp<{ axis: number; reduction: ScatterReduction }>('ScatterElements', {
  infer([data, indices, updates], { axis }) {
    requireSameDType('ScatterElements', data!, updates!);
    requireElementIndices('ScatterElements', data!, indices!, axis);
    if (!sameShape(indices!.shape, updates!.shape)) {
      refuse('GRAPH_SHAPE_MISMATCH', 'ScatterElements', `indices ${indices} and updates ${updates} differ in shape`);
    }
    return [{ dtype: data!.dtype, shape: data!.shape }];
  },
  attributes: ({ axis, reduction }) => ({ axis, reduction }),
  gradient({ inputs: [, indices, updates], gradient, params: { axis, reduction } }) {
    const kept =
      reduction === 'add' ? gradient : ScatterElements(gradient, indices!, zerosLike(updates!), axis, 'none');
    return [kept, undefined, GatherElements(gradient, indices!, axis)];
  },
});

/** `data` with one element of `updates` written or added at each of `indices` along the axis. */
export function ScatterElements(
  data: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: ScatterReduction = 'none',
): Value {
  const at = normalizeAxis('ScatterElements', axis, data.rank);
  return scatterElements([data, indices, updates], { axis: at, reduction })[0]!;
}

function requireElementIndices(op: string, data: Value, indices: Value, axis: number): void {
  requireIndices(op, indices);
  const fits = (axisOfIndices: number) => {
    const n = indices.shape[axisOfIndices]!;
    const size = data.shape[axisOfIndices]!;
    return axisOfIndices === axis || n === size || (typeof n === 'number' && typeof size === 'number' && n <= size);
  };
  if (indices.rank !== data.rank || !data.shape.every((_, at) => fits(at))) {
    const message = `indices ${indices} must have data's axes, and no more than its sizes beside axis ${axis}: ${data}`;
    refuse('GRAPH_SHAPE_MISMATCH', op, message);
  }
}

const gatherND = defineOp('GatherND', {
  infer([data, indices]) {
    return [{ dtype: data!.dtype, shape: entriesShape('GatherND', data!, indices!) }];
  },
  gradient: ({ inputs: [data, indices], gradient }) => [
    ScatterND(zerosLike(data!), indices!, gradient, 'add'),
    undefined,
  ],
});

/** The entries of `data` whose first k positions are the rows of `indices` [.., k]: shape [.., rest of data]. */
export function GatherND(data: Value, indices: Value): Value {
  return gatherND([data, Cast(indices, 'int64')], {})[0]!;
}

const scatterND = defineOp('ScatterND', {
  infer([data, indices, updates]) {
    requireUpdates(data!, indices!, updates!);
    return [{ dtype: data!.dtype, shape: data!.shape }];
  },
  gradient: ({ inputs: [, indices, updates], gradient }) => [
    ScatterND(gradient, indices!, zerosLike(updates!)),
    undefined,
    GatherND(gradient, indices!),
  ],
});

/**
 * `data` with the entries `updates` written or added where the rows of `indices` [.., k] point. Sums are written as
 * ScatterElements, for the reason given at the gradient of Gather.
 */
export function ScatterND(data: Value, indices: Value, updates: Value, reduction: ScatterReduction = 'none'): Value {
  if (reduction === 'none') return scatterND([data, Cast(indices, 'int64'), updates], {})[0]!;
  requireUpdates(data, indices, updates);
  const k = indices.shape.at(-1) as number;
  const rest = sizeOfShape(data.shape.slice(k));
  const columns = Transpose(Reshape(data, [sizeOfShape(data.shape.slice(0, k)), rest]));
  const rows = rowNumbers(data, Cast(indices, 'int64'), k);
  const added = Transpose(Reshape(updates, [sizeOfShape(indices.shape.slice(0, -1)), rest]));
  const sums = ScatterElements(columns, expandLike(Reshape(rows, [-1]), added), added, 1, 'add');
  return Reshape(Transpose(sums), data.shape);
}

/** The number of the row to which each k positions point, when the first k axes of `data` are taken as one. */
function rowNumbers(data: Value, indices: Value, k: number): Value {
  const positions = Split(indices, k, -1).map((position, axis) => {
    const size = sizeOf(data, axis);
    return { size, place: Where(Less(position, 0), Add(position, size), position) };
  });
  return positions.reduce((row, { size, place }) => ({ size, place: Add(Mul(row.place, size), place) })).place;
}

function requireUpdates(data: Value, indices: Value, updates: Value): void {
  requireSameDType('ScatterND', data, updates);
  const expected = entriesShape('ScatterND', data, indices);
  if (!sameShape(expected, updates.shape)) {
    refuse('GRAPH_SHAPE_MISMATCH', 'ScatterND', `updates ${updates} must have the shape [${expected}]`);
  }
}

/** Shape of the entries that rows of indices [.., k] point to. */
function entriesShape(op: string, data: Value, indices: Value): Dims {
  requireIndices(op, indices);
  const k = indices.shape.at(-1);
  if (typeof k !== 'number' || k < 1 || k > data.rank) {
    refuse(
      'GRAPH_SHAPE_MISMATCH',
      op,
      `the last axis of indices ${indices} must have a size of 1..${data.rank}, for ${data}`,
    );
  }
  return [...indices.shape.slice(0, -1), ...data.shape.slice(k)];
}

// Reductions over axes: sums, means, extrema, and where the largest elements stand.
import { type Dims, sizeOfShape } from '../dims.js';
import type { Value } from '../ir.js';
import {
  type Apply,
  defineOp,
  type GradientContext,
  normalizeAxes,
  normalizeAxis,
  refuse,
  requireFloat,
  requireNumeric,
} from '../op.js';
import { expandLike, int64List, sizeAsFloat } from '../runtime-shape.js';
import { Div, Exp, Mul, Sub } from './elementwise.js';
import { Cast, Equal } from './logic.js';
import { Unsqueeze } from './shape.js';

export interface ReduceOptions {
  /** Axes to reduce, all by default; negative ones count from the back. */
  axes?: number | readonly number[];
  /** Whether reduced axes stay, with size 1. */
  keepdims?: boolean;
}

interface ReduceParams {
  axes: readonly number[];
  keepdims: boolean;
}

function reducedShape(shape: Dims, { axes, keepdims }: ReduceParams): Dims {
  return keepdims
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** A tensor of the output's shape with the reduced axes back in place, so that it broadcasts against the input. */
function restoreAxes(value: Value, { axes, keepdims }: ReduceParams): Value {
  return keepdims || axes.length === 0 ? value : Unsqueeze(value, axes);
}

function reduction(
  name: string,
  gradient: (context: GradientContext<ReduceParams>) => Value,
  require = requireFloat,
): (x: Value, options?: ReduceOptions) => Value {
  const apply: Apply<ReduceParams> = defineOp<ReduceParams>(name, {
    infer([x], params) {
      require(name, x!);
      return [{ dtype: x!.dtype, shape: reducedShape(x!.shape, params) }];
    },
    // Without axes ONNX reduces over all of them; an empty list here means none, as NumPy has it.
    attributes: ({ keepdims }) => ({ keepdims: Number(keepdims), noop_with_empty_axes: 1 }),
    gradient: (context) => [gradient(context), undefined],
  });
  return (x, { axes, keepdims = true } = {}) => {
    const list = normalizeAxes(name, axes, x.rank);
    return apply([x, int64List(x.graph, list)], { axes: list, keepdims })[0]!;
  };
}

/** Σ x over the axes. */
export const ReduceSum = reduction(
  'ReduceSum',
  ({ inputs: [x], gradient, params }) => expandLike(restoreAxes(gradient, params), x!),
  requireNumeric,
);

/** The arithmetic mean over the axes. */
export const ReduceMean = reduction('ReduceMean', ({ inputs: [x], gradient, params }) => {
  const count = sizeOfShape(params.axes.map((axis) => x!.shape[axis]!));
  const share = typeof count === 'number' ? Mul(gradient, 1 / count) : Div(gradient, sizeAsFloat(x!, params.axes));
  return expandLike(restoreAxes(share, params), x!);
});

/** The largest element along the axes. Elements that tie for it share the gradient equally. */
export const ReduceMax = reduction('ReduceMax', ({ inputs: [x], outputs: [y], gradient, params }) => {
  const ties = Cast(Equal(x!, restoreAxes(y!, params)), x!.dtype);
  const count = ReduceSum(ties, { axes: params.axes, keepdims: true });
  return Mul(ties, Div(restoreAxes(gradient, params), count));
});

/** Σ x² over the axes. */
export const ReduceSumSquare = reduction('ReduceSumSquare', ({ inputs: [x], gradient, params }) =>
  Mul(x!, restoreAxes(Mul(gradient, 2), params)),
);

/** log Σ exp(x) over the axes, without overflow. */
export const ReduceLogSumExp = reduction('ReduceLogSumExp', ({ inputs: [x], outputs: [y], gradient, params }) =>
  Mul(restoreAxes(gradient, params), Exp(Sub(x!, restoreAxes(y!, params)))),
);

const INDICES = 'its output is made of indices, which no gradient reaches';

const argMax = defineOp<{ axis: number; keepdims: boolean }>('ArgMax', {
  infer([x], { axis, keepdims }) {
    requireNumeric('ArgMax', x!);
    return [{ dtype: 'int64', shape: reducedShape(x!.shape, { axes: [axis], keepdims }) }];
  },
  attributes: ({ axis, keepdims }) => ({ axis, keepdims: Number(keepdims) }),
  gradient: INDICES,
});

/** The int64 index of the largest element along one axis, the first among equals. */
export function ArgMax(x: Value, axis: number, keepdims = true): Value {
  return argMax([x], { axis: normalizeAxis('ArgMax', axis, x.rank), keepdims })[0]!;
}

const topK = defineOp<{ k: number; axis: number; largest: boolean }>('TopK', {
  infer([x], { k, axis }) {
    requireNumeric('TopK', x!);
    const size = x!.shape[axis]!;
    if (!Number.isInteger(k) || k < 1 || (typeof size === 'number' && k > size)) {
      refuse('GRAPH_INVALID_ARGUMENT', 'TopK', `k ${k} must be an integer from 1 to ${size}, the size of axis ${axis}`);
    }
    const shape = x!.shape.map((dim, at) => (at === axis ? k : dim));
    return [
      { dtype: x!.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  attributes: ({ axis, largest }) => ({ axis, largest: Number(largest), sorted: 1 }),
  gradient: 'take the values with GatherElements at its indices, which has one',
});

/** The k largest (or smallest) elements along an axis, sorted, and their int64 indices. */
export function TopK(x: Value, k: number, axis = -1, { largest = true } = {}): { values: Value; indices: Value } {
  const params = { k, axis: normalizeAxis('TopK', axis, x.rank), largest };
  const [values, indices] = topK([x, int64List(x.graph, [k])], params);
  return { values: values!, indices: indices! };
}

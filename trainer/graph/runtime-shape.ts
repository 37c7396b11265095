// Sizes that are known at run time only: tensors that hold shapes, made of constants wherever the sizes are numbers.
import { type Dim, type Dims, dimTerms, isStatic, sameShape } from './dims.js';
import type { Graph, Value } from './ir.js';
import { refuse } from './op.js';
import { Add, Mul } from './ops/elementwise.js';
import { Cast } from './ops/logic.js';
import { Concat, expandTo, Shape, Squeeze } from './ops/shape.js';

/** A constant int64 [n], as ONNX takes axes, sizes and bounds. */
export function int64List(graph: Graph, values: readonly number[]): Value {
  return graph.constant('int64', [values.length], values);
}

/** The shape of x, int64 [rank]: a constant where it is known. */
export function shapeOf(x: Value): Value {
  return isStatic(x.shape) ? int64List(x.graph, x.shape) : Shape(x);
}

/** The size of one axis of x, int64 [1]: a constant where it is known. */
export function sizeOf(x: Value, axis: number): Value {
  const dim = x.shape[axis]!;
  return typeof dim === 'number' ? int64List(x.graph, [dim]) : Shape(x, axis, axis + 1);
}

/** The product of the sizes of some axes of x, a scalar of x's own float type. */
export function sizeAsFloat(x: Value, axes: readonly number[]): Value {
  const sizes = axes.map((axis) => Squeeze(Cast(sizeOf(x, axis), x.dtype), [0]));
  return sizes.reduce((a, b) => Mul(a, b), x.graph.scalar(x.dtype, 1));
}

/** Dimensions as int64 [n]. Symbolic ones are read off x where it has them, else off the input that states their symbols. */
export function shapeTensor(op: string, x: Value, dims: Dims): Value {
  if (isStatic(dims)) return int64List(x.graph, dims);
  const sizes = dims.map((dim) => {
    const axis = x.shape.indexOf(dim);
    return axis >= 0 ? sizeOf(x, axis) : dimensionValue(op, x.graph, dim);
  });
  return Concat(sizes, 0);
}

/** A dimension as int64 [1], computed from the values that state its symbols. Throws GRAPH_UNKNOWN_SYMBOL where none does. */
function dimensionValue(op: string, graph: Graph, dim: Dim): Value {
  const symbolValue = (symbol: string): Value => {
    const place = graph.whereIs(symbol);
    if (!place) {
      const message = `the size of '${symbol}' is needed, and no input has an axis of exactly that size: add one`;
      return refuse('GRAPH_UNKNOWN_SYMBOL', op, message);
    }
    return sizeOf(place.value, place.axis);
  };
  const terms = dimTerms(dim).map(({ coefficient, symbols }) => {
    const factors = symbols.map(symbolValue);
    return coefficient === 1 && factors.length > 0
      ? factors.reduce(Mul)
      : factors.reduce(Mul, int64List(graph, [coefficient]));
  });
  return terms.length === 0 ? int64List(graph, [0]) : terms.reduce((a, b) => Add(a, b));
}

/** x stretched to the shape of `like`, against which it broadcasts. */
export function expandLike(x: Value, like: Value): Value {
  return sameShape(x.shape, like.shape) ? x : expandTo(x, shapeOf(like), like.shape);
}

/** Zeros in the shape and type of `like`. Not stored: a scalar is stretched when the model runs. */
export function zerosLike(like: Value): Value {
  return expandLike(like.graph.scalar(like.dtype, 0), like);
}

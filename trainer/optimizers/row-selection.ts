// Which rows of a matrix are trained, and for how long: the graph nodes that Grass (grass.ts) selects with, all float or int32.
import type { DType, Value } from '../graph/graph.js';
import { Add, Div, Floor, Mul, Sub } from '../graph/ops/elementwise.js';
import { Gather, ScatterElements } from '../graph/ops/indexing.js';
import { Cast, GreaterOrEqual, Less } from '../graph/ops/logic.js';
import { ReduceSumSquare, TopK } from '../graph/ops/reduce.js';
import { Concat } from '../graph/ops/shape.js';

/** Quotient and remainder of whole numbers in floats, right even where a device's division is off in the last place. */
function divide(x: Value, by: number): { quotient: Value; remainder: Value } {
  const scalar = (value: number) => x.graph.scalar(x.dtype, value);
  const guess = Floor(Div(x, scalar(by)));
  const rest = Sub(x, Mul(guess, scalar(by)));
  const missed = Sub(Cast(GreaterOrEqual(rest, scalar(by)), x.dtype), Cast(Less(rest, scalar(0)), x.dtype));
  return { quotient: Add(guess, missed), remainder: Sub(rest, Mul(missed, scalar(by))) };
}

/** The number of the current selection from 0, its age in steps from 0, and whether it is new. Exact for 2²⁴ steps in float32. */
export function selectionTime(step: Value, period: number) {
  const { quotient, remainder } = divide(Sub(step, 1), period);
  return { number: quotient, age: remainder, fresh: Less(remainder, 0.5) };
}

/** Numbers of the rows whose turn it is, as floats [count]: as many from where the last selection ended, round the matrix. */
export function rowsInTurn(selection: Value, count: number, rows: number): Value {
  // The remainder first: the product of a large selection and count would not be exact.
  const begin = Mul(divide(selection, rows).remainder, selection.graph.scalar(selection.dtype, count));
  return divide(Add(begin, countUp(selection, count)), rows).remainder;
}

/** Numbers of the rows whose gradients are largest, as floats [count]: looked up, for WebGPU has no Cast from TopK's int64. */
export function largestRows(gradient: Value, count: number): Value {
  const norms = ReduceSumSquare(gradient, { axes: [1], keepdims: false });
  return Gather(countUp(gradient, gradient.shape[0] as number), TopK(norms, count).indices, 0);
}

/** 0, 1 … count − 1. */
function countUp({ graph, dtype }: Value, count: number, as: DType = dtype): Value {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return graph.constant(as, [count], numbers);
}

/**
 * [rows, columns] with row `index[i]` the i-th of `update` and zeros elsewhere: every row looks up its place, the last one
 * being a row of zeros. Scattering the rows themselves would need an index for every element.
 */
export function spreadRows(update: Value, index: Value, rows: number): Value {
  const [count, columns] = update.shape as [number, number];
  const nowhere = update.graph.constant('int32', [rows], new Array<number>(rows).fill(count));
  const places = ScatterElements(nowhere, index, countUp(update, count, 'int32'), 0);
  const zeros = update.graph.constant(update.dtype, [1, columns], new Array<number>(columns).fill(0));
  return Gather(Concat([update, zeros], 0), places, 0);
}

// NumPy broadcasting: its shapes, and the sum that undoes it in gradients.
import { type Dim, type Dims, sameShape } from './dims.js';
import type { Value } from './ir.js';
import { refuse } from './op.js';
import { ReduceSum } from './ops/reduce.js';
import { Squeeze } from './ops/shape.js';

/** A value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operand = Value | number;

/** Two operands as values. At least one must be a Value. */
export function operands(op: string, a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== 'number') return [a, typeof b === 'number' ? a.graph.scalar(a.dtype, b) : b];
  if (typeof b !== 'number') return [b.graph.scalar(b.dtype, a), b];
  return refuse('GRAPH_INVALID_ARGUMENT', op, 'at least one operand must be a Value, not two numbers');
}

/**
 * The common shape of operands, aligned at their last axes. A dimension of 1 stretches; two symbols must be the same one,
 * because nothing says before the run that they are equal.
 */
export function broadcastShapes(op: string, a: Dims, b: Dims): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m === n || n === 1) return m;
    if (m === 1) return n;
    return refuse('GRAPH_SHAPE_MISMATCH', op, `shapes do not broadcast: a[${a}] × b[${b}]`);
  });
}

/** Sums a gradient over exactly the axes along which `target` was stretched, in one ReduceSum. The result has target's shape. */
export function sumToShape(gradient: Value, target: Value): Value {
  if (sameShape(gradient.shape, target.shape)) return gradient;
  const added = gradient.rank - target.rank;
  const leading = Array.from({ length: added }, (_, axis) => axis);
  const stretched: number[] = [];
  target.shape.forEach((dim, axis) => {
    if (dim === 1 && gradient.shape[axis + added] !== 1) stretched.push(axis + added);
  });
  if (stretched.length === 0) return ReduceSum(gradient, { axes: leading, keepdims: false });
  const sum = ReduceSum(gradient, { axes: [...leading, ...stretched] });
  return added === 0 ? sum : Squeeze(sum, leading);
}

// Matrix products over broadcast batches, with gradients that contract stretched batch axes inside the product itself.
import { broadcastShapes } from '../broadcast.js';
import { type Dim, type Dims, sizeOfShape } from '../dims.js';
import type { Value } from '../ir.js';
import { defineOp, refuse, requireNumeric, requireSameDType } from '../op.js';
import { Reshape, Transpose } from './shape.js';

const matMul = defineOp('MatMul', {
  infer([a, b]) {
    requireSameDType('MatMul', a!, b!);
    requireNumeric('MatMul', a!);
    if (a!.rank < 2 || b!.rank < 2) {
      const message = `operands need two axes or more: a[${a!.shape}] × b[${b!.shape}]: Unsqueeze vectors`;
      refuse('GRAPH_SHAPE_MISMATCH', 'MatMul', message);
    }
    if (a!.shape.at(-1) !== b!.shape.at(-2)) {
      refuse('GRAPH_SHAPE_MISMATCH', 'MatMul', `inner dimensions differ: a[${a!.shape}] × b[${b!.shape}]`);
    }
    const batch = broadcastShapes('MatMul', a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return [{ dtype: a!.dtype, shape: [...batch, a!.shape.at(-2)!, b!.shape.at(-1)!] }];
  },
  gradient: ({ inputs: [a, b], gradient }) => [gradientOfLeft(gradient, a!, b!), gradientOfRight(gradient, a!, b!)],
});

/** a[.., m, k] × b[.., k, n] → [.., m, n]; the leading axes broadcast. */
export function MatMul(a: Value, b: Value): Value {
  return matMul([a, b], {})[0]!;
}

/** x with its last two axes exchanged. */
export function swapLastAxes(x: Value): Value {
  const perm = x.shape.map((_, axis) => axis);
  return Transpose(x, [...perm.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/**
 * db = Σ aᵀ·g, the sum over the batch axes along which b was stretched. Those axes join m as the contracted axis:
 * with b = W[k,n], a[B,L,k] and g[B,L,n] that is one product [k, B·L] × [B·L, n], where summing B products
 * [k,L] × [L,n] afterwards would write B copies of the gradient.
 */
function gradientOfRight(g: Value, a: Value, b: Value): Value {
  const stretched = stretchedAxes(b.shape, g.shape);
  if (stretched.length === 0) return MatMul(swapLastAxes(a), g);
  const left = foldIntoRows(a, stretched, g.rank);
  const right = foldIntoRows(g, stretched, g.rank);
  return Reshape(MatMul(swapLastAxes(left), right), b.shape);
}

/** da = Σ g·bᵀ = (Σ b·gᵀ)ᵀ, the sum over the batch axes along which a was stretched; they join n as the contracted axis. */
function gradientOfLeft(g: Value, a: Value, b: Value): Value {
  const stretched = stretchedAxes(a.shape, g.shape);
  if (stretched.length === 0) return MatMul(g, swapLastAxes(b));
  const left = foldIntoRows(swapLastAxes(g), stretched, g.rank);
  const right = foldIntoRows(swapLastAxes(b), stretched, g.rank);
  return Reshape(MatMul(swapLastAxes(left), right), a.shape);
}

/** The batch axes of the product along which an operand was repeated. */
function stretchedAxes(operand: Dims, product: Dims): number[] {
  const added = product.length - operand.length;
  const axes: number[] = [];
  for (let axis = 0; axis < product.length - 2; axis++) {
    if (axis < added || (operand[axis - added] === 1 && product[axis] !== 1)) axes.push(axis);
  }
  return axes;
}

/**
 * [batch.., rows, columns] → [kept batch.., folded·rows, columns]: the axes `folded` of a product of rank `rank` move next
 * to the rows. Both operands of the contraction fold the same axes in the same order, so their rows stay in step. Neither
 * lacks them: where one operand of a product is stretched, the product has its size from the other.
 */
function foldIntoRows(x: Value, folded: readonly number[], rank: number): Value {
  const own = folded.map((axis) => axis - (rank - x.rank));
  const kept = x.shape.map((_, axis) => axis).filter((axis) => axis < x.rank - 2 && !own.includes(axis));
  const perm = [...kept, ...own, x.rank - 2, x.rank - 1];
  const inOrder = perm.every((axis, i) => axis === i) ? x : Transpose(x, perm);
  const dims = (axes: readonly number[]): Dim[] => axes.map((axis) => x.shape[axis]!);
  return Reshape(inOrder, [...dims(kept), sizeOfShape(dims([...own, x.rank - 2])), x.shape.at(-1)!]);
}

// Functions made of other operators, which bring their gradients.
import type { DType, Value } from '../ir.js';
import { refuse, requireIndices } from '../op.js';
import { Add, Mul, Tanh } from './elementwise.js';
import { Cast, Equal } from './logic.js';
import { Unsqueeze } from './shape.js';

/** The tanh approximation of x·Φ(x), "gelu_new" of T5 v1.1 (Hendrycks and Gimpel, arXiv 1606.08415). */
export function Gelu(x: Value): Value {
  const root = Math.sqrt(2 / Math.PI);
  const tanh = Tanh(Mul(x, Add(Mul(Mul(x, x), 0.044715 * root), root)));
  const half = Mul(x, 0.5);
  return Add(half, Mul(half, tanh));
}

/**
 * 1 at the index and 0 elsewhere, along a new last axis of size `depth`; all 0 where the index is outside of 0 … depth−1.
 * Composed, because ONNX Runtime has no OneHot kernel on WebGPU.
 */
export function OneHot(indices: Value, depth: number, dtype: DType): Value {
  requireIndices('OneHot', indices);
  if (!Number.isInteger(depth) || depth < 1)
    refuse('GRAPH_INVALID_ARGUMENT', 'OneHot', `depth ${depth} must be 1 or more`);
  const classes = Array.from({ length: depth }, (_, i) => i);
  return Cast(Equal(Unsqueeze(indices, [-1]), indices.graph.constant(indices.dtype, [depth], classes)), dtype);
}

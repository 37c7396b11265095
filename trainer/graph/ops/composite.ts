// Functions made of other operators, which bring their gradients.
import type { DType, Value } from '../ir.js';
import { defineComposite, refuse, requireIndices } from '../op.js';
import { Add, Mul, Reciprocal, Sigmoid, Sqrt, Sub } from './elementwise.js';
import { Cast, Equal } from './logic.js';
import { ReduceMean } from './reduce.js';
import { Unsqueeze } from './shape.js';

/** √(8/π) and its product with the cubic term's factor: the tanh of the published formula is written as a Sigmoid of twice. */
const LINEAR = Math.sqrt(8 / Math.PI);
const CUBIC = 0.044715 * LINEAR;

const gelu = defineComposite<void>('Gelu', {
  forward(x) {
    const square = Mul(x, x);
    const gate = Sigmoid(Mul(x, Add(Mul(square, CUBIC), LINEAR)));
    return { y: Mul(x, gate), saved: [square, gate] };
  },
  // With y = x·s(v(x)): dy/dx = s + y·(1 − s)·v′(x), seven passes over the tensor where the parts' own rules take fourteen.
  gradient({ y, saved: [square, gate], gradient }) {
    const inner = Add(Mul(square!, 3 * CUBIC), LINEAR);
    return Mul(gradient, Add(gate!, Mul(Mul(y, Sub(1, gate!)), inner)));
  },
});

/**
 * "gelu_new" of T5 v1.1, 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks and Gimpel, arXiv 1606.08415),
 * computed as x·sigmoid(√(8/π)·(x + 0.044715·x³)), which is the same.
 */
export function Gelu(x: Value): Value {
  return gelu(x);
}

const rmsNormalize = defineComposite<number>('RMSNormalize', {
  forward(x, epsilon) {
    const axes = [x.rank - 1];
    const inverse = Reciprocal(Sqrt(Add(ReduceMean(Mul(x, x), { axes }), epsilon)));
    return { y: Mul(x, inverse), saved: [inverse] };
  },
  // With y = x/r(x): dx = (g − y·mean(g·y))/r, four passes over the tensor where the parts' own rules take nine.
  gradient({ x, y, saved: [inverse], gradient }) {
    const along = ReduceMean(Mul(gradient, y), { axes: [x.rank - 1] });
    return Mul(Sub(gradient, Mul(y, along)), inverse!);
  },
});

/** x / √(mean(x²) + ε) over the last axis: RMSNorm (Zhang and Sennrich, arXiv 1910.07467) before its weight. */
export function RMSNormalize(x: Value, epsilon: number): Value {
  return rmsNormalize(x, epsilon);
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

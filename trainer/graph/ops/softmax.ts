// Softmax and its logarithm.
import type { Value } from '../ir.js';
import { defineOp, normalizeAxis, requireFloat } from '../op.js';
import { Mul, Sub } from './elementwise.js';
import { ReduceLogSumExp, ReduceSum } from './reduce.js';

const softmax = defineOp<{ axis: number }>('Softmax', {
  infer([x]) {
    requireFloat('Softmax', x!);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  attributes: ({ axis }) => ({ axis }),
  gradient({ outputs: [y], gradient, params: { axis } }) {
    const mean = ReduceSum(Mul(gradient, y!), { axes: axis });
    return [Mul(y!, Sub(gradient, mean))];
  },
});

/** exp(x) / Σ exp(x) along an axis. */
export function Softmax(x: Value, axis = -1): Value {
  return softmax([x], { axis: normalizeAxis('Softmax', axis, x.rank) })[0]!;
}

/** x − log Σ exp(x) along an axis. Composed, because ONNX Runtime has no LogSoftmax kernel on WebGPU. */
export function LogSoftmax(x: Value, axis = -1): Value {
  return Sub(x, ReduceLogSumExp(x, { axes: normalizeAxis('LogSoftmax', axis, x.rank) }));
}

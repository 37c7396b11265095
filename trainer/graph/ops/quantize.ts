// Products of 8-bit integers: activations are quantized as the model runs, weights when it is written. Forward only.
import type { Value } from '../ir.js';
import { defineOp, refuse } from '../op.js';
import { Mul } from './elementwise.js';
import { Cast } from './logic.js';

const NO_GRADIENT = 'rounding has a gradient of 0: train in floats and quantize what was trained';

const dynamicQuantizeLinear = defineOp('DynamicQuantizeLinear', {
  infer([x]) {
    if (x!.dtype !== 'float32') refuse('GRAPH_DTYPE_MISMATCH', 'DynamicQuantizeLinear', `needs float32, got ${x}`);
    return [
      { dtype: 'uint8', shape: x!.shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ];
  },
  gradient: NO_GRADIENT,
});

/** x as uint8 of one scale and one zero point, which span its range at this run: x ≈ (values − zero) · scale. */
export function DynamicQuantizeLinear(x: Value): { values: Value; scale: Value; zero: Value } {
  const [values, scale, zero] = dynamicQuantizeLinear([x], {});
  return { values: values!, scale: scale!, zero: zero! };
}

const matMulInteger = defineOp('MatMulInteger', {
  infer([a, b, zero]) {
    const eight = (value: Value) => value.dtype === 'int8' || value.dtype === 'uint8';
    if (!eight(a!) || !eight(b!)) {
      refuse('GRAPH_DTYPE_MISMATCH', 'MatMulInteger', `operands must be int8 or uint8: a ${a} × b ${b}`);
    }
    if (zero!.dtype !== a!.dtype || zero!.rank !== 0) {
      refuse('GRAPH_DTYPE_MISMATCH', 'MatMulInteger', `the zero point must be a scalar of a's type, got ${zero}`);
    }
    if (a!.rank < 2 || b!.rank !== 2 || a!.shape.at(-1) !== b!.shape[0]) {
      refuse('GRAPH_SHAPE_MISMATCH', 'MatMulInteger', `needs a[.., k] × b[k, n], got a[${a!.shape}] × b[${b!.shape}]`);
    }
    return [{ dtype: 'int32', shape: [...a!.shape.slice(0, -1), b!.shape[1]!] }];
  },
  gradient: NO_GRADIENT,
});

/** (a − zero)[.., m, k] × b[k, n] in int32; b's zero point is 0. */
export function MatMulInteger(a: Value, b: Value, zero: Value): Value {
  return matMulInteger([a, b, zero], {})[0]!;
}

/**
 * x·W for a W of 8-bit integers: `weight` int8 [k, n] times `scales` float32 [n], one a column. Written in the order of
 * operators that ONNX Runtime fuses into one.
 */
export function QuantizedMatMul(x: Value, weight: Value, scales: Value): Value {
  const { values, scale, zero } = DynamicQuantizeLinear(x);
  return Mul(Cast(MatMulInteger(values, weight, zero), 'float32'), Mul(scale, scales));
}

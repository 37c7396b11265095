// Comparisons, conditions and conversions. Only Where and Cast between floats carry gradients.
import { broadcastShapes, type Operand, operands, sumToShape } from '../broadcast.js';
import type { DType, Value } from '../ir.js';
import { type Apply, defineOp, requireBool, requireNumeric, requireSameDType } from '../op.js';

const CONDITION = 'its output is a condition, which no gradient reaches';

function comparison(name: string, require: (op: string, value: Value) => void): (a: Operand, b: Operand) => Value {
  const apply: Apply<Record<never, never>> = defineOp(name, {
    infer([a, b]) {
      requireSameDType(name, a!, b!);
      require(name, a!);
      return [{ dtype: 'bool', shape: broadcastShapes(name, a!.shape, b!.shape) }];
    },
    gradient: CONDITION,
  });
  return (a, b) => apply(operands(name, a, b), {})[0]!;
}

/** a = b, as bool. */
export const Equal = comparison('Equal', () => {});
/** a < b, as bool. */
export const Less = comparison('Less', requireNumeric);
/** a ≤ b, as bool. */
export const LessOrEqual = comparison('LessOrEqual', requireNumeric);
/** a > b, as bool. */
export const Greater = comparison('Greater', requireNumeric);
/** a ≥ b, as bool. */
export const GreaterOrEqual = comparison('GreaterOrEqual', requireNumeric);
/** Both, of bools. */
export const And = comparison('And', requireBool);
/** Either or both, of bools. */
export const Or = comparison('Or', requireBool);

const not = defineOp('Not', {
  infer([x]) {
    requireBool('Not', x!);
    return [{ dtype: 'bool', shape: x!.shape }];
  },
  gradient: CONDITION,
});

/** The opposite of a bool. */
export function Not(x: Value): Value {
  return not([x], {})[0]!;
}

const where = defineOp('Where', {
  infer([condition, a, b]) {
    requireBool('Where', condition!);
    requireSameDType('Where', a!, b!);
    const shape = broadcastShapes('Where', condition!.shape, broadcastShapes('Where', a!.shape, b!.shape));
    return [{ dtype: a!.dtype, shape }];
  },
  gradient: ({ inputs: [condition, a, b], gradient }) => [
    undefined,
    sumToShape(Where(condition!, gradient, 0), a!),
    sumToShape(Where(condition!, 0, gradient), b!),
  ],
});

/** a where the condition holds, else b; all three broadcast. */
export function Where(condition: Value, a: Operand, b: Operand): Value {
  return where([condition, ...operands('Where', a, b)], {})[0]!;
}

/** TensorProto.DataType of the ONNX specification. */
export const ONNX_DTYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

const cast = defineOp<{ to: DType }>('Cast', {
  infer: ([x], { to }) => [{ dtype: to, shape: x!.shape }],
  attributes: ({ to }) => ({ to: ONNX_DTYPE[to] }),
  gradient: ({ inputs: [x], gradient }) => [x!.isFloat ? Cast(gradient, x!.dtype) : undefined],
});

/** The same numbers as another type; floats become integers by dropping the fraction, and bool is "not 0". */
export function Cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : cast([x], { to })[0]!;
}

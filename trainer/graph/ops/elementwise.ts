// Element by element: arithmetic of two broadcast operands and functions of one. An operand may be a plain number.
import { broadcastShapes, type Operand, operands, sumToShape } from '../broadcast.js';
import type { Value } from '../ir.js';
import { type Apply, defineOp, type OpSpec, refuse, requireFloat, requireNumeric, requireSameDType } from '../op.js';
import { zerosLike } from '../runtime-shape.js';
import { And, Cast, Equal, Greater, GreaterOrEqual, LessOrEqual, Where } from './logic.js';

type Gradient = Exclude<OpSpec<Record<never, never>>['gradient'], string>;

function binary(name: string, gradient: Gradient): Apply<Record<never, never>> {
  return defineOp(name, {
    infer([a, b]) {
      requireSameDType(name, a!, b!);
      requireNumeric(name, a!);
      return [{ dtype: a!.dtype, shape: broadcastShapes(name, a!.shape, b!.shape) }];
    },
    gradient,
  });
}

function unary(name: string, gradient: Gradient, require = requireFloat): Apply<Record<never, never>> {
  return defineOp(name, {
    infer([x]) {
      require(name, x!);
      return [{ dtype: x!.dtype, shape: x!.shape }];
    },
    gradient,
  });
}

const add = binary('Add', ({ inputs: [a, b], gradient }) => [sumToShape(gradient, a!), sumToShape(gradient, b!)]);

/** a + b. */
export function Add(a: Operand, b: Operand): Value {
  return add(operands('Add', a, b), {})[0]!;
}

const sub = binary('Sub', ({ inputs: [a, b], gradient }) => [sumToShape(gradient, a!), Neg(sumToShape(gradient, b!))]);

/** a − b. */
export function Sub(a: Operand, b: Operand): Value {
  return sub(operands('Sub', a, b), {})[0]!;
}

const mul = binary('Mul', ({ inputs: [a, b], gradient }) => [
  sumToShape(Mul(gradient, b!), a!),
  sumToShape(Mul(gradient, a!), b!),
]);

/** a · b, element by element. */
export function Mul(a: Operand, b: Operand): Value {
  return mul(operands('Mul', a, b), {})[0]!;
}

const div = binary('Div', ({ inputs: [a, b], outputs: [y], gradient }) => {
  const scaled = Div(gradient, b!);
  return [sumToShape(scaled, a!), Neg(sumToShape(Mul(scaled, y!), b!))];
});

/** a / b; integers are divided towards zero. */
export function Div(a: Operand, b: Operand): Value {
  return div(operands('Div', a, b), {})[0]!;
}

const pow = binary('Pow', ({ inputs: [x, exponent], outputs: [y], gradient }) => {
  const base = Mul(gradient, Mul(exponent!, Pow(x!, Sub(exponent!, 1))));
  return [sumToShape(base, x!), sumToShape(Mul(gradient, Mul(y!, Log(x!))), exponent!)];
});

/** x to the power of the exponent. The exponent's gradient holds for x > 0. Square by Mul(x, x), which is faster. */
export function Pow(x: Operand, exponent: Operand): Value {
  return pow(operands('Pow', x, exponent), {})[0]!;
}

const max = binary('Max', ({ inputs: [a, b], gradient }) => {
  const first = GreaterOrEqual(a!, b!);
  return [sumToShape(Where(first, gradient, 0), a!), sumToShape(Where(first, 0, gradient), b!)];
});

/** The larger of two. Where they are equal, the gradient goes to `a`. */
export function Max(a: Operand, b: Operand): Value {
  return max(operands('Max', a, b), {})[0]!;
}

const min = binary('Min', ({ inputs: [a, b], gradient }) => {
  const first = LessOrEqual(a!, b!);
  return [sumToShape(Where(first, gradient, 0), a!), sumToShape(Where(first, 0, gradient), b!)];
});

/** The smaller of two. Where they are equal, the gradient goes to `a`. */
export function Min(a: Operand, b: Operand): Value {
  return min(operands('Min', a, b), {})[0]!;
}

const clip = defineOp('Clip', {
  infer([x, low, high]) {
    requireNumeric('Clip', x!);
    for (const limit of [low!, high!]) {
      requireSameDType('Clip', x!, limit);
      if (limit.rank !== 0) refuse('GRAPH_SHAPE_MISMATCH', 'Clip', `limits must be scalars, got ${limit}`);
    }
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  gradient({ inputs: [x, low, high], gradient }) {
    const inside = And(GreaterOrEqual(x!, low!), LessOrEqual(x!, high!));
    return [Where(inside, gradient, 0), undefined, undefined];
  },
});

/** x limited to [low, high]. The gradient passes at and between the limits, and is 0 beyond; the limits get none. */
export function Clip(x: Value, low: number, high: number): Value {
  if (!(low <= high)) refuse('GRAPH_INVALID_ARGUMENT', 'Clip', `low ${low} must not exceed high ${high}`);
  return clip([x, x.graph.scalar(x.dtype, low), x.graph.scalar(x.dtype, high)], {})[0]!;
}

const neg = unary('Neg', ({ gradient }) => [Neg(gradient)], requireNumeric);

/** −x. */
export function Neg(x: Value): Value {
  return neg([x], {})[0]!;
}

const abs = unary(
  'Abs',
  ({ inputs: [x], gradient }) => [Where(Greater(x!, 0), gradient, Where(Equal(x!, 0), 0, Neg(gradient)))],
  requireNumeric,
);

/** |x|. The gradient at 0 is 0. */
export function Abs(x: Value): Value {
  return abs([x], {})[0]!;
}

const sign = unary('Sign', ({ inputs: [x] }) => [zerosLike(x!)], requireNumeric);

/** −1, 0 or 1. Its gradient is 0. */
export function Sign(x: Value): Value {
  return sign([x], {})[0]!;
}

const floor = unary('Floor', ({ inputs: [x] }) => [zerosLike(x!)]);

/** The largest integer ≤ x, as a float. Its gradient is 0. */
export function Floor(x: Value): Value {
  return floor([x], {})[0]!;
}

const reciprocal = unary('Reciprocal', ({ outputs: [y], gradient }) => [Neg(Mul(gradient, Mul(y!, y!)))]);

/** 1 / x. */
export function Reciprocal(x: Value): Value {
  return reciprocal([x], {})[0]!;
}

const sqrt = unary('Sqrt', ({ outputs: [y], gradient }) => [Div(Mul(gradient, 0.5), y!)]);

/** √x. */
export function Sqrt(x: Value): Value {
  return sqrt([x], {})[0]!;
}

const exp = unary('Exp', ({ outputs: [y], gradient }) => [Mul(gradient, y!)]);

/** e to the power of x. */
export function Exp(x: Value): Value {
  return exp([x], {})[0]!;
}

const log = unary('Log', ({ inputs: [x], gradient }) => [Div(gradient, x!)]);

/** The natural logarithm. */
export function Log(x: Value): Value {
  return log([x], {})[0]!;
}

const tanh = unary('Tanh', ({ outputs: [y], gradient }) => [Mul(gradient, Sub(1, Mul(y!, y!)))]);

/** Hyperbolic tangent. */
export function Tanh(x: Value): Value {
  return tanh([x], {})[0]!;
}

const sigmoid = unary('Sigmoid', ({ outputs: [y], gradient }) => [Mul(gradient, Mul(y!, Sub(1, y!)))]);

/** 1 / (1 + e^−x). */
export function Sigmoid(x: Value): Value {
  return sigmoid([x], {})[0]!;
}

const relu = unary('Relu', ({ outputs: [y], gradient }) => [Mul(gradient, Cast(Greater(y!, 0), gradient.dtype))]);

/** max(x, 0). The gradient at 0 is 0. */
export function Relu(x: Value): Value {
  return relu([x], {})[0]!;
}

const erf = unary('Erf', ({ inputs: [x], gradient }) => [
  Mul(gradient, Mul(Exp(Neg(Mul(x!, x!))), 2 / Math.sqrt(Math.PI))),
]);

/** The error function, 2/√π · ∫₀ˣ exp(−t²) dt. */
export function Erf(x: Value): Value {
  return erf([x], {})[0]!;
}

// Arithmetic on dimensions: integers, symbols such as 'batch', and integer polynomials of symbols such as 'batch*len' or 'past+1'.
// Every polynomial has one canonical spelling, so that two dimensions are known to be equal exactly when they are ===.
import { GraphError } from './errors.js';

/** The size of an axis: a number, or a symbolic expression whose value is known at run time only. */
export type Dim = number | string;
/** The sizes of all axes; [] for a scalar. */
export type Dims = readonly Dim[];

/** Coefficients by product of symbols, factors sorted and joined by '*'; the key '' is the constant term. */
type Polynomial = ReadonlyMap<string, number>;

const TERM = /^(?:\d+|[A-Za-z_]\w*)(?:\*(?:\d+|[A-Za-z_]\w*))*$/;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') {
    if (!Number.isSafeInteger(dim)) throw invalidDimension(dim);
    return new Map(dim === 0 ? [] : [['', dim]]);
  }
  const polynomial = new Map<string, number>();
  // A sign belongs to the term it precedes: 'len-1' is the terms 'len' and '-1'.
  for (const signed of dim
    .trim()
    .replace(/\s*([-+*])\s*/g, '$1')
    .split(/(?=[+-])/)) {
    const term = signed.replace(/^[+-]/, '');
    if (!TERM.test(term)) throw invalidDimension(dim);
    let coefficient = signed.startsWith('-') ? -1 : 1;
    const symbols: string[] = [];
    for (const factor of term.split('*')) {
      if (/^\d/.test(factor)) coefficient *= Number(factor);
      else symbols.push(factor);
    }
    accumulate(polynomial, symbols.sort().join('*'), coefficient);
  }
  return polynomial;
}

function invalidDimension(dim: Dim): GraphError {
  return new GraphError(
    'GRAPH_INVALID_DIMENSION',
    `dimension ${JSON.stringify(dim)}: use a non-negative integer, a symbol such as 'batch', or sums and products such as 'past+1'`,
  );
}

function accumulate(polynomial: Map<string, number>, key: string, coefficient: number): void {
  const sum = (polynomial.get(key) ?? 0) + coefficient;
  if (sum === 0) polynomial.delete(key);
  else polynomial.set(key, sum);
}

/** The canonical spelling: a number where there are no symbols, else terms of falling degree with the constant last. */
function spell(polynomial: Polynomial): Dim {
  const degree = (key: string) => (key === '' ? 0 : key.split('*').length);
  const keys = [...polynomial.keys()].sort((a, b) => degree(b) - degree(a) || (a < b ? -1 : 1));
  if (keys.length === 0) return 0;
  if (keys.length === 1 && keys[0] === '') return polynomial.get('')!;
  let text = '';
  for (const key of keys) {
    const coefficient = polynomial.get(key)!;
    const size = Math.abs(coefficient);
    const sign = coefficient < 0 ? '-' : text === '' ? '' : '+';
    text += sign + (key === '' ? size : size === 1 ? key : `${size}*${key}`);
  }
  return text;
}

/** The one spelling of a dimension. Throws GRAPH_INVALID_DIMENSION where it is no dimension. */
export function canonicalDim(dim: Dim): Dim {
  const canonical = spell(parse(dim));
  if (typeof canonical === 'number' && canonical < 0) throw invalidDimension(dim);
  return canonical;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = new Map(parse(a));
  for (const [key, coefficient] of parse(b)) accumulate(sum, key, coefficient);
  return spell(sum);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const difference = new Map(parse(a));
  for (const [key, coefficient] of parse(b)) accumulate(difference, key, -coefficient);
  return spell(difference);
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const product = new Map<string, number>();
  for (const [left, m] of parse(a)) {
    for (const [right, n] of parse(b)) {
      const factors = [...left.split('*'), ...right.split('*')].filter((factor) => factor !== '');
      accumulate(product, factors.sort().join('*'), m * n);
    }
  }
  return spell(product);
}

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOfShape(shape: Dims): Dim {
  return shape.reduce<Dim>(multiplyDims, 1);
}

/**
 * The one missing dimension of a reshape: size(shape) / size(known), or undefined where that is no polynomial that this
 * arithmetic finds. Equal dimensions are cancelled first, so that sums such as 'past+1' need no polynomial division.
 */
export function missingDim(shape: Dims, known: Dims): Dim | undefined {
  const dividend = [...shape];
  const divisor: Dim[] = [];
  for (const dim of known) {
    const at = dividend.indexOf(dim);
    if (at >= 0) dividend.splice(at, 1);
    else divisor.push(dim);
  }
  return divideByTerm(parse(sizeOfShape(dividend)), parse(sizeOfShape(divisor)));
}

function divideByTerm(dividend: Polynomial, divisor: Polynomial): Dim | undefined {
  if (divisor.size !== 1) return undefined;
  const [[divisorKey, divisorCoefficient]] = [...divisor] as [[string, number]];
  const quotient = new Map<string, number>();
  for (const [key, coefficient] of dividend) {
    const factors = key === '' ? [] : key.split('*');
    for (const symbol of divisorKey === '' ? [] : divisorKey.split('*')) {
      const at = factors.indexOf(symbol);
      if (at < 0) return undefined;
      factors.splice(at, 1);
    }
    if (coefficient % divisorCoefficient !== 0) return undefined;
    accumulate(quotient, factors.join('*'), coefficient / divisorCoefficient);
  }
  return spell(quotient);
}

/** The terms of a dimension, for code that computes it at run time: 2*batch+1 is [{2, [batch]}, {1, []}]. */
export function dimTerms(dim: Dim): { coefficient: number; symbols: string[] }[] {
  return [...parse(dim)].map(([key, coefficient]) => ({
    coefficient,
    symbols: key === '' ? [] : key.split('*'),
  }));
}

/** Whether a dimension is one bare symbol, whose size some axis states directly. */
export function isSymbol(dim: Dim): dim is string {
  return typeof dim === 'string' && /^[A-Za-z_]\w*$/.test(dim);
}

export function sameShape(a: Dims, b: Dims): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

export function isStatic(shape: Dims): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

// Arithmetic on symbolic dimensions: one spelling each, and the laws of integers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDims,
  canonicalDim,
  type Dim,
  dimTerms,
  missingDim,
  multiplyDims,
  sizeOfShape,
  subtractDims,
} from '../../../trainer/graph/dims.js';

const VALUES: Record<string, number> = { batch: 7, len: 11, past: 13 };

/** The number that a dimension is when its symbols have their values. */
function evaluate(dim: Dim): number {
  const terms = dimTerms(dim).map(({ coefficient, symbols }) => symbols.reduce((n, s) => n * VALUES[s]!, coefficient));
  return terms.reduce((a, b) => a + b, 0);
}

const leaf = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('batch', 'len', 'past'));
const dim = fc.letrec<{ dim: Dim }>((tie) => ({
  dim: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => addDims(a, b)),
    fc.tuple(tie('dim'), tie('dim')).map(([a, b]) => multiplyDims(a, b)),
  ),
})).dim;

describe('dimensions', () => {
  it.each([
    ['len*batch', 'batch*len'],
    [' past + 1 ', 'past+1'],
    ['1+past', 'past+1'],
    ['batch*2*batch', '2*batch*batch'],
    ['len-len', 0],
    ['3*2', 6],
    ['len-1+batch*len', 'batch*len+len-1'],
  ])('%s is spelt %s', (written, spelt) => {
    expect(canonicalDim(written)).toBe(spelt);
  });

  it.each([-1, 1.5, Number.NaN, '', '2len', 'a b', 'a*', 'a/b', '(a+b)', 'größe'])('refuses %j', (bad) => {
    expect(() => canonicalDim(bad)).toThrow(expect.objectContaining({ code: 'GRAPH_INVALID_DIMENSION' }));
  });

  it('computes as integers do, and spells its results canonically', () => {
    fc.assert(
      fc.property(dim, dim, (a, b) => {
        expect(evaluate(addDims(a, b))).toBe(evaluate(a) + evaluate(b));
        expect(evaluate(multiplyDims(a, b))).toBe(evaluate(a) * evaluate(b));
        expect(evaluate(subtractDims(a, b))).toBe(evaluate(a) - evaluate(b));
        expect(addDims(a, b)).toBe(addDims(b, a));
        expect(multiplyDims(a, b)).toBe(multiplyDims(b, a));
        expect(subtractDims(addDims(a, b), b)).toBe(canonicalDim(a));
      }),
    );
  });

  it('finds the missing dimension of a reshape', () => {
    expect(missingDim(['batch', 6], [3])).toBe('2*batch');
    expect(missingDim(['batch', 'len', 8], ['batch', 8])).toBe('len');
    expect(missingDim(['past+1', 8], ['past+1', 2])).toBe(4);
    expect(missingDim(['past+1', 'batch'], ['batch'])).toBe('past+1');
    expect(missingDim(['batch', 6], [4])).toBeUndefined();
    expect(missingDim(['batch'], ['len'])).toBeUndefined();
    expect(sizeOfShape(['batch', 2, 'past+1'])).toBe('2*batch*past+2*batch');
  });
});

// Random numbers and frames for the codecs' property tests, with edges and extremes well represented.
import fc from 'fast-check';
import { Frame } from '../../tokenizer/frame.js';

const signed = (magnitudes: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.tuple(magnitudes, fc.boolean()).map(([magnitude, negative]) => (negative ? -magnitude : magnitude));

/** Spread evenly over the exponents, unlike fast-check's doubles, which seldom are of everyday size. */
const ofAnySize = (least: number, greatest: number): fc.Arbitrary<number> =>
  fc
    .tuple(fc.double({ min: 1, max: 9.999999, noNaN: true }), fc.integer({ min: least, max: greatest }))
    .map(([mantissa, exponent]) => Number(`${mantissa}e${exponent}`));

/** The next double above or below x, or x itself. */
export function neighbour(x: number, step: -1 | 0 | 1): number {
  if (step === 0) return x;
  if (x === 0) return step * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(Math.sign(x) * step));
  return view.getFloat64(0);
}

/** Halves of the last of four digits, where rounding decides, and the doubles next to them. */
const tie = fc
  .tuple(
    fc.integer({ min: 1000, max: 9999 }),
    fc.integer({ min: -33, max: 26 }),
    fc.constantFrom<(-1 | 0 | 1)[]>(-1, 0, 1),
  )
  .map(([mantissa, exponent, step]) => neighbour(Number(`${mantissa}.5e${exponent}`), step));

/** Numbers that the absolute codec with at least one digit can write: below 9.5e30 in magnitude. */
export const writable: fc.Arbitrary<number> = fc.oneof(
  signed(ofAnySize(-3, 6)),
  signed(ofAnySize(-40, 29)),
  signed(tie),
  fc.integer().map(Number),
  fc.double({ min: -9.4e30, max: 9.4e30, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, -5e-324, 1e-30, 9.9995e-31, -9.9995e-31, 9.4e30, -9.4e30, 0.1, 1e15, 2 ** 53),
);

/** Frames of every size: narrower than doubles can tell at their center, and wider than all numbers. */
export const frames: fc.Arbitrary<Frame> = fc
  .tuple(
    fc.oneof(fc.constant(0), signed(ofAnySize(-30, 29)), signed(ofAnySize(-2, 4))),
    fc.oneof(ofAnySize(-30, 30), ofAnySize(-3, 4)),
  )
  .map(([center, scale]) => new Frame(center, scale));

/** A frame and a number in or around it, so that its inside, its ends and its outside are all met. */
export const frameAndNumber: fc.Arbitrary<{ frame: Frame; y: number }> = frames.chain((frame) =>
  fc
    .oneof(
      writable,
      fc.double({ min: -1, max: 11, noNaN: true }).map((u) => frame.fromUnit(u)),
      fc
        .tuple(fc.integer({ min: -1, max: 10_001 }), fc.constantFrom<(-1 | 0 | 1)[]>(-1, 0, 1))
        .map(([cell, step]) => neighbour(frame.fromUnit((cell - 0.5) / 1000), step)),
    )
    .map((y) => ({ frame, y: Math.min(9.4e30, Math.max(-9.4e30, y)) })),
);

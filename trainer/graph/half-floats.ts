// Sixteen-bit floats to float32 and back: IEEE 754 binary16 (float16) and bfloat16, kept as their bits in a Uint16Array.

/** Bits that float32's mantissa has more than float16's, and the exponent biases 127 and 15 apart. */
const EXTRA_BITS = 13;
const BIAS_GAP = 127 - 15;
/** The least normal float16, 2^-14, and half of the least subnormal one, 2^-25. */
const LEAST_NORMAL = 2 ** -14;
const SUBNORMAL_STEP = 2 ** -24;
/** From here on, halfway between the largest float16 and what would be the next, numbers round to infinity. */
const OVERFLOW = 65520;
const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;

/** Each number as the nearest float16, ties to even; beyond ±65519 infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  const result = new Uint16Array(values.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const magnitude = Math.abs(value);
    float[0] = value;
    const sign = (bits[0]! >>> 16) & 0x8000;
    float[0] = magnitude;
    result[i] = sign | halfBits(magnitude, bits[0]!);
  }
  return result;
}

/** @param bits float32's own bits of `magnitude` */
function halfBits(magnitude: number, bits: number): number {
  if (magnitude >= OVERFLOW) return INFINITY_BITS;
  if (Number.isNaN(magnitude)) return NAN_BITS;
  if (magnitude < LEAST_NORMAL) return roundHalfToEven(magnitude / SUBNORMAL_STEP);
  // Adding a little less than half of the last kept place, or exactly half where that place is odd, rounds ties to even;
  // a carry runs into the exponent as it should.
  const odd = (bits >>> EXTRA_BITS) & 1;
  return ((bits + (1 << (EXTRA_BITS - 1)) - 1 + odd) >>> EXTRA_BITS) - (BIAS_GAP << 10);
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** float16 bits as the same numbers in float32, exactly. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * mantissa * SUBNORMAL_STEP;
    return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
  });
}

/** bfloat16 bits, the upper half of float32's, as the same numbers in float32, exactly. */
export function fromBfloat16(halves: Uint16Array): Float32Array {
  const bits = Uint32Array.from(halves, (half) => half << 16);
  return new Float32Array(bits.buffer);
}

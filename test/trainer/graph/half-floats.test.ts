// Conversions of sixteen-bit floats, against their definition and against ONNX Runtime's own Cast.
import { expect, it } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { fromBfloat16, fromFloat16, toFloat16 } from '../../../trainer/graph/half-floats.js';
import { Cast } from '../../../trainer/graph/ops/logic.js';
import { Random } from '../../../trainer/random.js';
import { runOnce } from './kit.js';

const random = new Random(17);
/** Ties, carries, both ends of the subnormals, overflow, signs, and numbers of every size. */
const SPECIAL = [0, -0, 1, -1, 65504, 65519, 65520, -7e4, 2 ** -14, 2 ** -24, 2 ** -25, 2 ** -26, 3 * 2 ** -26];
const TIES = [
  1 + 2 ** -11,
  1 + 3 * 2 ** -11,
  2 - 2 ** -12,
  2 ** -14 - 2 ** -25,
  5 * 2 ** -25,
  7 * 2 ** -25,
  2049,
  2051,
];
const values = Float32Array.from([
  ...SPECIAL,
  ...TIES,
  Number.POSITIVE_INFINITY,
  ...Array.from({ length: 2000 }, () => random.normal() * 2 ** (random.integer(44) - 28)),
]);

it('float16 rounds as ONNX Runtime does, and widens exactly', async () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [values.length]);
  const half = Cast(x, 'float16');
  graph.output(half, 'half');
  graph.output(Cast(half, 'float32'), 'wide');
  const { half: expected, wide } = await runOnce(graph, { x: { data: values, dims: [values.length] } });
  const bits = expected!.data as Uint16Array;
  expect(Array.from(toFloat16(values))).toEqual(Array.from(bits));
  expect(fromFloat16(toFloat16(values))).toEqual(wide!.data);
});

it('every float16 that is a number comes back', () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter((half) => (half & 0x7fff) <= 0x7c00);
  expect(toFloat16(fromFloat16(all))).toEqual(all);
  expect(toFloat16(Float32Array.of(Number.NaN))[0]! & 0x7fff).toBeGreaterThan(0x7c00);
});

it('bfloat16 is the upper half of float32', () => {
  expect(Array.from(fromBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0001)))).toEqual([
    1,
    -2,
    Number.POSITIVE_INFINITY,
    2 ** -133,
  ]);
});

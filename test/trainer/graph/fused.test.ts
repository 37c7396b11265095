// Fused operators against the parts they stand for, far from 0 too.
import { expect, it } from 'vitest';
import { Graph, type Value } from '../../../trainer/graph/graph.js';
import { Gelu, RMSNormalize } from '../../../trainer/graph/ops/composite.js';
import { Mul } from '../../../trainer/graph/ops/elementwise.js';
import { SimplifiedLayerNormalization, TanhGelu } from '../../../trainer/graph/ops/fused.js';
import { Random } from '../../../trainer/random.js';
import { numbers, runOnce } from './kit.js';

const random = new Random(1);
const drawn = (count: number, scale: number) => Float32Array.from({ length: count }, () => scale * random.normal());

async function bothOf(build: (x: Value) => [Value, Value], scale: number): Promise<[number[], number[]]> {
  const g = new Graph();
  const x = g.constant('float32', [6, 5, 32], drawn(960, scale));
  const [fused, parts] = build(x);
  g.output(fused, 'fused');
  g.output(parts, 'parts');
  const result = await runOnce(g);
  return [numbers(result.fused!.data), numbers(result.parts!.data)];
}

it.each([1e-4, 1, 30])('gives what the parts give at scale %f', async (scale) => {
  const weight = drawn(32, 1);
  const norm = await bothOf((x) => {
    const w = x.graph.constant('float32', [32], weight);
    return [SimplifiedLayerNormalization(x, w, 1e-6), Mul(RMSNormalize(x, 1e-6), w)];
  }, scale);
  const gelu = await bothOf((x) => [TanhGelu(x), Gelu(x)], scale);
  for (const [fused, parts] of [norm, gelu]) {
    const size = Math.max(...parts.map(Math.abs));
    fused.forEach((value, i) => {
      expect(Math.abs(value - parts[i]!)).toBeLessThan(1e-6 * Math.max(size, Math.abs(parts[i]!)));
    });
  }
});

it('says what does not fit', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['n', 4]);
  expect(() => SimplifiedLayerNormalization(x, g.constant('float32', [3], [1, 1, 1]), 1e-6)).toThrow(
    'SimplifiedLayerNormalization: x float32[n,4] needs one weight a column, got float32[3]',
  );
  expect(() => TanhGelu(g.input('z', 'float64', [4]))).toThrow('TanhGelu: needs float32, got float64[4]');
});

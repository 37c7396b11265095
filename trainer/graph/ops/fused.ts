// Whole layers as one operator of ONNX Runtime: what a graph that only answers is written with. Forward only.
import { sameShape } from '../dims.js';
import type { Value } from '../ir.js';
import { defineOp, refuse } from '../op.js';

const NO_GRADIENT = 'it is for graphs that only answer: train with the parts it is made of';

function requireFloat32(op: string, ...values: readonly Value[]): void {
  const other = values.find(({ dtype }) => dtype !== 'float32');
  if (other) refuse('GRAPH_DTYPE_MISMATCH', op, `needs float32, got ${other}`);
}

const scaledNorm = defineOp<number>('SimplifiedLayerNormalization', {
  infer([x, weight]) {
    requireFloat32('SimplifiedLayerNormalization', x!, weight!);
    if (!sameShape(weight!.shape, x!.shape.slice(-1))) {
      refuse('GRAPH_SHAPE_MISMATCH', 'SimplifiedLayerNormalization', `x ${x} needs one weight a column, got ${weight}`);
    }
    return [x!];
  },
  attributes: (epsilon) => ({ axis: -1, epsilon: { float: epsilon } }),
  gradient: NO_GRADIENT,
});

/** x · weight / √(mean(x²) + ε) over the last axis: RMSNorm (Zhang and Sennrich, arXiv 1910.07467), float32. */
export function SimplifiedLayerNormalization(x: Value, weight: Value, epsilon: number): Value {
  return scaledNorm([x, weight], epsilon)[0]!;
}

const tanhGelu = defineOp('TanhGelu', {
  onnxType: 'Gelu',
  infer([x]) {
    requireFloat32('TanhGelu', x!);
    return [x!];
  },
  attributes: () => ({ approximate: 'tanh' }),
  gradient: NO_GRADIENT,
});

/** "gelu_new" as `Gelu` of composite.ts, float32. */
export function TanhGelu(x: Value): Value {
  return tanhGelu([x], {})[0]!;
}

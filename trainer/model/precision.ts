// Weights as graph values in the precision that a model is served with: float32, stored as float16, or 8-bit integers.
import type { Graph, Value } from '../graph/graph.js';
import { toFloat16 } from '../graph/half-floats.js';
import { Mul } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast } from '../graph/ops/logic.js';
import { QuantizedMatMul } from '../graph/ops/quantize.js';
import type { ModelConfig } from './config.js';
import { type ParameterSpec, parameterSpecs, type Weights } from './parameters.js';
import { type ParameterValues, parameterLookup } from './t5.js';

/**
 * float16: weights are stored in half of the space and widened once, when the model is loaded; all arithmetic is float32,
 * because T5's activations leave the range of float16. int8: matrices have one scale a column and are multiplied as
 * integers, embeddings one scale a row.
 */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Largest magnitude of a quantized weight: symmetric, so that no zero point is needed. */
const INT8_MAX = 127;

/** The weights as initializers of `g`, with the products and lookups that their precision calls for. */
export function weightParameters(
  g: Graph,
  config: ModelConfig,
  weights: Weights,
  precision: Precision = 'float32',
): ParameterValues {
  const specs = parameterSpecs(config);
  const store = ({ name, shape }: ParameterSpec) => g.initializer(name, 'float32', shape, weights.get(name)!);
  if (precision === 'float32') return parameterLookup(new Map(specs.map((s) => [s.name, store(s)])));
  if (precision === 'float16') {
    const half = ({ name, shape }: ParameterSpec) =>
      Cast(g.initializer(name, 'float16', shape, toFloat16(weights.get(name)!)), 'float32');
    return parameterLookup(new Map(specs.map((s) => [s.name, half(s)])));
  }
  const integers = new Map<string, { values: Value; scales: Value }>();
  const floats = new Map<string, Value>();
  for (const spec of specs) {
    const { name, shape, kind } = spec;
    if (kind !== 'linear' && name !== 'shared.weight') {
      floats.set(name, store(spec));
      continue;
    }
    const [rows, columns] = shape as [number, number];
    const { values, scales } = quantize(weights.get(name)!, rows, columns, kind === 'linear' ? 'column' : 'row');
    integers.set(name, {
      values: g.initializer(name, 'int8', shape, values),
      scales: g.initializer(`${name}.scales`, 'float32', kind === 'linear' ? [columns] : [rows, 1], scales),
    });
  }
  const linear = (x: Value, name: string): Value => {
    const { values, scales } = integers.get(name)!;
    return QuantizedMatMul(x, values, scales);
  };
  const embed = (ids: Value): Value => {
    const { values, scales } = integers.get('shared.weight')!;
    return Mul(Cast(Gather(values, ids, 0), 'float32'), Gather(scales, ids, 0));
  };
  return Object.assign(parameterLookup(floats), { linear, embed });
}

/** The nearest multiples of one scale a column, or a row: max |w| / 127. A column of zeros has the scale 1. */
export function quantize(
  data: Float32Array,
  rows: number,
  columns: number,
  axis: 'row' | 'column',
): { values: Int8Array; scales: Float32Array } {
  const groupOf = (i: number) => (axis === 'row' ? Math.floor(i / columns) : i % columns);
  const scales = new Float32Array(axis === 'row' ? rows : columns);
  for (let i = 0; i < data.length; i++) {
    const group = groupOf(i);
    scales[group] = Math.max(scales[group]!, Math.abs(data[i]!));
  }
  for (let group = 0; group < scales.length; group++) scales[group] = scales[group]! / INT8_MAX || 1;
  const values = Int8Array.from(data, (value, i) => Math.round(value / scales[groupOf(i)]!));
  return { values, scales };
}

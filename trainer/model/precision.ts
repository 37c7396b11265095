// Weights as graph values in the precision that a model is served with: float32, stored as float16, or 8-bit integers.
import type { Graph, Value } from '../graph/graph.js';
import { toFloat16 } from '../graph/half-floats.js';
import { Mul } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast } from '../graph/ops/logic.js';
import { QuantizedMatMul } from '../graph/ops/quantize.js';
import type { ModelConfig } from './config.js';
import { type ParameterSpec, parameterSpecs, type Weights } from './parameters.js';
import { type Layers, type ParameterValues, parameterLookup, type StoredWeights } from './t5.js';

/**
 * float16: weights are stored in half of the space and widened once, when the model is loaded; all arithmetic is float32,
 * because T5's activations leave the range of float16. int8: matrices have one scale a column and are multiplied as
 * integers, embeddings one scale a row.
 */
export const PRECISIONS = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Largest magnitude of what is looked up: symmetric, so that no zero point is needed. */
const LOOKED_UP_MAX = 127;
/**
 * Largest magnitude of what is multiplied. x64 processors without VNNI add two products of uint8 × int8 in 16 bits and clip
 * the sum: 2 · 255 · 64 still fits, so a model answers the same on all of them. With 127 it would not.
 */
const MULTIPLIED_MAX = 64;
const EMBEDDING = 'shared.weight';

export interface WeightOptions {
  precision: Precision;
  /** Inputs that hold an adapter's matrices, by name, and the factor of its addition. */
  adapter?: { values: ReadonlyMap<string, Value>; scale: number };
  /** Of plain parts by default. */
  layers?: Layers;
}

/** The weights as initializers of `g`, with the products and lookups that their precision calls for. */
export function weightParameters(
  g: Graph,
  config: ModelConfig,
  weights: Weights,
  { precision, adapter, layers }: WeightOptions,
): ParameterValues {
  const specs = parameterSpecs(config);
  const values = new Map(adapter?.values);
  const float32 = ({ name, shape }: ParameterSpec) => g.initializer(name, 'float32', shape, weights.get(name)!);
  if (precision !== 'int8') {
    const float16 = ({ name, shape }: ParameterSpec) =>
      Cast(g.initializer(name, 'float16', shape, toFloat16(weights.get(name)!)), 'float32');
    for (const spec of specs) values.set(spec.name, precision === 'float16' ? float16(spec) : float32(spec));
    return parameterLookup(values, adapter?.scale, undefined, layers);
  }
  const integers = new Map<string, { values: Value; scales: Value }>();
  for (const spec of specs) {
    const { name, shape, kind } = spec;
    if (kind === 'linear' || name === EMBEDDING) integers.set(name, storeIntegers(g, spec, weights.get(name)!));
    else values.set(name, g.initializer(name, 'float32', shape, weights.get(name)!));
  }
  const stored: StoredWeights = {
    product: (x, name) => {
      const { values, scales } = integers.get(name)!;
      return QuantizedMatMul(x, values, scales);
    },
    embed: (ids) => {
      const { values, scales } = integers.get(EMBEDDING)!;
      return Mul(Cast(Gather(values, ids, 0), 'float32'), Gather(scales, ids, 0));
    },
  };
  return parameterLookup(values, adapter?.scale, stored, layers);
}

/** A matrix with scales [columns], or the embedding with scales [rows, 1], so that they are looked up as its rows are. */
function storeIntegers(g: Graph, { name, shape, kind }: ParameterSpec, data: Float32Array) {
  const [rows, columns] = shape as [number, number];
  const { values, scales } =
    kind === 'linear'
      ? quantize(data, rows, columns, 'column', MULTIPLIED_MAX)
      : quantize(data, rows, columns, 'row', LOOKED_UP_MAX);
  return {
    values: g.initializer(name, 'int8', shape, values),
    scales: g.initializer(`${name}.scales`, 'float32', kind === 'linear' ? [columns] : [rows, 1], scales),
  };
}

/** The nearest multiples of one scale a column, or a row: its largest magnitude / `max`. A column of zeros has the scale 1. */
export function quantize(
  data: Float32Array,
  rows: number,
  columns: number,
  axis: 'row' | 'column',
  max: number,
): { values: Int8Array; scales: Float32Array } {
  const groupOf = (i: number) => (axis === 'row' ? Math.floor(i / columns) : i % columns);
  const scales = new Float32Array(axis === 'row' ? rows : columns);
  for (let i = 0; i < data.length; i++) {
    const group = groupOf(i);
    scales[group] = Math.max(scales[group]!, Math.abs(data[i]!));
  }
  for (let group = 0; group < scales.length; group++) scales[group] = scales[group]! / max || 1;
  const values = Int8Array.from(data, (value, i) => Math.round(value / scales[groupOf(i)]!));
  return { values, scales };
}

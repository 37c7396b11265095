// What the graph tests share: seeded tensors, running a graph on host arrays, and gradients by central differences.
import { type DType, Graph, gradients, type TensorData, type Value } from '../../../trainer/graph/graph.js';
import { tensorData } from '../../../trainer/graph/ir.js';
import { Mul } from '../../../trainer/graph/ops/elementwise.js';
import { ReduceSum } from '../../../trainer/graph/ops/reduce.js';
import { type HostTensor, OrtSession } from '../../../trainer/graph/session.js';
import { Random } from '../../../trainer/random.js';

/** An input of a test graph. */
export interface Sample {
  dtype: DType;
  dims: readonly number[];
  values: readonly number[];
}

const sizeOf = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** Standard normal numbers, by a seed made of their shape, so that a case is the same wherever it stands. */
export function normal(...dims: number[]): Sample {
  const random = new Random(1, ...dims);
  return { dtype: 'float64', dims, values: Array.from({ length: sizeOf(dims) }, () => random.normal()) };
}

/** Numbers in [0.3, 2.3), for functions that are not differentiable, or not defined, at 0. */
export function positive(...dims: number[]): Sample {
  const random = new Random(2, ...dims);
  return { dtype: 'float64', dims, values: Array.from({ length: sizeOf(dims) }, () => 0.3 + 2 * random.uniform()) };
}

/** Numbers that differ from one another and from all multiples of 0.25 by more than any difference step: no ties, no kinks. */
export function distinct(...dims: number[]): Sample {
  const size = sizeOf(dims);
  const order = new Random(3, ...dims).shuffle(Array.from({ length: size }, (_, i) => i));
  return { dtype: 'float64', dims, values: order.map((i) => 0.25 * (i - Math.floor(size / 2)) + 0.1) };
}

export function integers(dims: readonly number[], values: readonly number[], dtype: DType = 'int64'): Sample {
  return { dtype, dims, values };
}

export function feed({ dtype, dims, values }: Sample): HostTensor {
  return { data: tensorData(dtype, values), dims };
}

/**
 * Compiles a graph, runs it once and frees it. Not with ONNX Runtime's extended optimizations: they fold a scalar factor
 * into a matrix product as a float32 attribute, also in float64 graphs (0.05 becomes 0.0500000007).
 */
export async function runOnce(
  graph: Graph,
  feeds: Record<string, HostTensor> = {},
): Promise<Record<string, HostTensor>> {
  const session = await OrtSession.create(graph, { threads: 1, graphOptimizationLevel: 'basic' });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

export const numbers = (data: TensorData): number[] => Array.from(data as ArrayLike<number | bigint>, Number);

export interface GradientCheck {
  inputs: readonly Sample[];
  build: (...values: Value[]) => Value | readonly Value[];
  /** float32 where ONNX Runtime has no float64 kernel. */
  dtype?: 'float32' | 'float64';
  /** Names every axis by its size ('n3'), so that the rules get no numbers to work with. */
  symbolic?: boolean;
}

export interface GradientErrors {
  /** Largest |analytic − numeric| / max(|numeric|, 1% of the largest |numeric| of the tensor), over all float inputs. */
  worst: number;
  /** The shapes that were inferred, and those that ONNX Runtime returned. */
  inferred: (string | number)[][];
  returned: (readonly number[])[];
}

/** Compares `gradients` with central differences of Σ wᵢ·outputᵢ, where w is random so that no error can cancel. */
export async function checkGradients({
  inputs,
  build,
  dtype = 'float64',
  symbolic,
}: GradientCheck): Promise<GradientErrors> {
  const graph = new Graph('check');
  const typed = inputs.map((s) => (s.dtype === 'float64' ? { ...s, dtype } : s));
  const values = typed.map((s, i) =>
    graph.input(`x${i}`, s.dtype, symbolic ? s.dims.map((n) => (n === 1 ? 1 : `n${n}`)) : s.dims),
  );
  const built = build(...values);
  const outputs = Array.isArray(built) ? (built as readonly Value[]) : [built as Value];
  const lossTerms = outputs.flatMap((output, i) => {
    graph.output(output, `y${i}`);
    return output.isFloat
      ? [ReduceSum(Mul(output, graph.input(`w${i}`, dtype, output.shape)), { keepdims: false })]
      : [];
  });
  for (const [i, term] of lossTerms.entries()) graph.output(term, `loss${i}`);
  const wrt = values.filter((value) => value.isFloat);
  // Gradients of each term alone, summed here, so that the check does not rest on the addition it checks.
  lossTerms.forEach((term, i) => {
    gradients(term, wrt).forEach((gradient, j) => void graph.output(gradient, `d${i}_${j}`));
  });

  // The weights' shapes are known once the outputs have been seen.
  const probe = new Graph('probe');
  const probeValues = typed.map((s, i) => probe.input(`x${i}`, s.dtype, s.dims));
  const probed = build(...probeValues);
  const probedOutputs = Array.isArray(probed) ? (probed as readonly Value[]) : [probed as Value];
  probedOutputs.forEach((output, i) => void probe.output(output, `y${i}`));
  const feeds = Object.fromEntries(typed.map((s, i) => [`x${i}`, feed(s)]));
  const forward = await runOnce(probe, feeds);
  const weights = probedOutputs.map((_, i) => {
    const dims = forward[`y${i}`]!.dims;
    const random = new Random(4, i);
    return { dtype, dims, values: Array.from({ length: sizeOf(dims) }, () => 0.5 + random.uniform()) };
  });
  outputs.forEach((output, i) => {
    if (output.isFloat) feeds[`w${i}`] = feed(weights[i]!);
  });

  const session = await OrtSession.create(graph, { threads: 1, graphOptimizationLevel: 'basic' });
  try {
    const result = await session.run(feeds);
    const lossAt = async (changed: Record<string, HostTensor>) => {
      const at = await session.run(changed);
      return lossTerms.reduce((sum, _, i) => sum + Number(at[`loss${i}`]!.data[0]), 0);
    };
    const step = dtype === 'float64' ? 1e-5 : 1e-2;
    let worst = 0;
    let j = 0;
    for (const [at, sample] of typed.entries()) {
      if (sample.dtype !== dtype) continue;
      const analytic = new Array<number>(sample.values.length).fill(0);
      lossTerms.forEach((_, i) => {
        const part = numbers(result[`d${i}_${j}`]!.data);
        for (let n = 0; n < part.length; n++) analytic[n]! += part[n]!;
      });
      const numeric: number[] = [];
      for (let n = 0; n < sample.values.length; n++) {
        const moved = async (by: number) =>
          lossAt({ ...feeds, [`x${at}`]: feed({ ...sample, values: sample.values.with(n, sample.values[n]! + by) }) });
        numeric.push(((await moved(step)) - (await moved(-step))) / (2 * step));
      }
      const floor = 0.01 * Math.max(...numeric.map(Math.abs), 1e-3);
      numeric.forEach((value, n) => {
        worst = Math.max(worst, Math.abs(analytic[n]! - value) / Math.max(Math.abs(value), floor));
      });
      j++;
    }
    return {
      worst,
      inferred: probedOutputs.map((output) => [...output.shape]),
      returned: probedOutputs.map((_, i) => forward[`y${i}`]!.dims),
    };
  } finally {
    await session.release();
  }
}

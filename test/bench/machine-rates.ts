// What a machine can do at best, against which the bench holds a training step: its arithmetic peak, and one large product.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { DeviceChoice } from '../../trainer/devices/choose-device.js';
import { sessionOptions } from '../../trainer/devices/device.js';
import { Graph } from '../../trainer/graph/graph.js';
import { Mul } from '../../trainer/graph/ops/elementwise.js';
import { MatMul } from '../../trainer/graph/ops/matmul.js';
import { ReduceMax } from '../../trainer/graph/ops/reduce.js';
import { OrtSession } from '../../trainer/graph/session.js';
import type { ModelConfig } from '../../trainer/model/config.js';
import type { BatchShape } from '../../trainer/model/training-graph.js';

/** Cycles from one 32-bit multiplication to the next that needs it: 3 on every Intel core since 2008 and every AMD Zen. */
const MULTIPLY_LATENCY = 3;

/** Hertz, measured: a chain of multiplications, each of which waits for the one before. */
function clockRate(): number {
  // About two milliseconds: short enough that most trials are not interrupted.
  const iterations = 200_000;
  let best = Number.POSITIVE_INFINITY;
  let x = 3;
  for (let trial = 0; trial < 100; trial++) {
    const begin = performance.now();
    for (let i = 0; i < iterations; i++) {
      x = Math.imul(x, x | 1);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
      x = Math.imul(x, x);
    }
    best = Math.min(best, performance.now() - begin);
  }
  // The or takes a cycle of its own, and x is used so that nothing is left out.
  return ((8 * MULTIPLY_LATENCY + 1) * iterations + (x & 1)) / (best / 1000);
}

/** Floating-point operations a second of all threads in fused multiply-adds, and how that was reckoned; undefined off x86. */
export function arithmeticPeak(threads: number): { rate: number; how: string } | undefined {
  let flags: string;
  try {
    flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return undefined;
  }
  const lanes = / avx512f\b/.test(flags) ? 16 : / fma\b/.test(flags) ? 8 : undefined;
  if (!lanes) return undefined;
  const clock = clockRate();
  const units = `2 units × ${lanes} lanes × 2`;
  const how = `${threads} cores × ${(clock / 1e9).toFixed(2)} GHz (measured) × ${units} operations`;
  return { rate: threads * clock * 2 * lanes * 2, how };
}

/** Milliseconds after which a slow machine's product has been taken often enough. */
const LONGEST = 5000;
/** How large the product is, and how many follow one another in a run, so that a GPU is not measured by its bus. */
const PRODUCT = { cpu: { side: 1024, chain: 4 }, gpu: { side: 4096, chain: 32 } };

/** Floating-point operations a second of large matrix products in ONNX Runtime: the best of many runs. */
export async function productRate(
  { device, software }: DeviceChoice,
  threads: number,
): Promise<{ rate: number; name: string }> {
  const { side, chain } = PRODUCT[device === 'cpu' || software ? 'cpu' : 'gpu'];
  const g = new Graph('product');
  const values = new Float32Array(side * side).fill(1 / side);
  const factor = g.initializer('factor', 'float32', [side, side], values);
  let x = Mul(factor, g.input('scale', 'float32', []));
  for (let i = 0; i < chain; i++) x = MatMul(x, factor);
  g.output(ReduceMax(x, { keepdims: false }), 'largest');
  const session = await OrtSession.create(g, sessionOptions(device, threads));
  const feeds = { scale: { data: Float32Array.of(1), dims: [] } };
  let best = Number.POSITIVE_INFINITY;
  const start = performance.now();
  for (let i = 0; i < 20 && (i < 2 || performance.now() - start < LONGEST); i++) {
    const begin = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - begin);
  }
  await session.release();
  return { rate: (2 * side ** 3 * chain) / (best / 1000), name: `one ${side}³ matrix product` };
}

/** Multiply-adds × 2 of the linear layers and attention products of one step, backward twice the forward. */
export function stepOperations(config: ModelConfig, { batch, length, steps }: BatchShape): number {
  const { d_model: d, d_ff, num_heads, d_kv, num_layers, num_decoder_layers } = config;
  const inner = num_heads * d_kv;
  const feedForward = 3 * d * d_ff;
  const encoder = num_layers * length * (4 * d * inner + feedForward + 2 * length * inner);
  const decoder =
    num_decoder_layers *
    (steps * (6 * d * inner + feedForward + 2 * (steps + length) * inner) + length * 2 * d * inner);
  const head = steps * d * (config.number_token_end - config.number_token_begin);
  return 2 * 3 * batch * (encoder + decoder + head);
}

/** Such as "Intel Xeon, 2 cores". */
export const machineName = () => `${cpus()[0]!.model}, ${cpus().length} cores`;

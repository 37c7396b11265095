// Takes the same steps on WebGPU and on the CPU, in a process of its own, and reports how far apart they end.
import { readFileSync } from 'node:fs';
import type { Executor } from '../../../trainer/executors/executor.js';
import { makeExecutor } from '../../../trainer/executors/make-executor.js';
import { DeviceTensor } from '../../../trainer/graph/device-tensor.js';
import { initialAdapter } from '../../../trainer/model/lora.js';
import { initialWeights } from '../../../trainer/model/parameters.js';
import { makeOptimizer, type OptimizerName } from '../../../trainer/optimizers/optimizers.js';
import { isolated } from '../../isolated.js';
import { furthestApart } from './furthest-apart.js';
import { smallBatches, smallModel } from './small-training.js';

export interface Course {
  optimizer: OptimizerName;
  /** Train an adapter of this rank beside frozen weights; 0: all weights. */
  rank: number;
  accumulate: number;
  /** Rows of the embedding: what makes a step's state small or large. */
  vocabulary: number;
  runSteps: number;
  runs: number;
}

export interface CourseReport {
  /** See `furthestApart`; of the trained weights, and of the optimizer's state. */
  weights: number;
  state: number;
  /** Largest relative difference of a loss, and of a gradient norm. */
  loss: number;
  gradientNorm: number;
  steps: number;
  losses: number[];
  /** Tensors on the device before `release`, and after. */
  live: number;
  left: number;
  /** Resident memory of the process after each run on WebGPU, MiB. */
  memory: number[];
}

const BATCH = 8;
const COMMON = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 };
/** Grass leaves small matrices alone: here all are, and rows are to be chosen anew within a test. */
const GRASS = { smallest: 1, period: 2 };
const { optimizer, rank, accumulate, vocabulary, runSteps, runs } = isolated.arguments<Course>();
const config = { ...smallModel.config, vocab_size: vocabulary };
const adapter = rank > 0 ? { rank, alpha: 16, targets: ['q', 'v', 'wi_0', 'lm_head'] } : undefined;
const base = initialWeights(config, 5);

function execute(device: 'cpu' | 'webgpu'): Executor {
  return makeExecutor(device, {
    model: { config, adapter },
    ...(adapter && { frozen: base }),
    optimizer: optimizer === 'grass' ? makeOptimizer('grass', COMMON, GRASS) : makeOptimizer(optimizer, COMMON),
    threads: 1,
    accumulate,
  });
}

const memory: number[] = [];
async function course(executor: Executor, watch: boolean) {
  const loss: number[] = [];
  const norm: number[] = [];
  await executor.load(executor.initialState(adapter ? initialAdapter(config, adapter, 3) : base));
  for (let run = 0; run < runs; run++) {
    // A state that was read back and loaded again goes on as if nothing had been.
    if (run === 1) await executor.load(await executor.state());
    const rates = Float32Array.from({ length: runSteps }, (_, i) => 1e-2 / (1 + run * runSteps + i));
    const result = await executor.run(smallBatches(runSteps, BATCH, run), rates);
    loss.push(...result.loss);
    norm.push(...result.gradientNorm);
    // Garbage that JavaScript has not collected yet is not what is looked for.
    globalThis.gc!();
    if (watch) memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024);
  }
  return { loss, norm, state: await executor.state() };
}

const relative = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!) / Math.abs(value)));

const onCpu = execute('cpu');
const expected = await course(onCpu, false);
await onCpu.release();
const onGpu = execute('webgpu');
const got = await course(onGpu, true);
const live = DeviceTensor.live;
await onGpu.release();

const report: CourseReport = {
  weights: furthestApart(expected.state.weights, got.state.weights),
  state: furthestApart(expected.state.optimizer, got.state.optimizer),
  loss: relative(expected.loss, got.loss),
  gradientNorm: relative(expected.norm, got.norm),
  steps: got.state.step,
  losses: got.loss,
  live,
  left: DeviceTensor.live,
  memory,
};
isolated.report(report);

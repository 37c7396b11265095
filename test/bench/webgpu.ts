// Training through WebGPU: which adapter, steps a second of the demo's model beside the CPU's, and memory over 2,000 steps.
// Usage: npm run bench:webgpu [-- BATCH LENGTH]
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { chooseDevice } from '../../trainer/devices/choose-device.js';
import type { Device } from '../../trainer/devices/device.js';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import { makeExecutor } from '../../trainer/executors/make-executor.js';
import { DeviceTensor } from '../../trainer/graph/device-tensor.js';
import { DEFAULT_MODEL_CONFIG } from '../../trainer/model/config.js';
import { initialWeights } from '../../trainer/model/parameters.js';
import type { TrainableModel } from '../../trainer/model/trainable.js';
import { adamW } from '../../trainer/optimizers/adamw.js';
import { Random } from '../../trainer/random.js';
import { DEFAULT_TRAIN_CONFIG } from '../../trainer/train-config.js';
import { smallBatches, smallModel } from '../trainer/executors/small-training.js';

const RUN_STEPS = 10;
const RUNS = 3;
const MEMORY_STEPS = 2000;
const MEMORY_RUN = 20;
const REPORT_EVERY = 200;

const { beta1, beta2, epsilon, weight_decay, clip_norm } = DEFAULT_TRAIN_CONFIG;
const optimizer = adamW({ beta1, beta2, epsilon, weightDecay: weight_decay, clipNorm: clip_norm });
const threads = cpus().length;

function executorOf(device: Device, model: TrainableModel) {
  return makeExecutor(device, { model, optimizer, threads });
}

function demoBatches(batch: number, length: number): StackedBatches {
  const { vocab_size, number_token_begin, number_token_end } = DEFAULT_MODEL_CONFIG;
  const random = new Random(2);
  const steps = 1 + new AbsoluteCodec().maxLength;
  const examples = RUN_STEPS * batch;
  const tokens = number_token_end - number_token_begin;
  const ids = (count: number, below: number) => Int32Array.from({ length: count }, () => 1 + random.integer(below - 1));
  return {
    shape: { batch, length, steps },
    runSteps: RUN_STEPS,
    inputIds: ids(examples * length, vocab_size),
    decoderIds: ids(examples * steps, tokens),
    targets: ids(examples * steps, tokens),
    weights: new Float32Array(examples * steps).fill(1 / (batch * steps)),
  };
}

async function speed(device: Device, batch: number, length: number): Promise<void> {
  const executor = executorOf(device, { config: DEFAULT_MODEL_CONFIG });
  await executor.load(executor.initialState(initialWeights(DEFAULT_MODEL_CONFIG, 1)));
  const batches = demoBatches(batch, length);
  const rates = new Float32Array(RUN_STEPS).fill(1e-4);
  const seconds: number[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const begin = performance.now();
    await executor.run(batches, rates);
    seconds.push((performance.now() - begin) / 1000);
  }
  await executor.release();
  const [first, ...later] = seconds;
  const median = later.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
  console.log(
    `${device}, batch ${batch} × ${length}: ${(RUN_STEPS / median).toFixed(2)} steps/s, ` +
      `${Math.round((RUN_STEPS * batch * length) / median)} input tokens/s; first ${RUN_STEPS} steps ${first!.toFixed(1)} s`,
  );
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

async function memory(): Promise<void> {
  const executor = executorOf('webgpu', smallModel);
  await executor.load(executor.initialState(initialWeights(smallModel.config, 1)));
  const rates = new Float32Array(MEMORY_RUN).fill(1e-3);
  console.log(
    `Resident memory over ${MEMORY_STEPS} steps of a small model (heap and buffers of JavaScript in brackets):`,
  );
  for (let run = 1; run * MEMORY_RUN <= MEMORY_STEPS; run++) {
    await executor.run(smallBatches(MEMORY_RUN, 8, run), rates);
    if ((run * MEMORY_RUN) % REPORT_EVERY > 0) continue;
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    console.log(
      `  step ${String(executor.step).padStart(4)}: ${mebibytes(resident())} (${mebibytes(heapUsed + external)}), ${DeviceTensor.live} tensors on the device`,
    );
  }
  await executor.release();
  console.log(`  released: ${mebibytes(resident())}, ${DeviceTensor.live} tensors on the device`);
}

const { line } = await chooseDevice('webgpu');
console.log(line);
await memory();
const [batch = 8, length = 48] = process.argv.slice(2).map(Number);
for (const device of ['webgpu', 'cpu'] as const) await speed(device, batch, length);

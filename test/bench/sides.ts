// The sides that the bench of training compares, OmniReg and PyTorch, and what other work did to a run meanwhile.
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Device } from '../../trainer/devices/device.js';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import { makeExecutor } from '../../trainer/executors/make-executor.js';
import type { ModelConfig } from '../../trainer/model/config.js';
import type { Weights } from '../../trainer/model/parameters.js';
import { type AdamWOptions, adamW } from '../../trainer/optimizers/adamw.js';
import { type PeerOptions, TorchPeer } from './torch-peer.js';

/** What every side does: the same steps from the same weights. */
export interface Course {
  config: ModelConfig;
  weights: Weights;
  optimizer: AdamWOptions;
  batches: StackedBatches;
  rates: Float32Array;
}

export interface Run {
  /** Of one step. */
  milliseconds: number;
  /** Processor time of one step, all threads: what other work disturbs least, and threads that wait by spinning inflate. */
  processor: number;
  /** Of each step, nats. */
  loss: ArrayLike<number>;
  /** Share of the machine that was at work for others meanwhile. */
  others: number;
}

export interface Side {
  name: string;
  /** Goes on with the steps of the course. */
  run: () => Promise<Run>;
  stop: () => Promise<void>;
}

export async function ourSide(course: Course, device: Device, threads: number): Promise<Side> {
  const { config, weights, batches, rates } = course;
  const executor = makeExecutor(device, { model: { config }, optimizer: adamW(course.optimizer), threads });
  await executor.load(executor.initialState(weights));
  const run = async () => {
    const before = process.cpuUsage();
    const begin = performance.now();
    const { loss } = await executor.run(batches, rates);
    const { user, system } = process.cpuUsage(before);
    return { milliseconds: performance.now() - begin, processor: (user + system) / 1000, loss };
  };
  return { name: 'OmniReg', run: () => observe(batches.runSteps, run), stop: () => executor.release() };
}

type PeerChoice = Pick<PeerOptions, 'python' | 'threads' | 'device' | 'compile'>;

export async function peerSide({ batches, rates, ...course }: Course, choice: PeerChoice): Promise<Side> {
  const peer = await TorchPeer.start({ ...course, ...choice });
  const { torch, blas, passive } = choice.threads;
  const counts = `${torch} thread${torch === 1 ? '' : 's'}${torch === blas ? '' : `, OpenBLAS ${blas}`}`;
  const name = `PyTorch ${peer.version}, ${counts}${passive ? ', passive' : ''}${choice.compile ? ', compiled' : ''}`;
  const run = () => observe(batches.runSteps, () => peer.run(batches, rates));
  return { name, run, stop: async () => peer.stop() };
}

/** Milliseconds that all cores of the machine have been at work. */
const machineBusy = () => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

/** Runs a side; it tells how long its `steps` took, by the clock and in processor time. */
async function observe(
  steps: number,
  run: () => Promise<{ milliseconds: number; processor: number; loss: ArrayLike<number> }>,
): Promise<Run> {
  // Threads of the side that ran before may still wait by spinning.
  await pause(150);
  const busy = machineBusy();
  const begin = performance.now();
  const { milliseconds, processor, loss } = await run();
  const others = (machineBusy() - busy - processor) / ((performance.now() - begin) * cpus().length);
  return { milliseconds: milliseconds / steps, processor: processor / steps, loss, others };
}

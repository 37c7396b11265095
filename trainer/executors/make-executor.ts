// The executor of a device.
import type { Device } from '../devices/device.js';
import type { Executor, ExecutorOptions } from './executor.js';
import { LoopExecutor } from './loop-executor.js';
import { WebGpuExecutor } from './webgpu-executor.js';

/** K steps in a Loop on the CPU and CUDA; on WebGPU, which runs Loop on the host, a step a run. */
export function makeExecutor(device: Device, options: ExecutorOptions): Executor {
  return device === 'webgpu' ? new WebGpuExecutor(options) : new LoopExecutor(options, device);
}

// The devices that models run on, and what each means for a session of ONNX Runtime.
import type { SessionOptions } from '../graph/session.js';

export const DEVICE_REQUESTS = ['auto', 'cpu', 'webgpu', 'cuda'] as const;

/** What may be asked for; `auto`: a GPU where there is one that works, else the CPU. */
export type DeviceRequest = (typeof DEVICE_REQUESTS)[number];
/** Where work is done in the end. */
export type Device = Exclude<DeviceRequest, 'auto'>;

/**
 * Options of a session on `device`. WebGPU: a node that it cannot run is an error, because its tensors would cross the bus
 * at every run. CUDA: ONNX Runtime itself puts arithmetic on shapes on the CPU, so that must stay allowed.
 */
export function sessionOptions(
  device: Device,
  threads: number,
): Pick<SessionOptions, 'executionProviders' | 'cpuFallback' | 'threads'> {
  switch (device) {
    case 'cpu':
      return { executionProviders: ['cpu'], cpuFallback: true, threads };
    case 'webgpu':
      return { executionProviders: ['webgpu'], cpuFallback: false, threads: 1 };
    case 'cuda':
      return { executionProviders: ['cuda', 'cpu'], cpuFallback: true, threads };
  }
}

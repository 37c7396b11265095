// Which device work is done on: what was asked for, what is there, and a line that says why.
import { availableParallelism, cpus } from 'node:os';
import { TrainerError } from '../errors.js';
import type { Device, DeviceRequest } from './device.js';
import { type Gpu, type Probe, probeDevice } from './probe.js';

export interface DeviceChoice {
  device: Device;
  /** What it runs on: "llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan, libvulkan_lvp.so)". */
  adapter: string;
  /** Whether the adapter only imitates a GPU; undefined where that cannot be known. */
  software: boolean | undefined;
  /** What was found, which adapter is used, and why something else is not. */
  line: string;
  /** `warn`: a GPU was wished for and is not used, or is only imitated. */
  level: 'info' | 'warn';
}

/** In the order that `auto` prefers them: who has installed CUDA's provider wants it used. */
const GPUS: readonly Gpu[] = ['cuda', 'webgpu'];
/** What each needs, for who asked for it by name. */
const FIXES: Readonly<Record<Gpu, string>> = {
  cuda: 'It needs an NVIDIA driver, CUDA 12 and cuDNN 9 beside its provider; or ask for auto or cpu',
  webgpu:
    'It needs a GPU with a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS); or ask for auto or cpu',
};

/**
 * `cpu` looks at nothing; `auto` takes the first GPU that works and is none in software, else the CPU; a GPU's name takes that
 * or fails.
 * @throws TrainerError `device_unavailable` where a GPU asked for by name is missing or does not work
 */
export async function chooseDevice(
  request: DeviceRequest,
  probe: (device: Gpu) => Promise<Probe> = probeDevice,
): Promise<DeviceChoice> {
  if (request === 'cpu') return onCpu([], 'info');
  if (request !== 'auto') return byName(request, await probe(request));
  const reasons: string[] = [];
  for (const gpu of GPUS) {
    const found = await probe(gpu);
    const reason = whyNot(found);
    if (found.found === 'works' && reason === undefined) return onGpu(gpu, found, reasons);
    reasons.push(`${gpu} is not used: ${reason}`);
  }
  return onCpu(reasons, 'warn');
}

function byName(gpu: Gpu, found: Probe): DeviceChoice {
  if (found.found === 'works') return onGpu(gpu, found, []);
  throw new TrainerError(
    'device_unavailable',
    `Device ${gpu} was asked for and cannot be used: ${found.reason}. ${FIXES[gpu]}.`,
  );
}

/** Why `auto` passes a GPU by; undefined where it does not. */
function whyNot(found: Probe): string | undefined {
  if (found.found !== 'works') return found.reason;
  if (found.software) return `${found.name} is a software adapter, slower than the CPU that it runs on`;
  return found.software === undefined ? `it runs on ${found.name}, perhaps in software; ask for it by name` : undefined;
}

function onGpu(device: Gpu, { name, software }: Extract<Probe, { found: 'works' }>, reasons: string[]): DeviceChoice {
  const imitated = software ? [', a software adapter: slower than device cpu'] : [];
  const line = [`device ${device}: ${name}${imitated.join('')}`, ...reasons].join('; ');
  return { device, adapter: name, software, line, level: software ? 'warn' : 'info' };
}

function onCpu(reasons: readonly string[], level: DeviceChoice['level']): DeviceChoice {
  const adapter = `${cpus()[0]?.model.trim() || 'a processor of unknown model'}, ${availableParallelism()} cores`;
  return { device: 'cpu', adapter, software: false, line: [`device cpu: ${adapter}`, ...reasons].join('; '), level };
}

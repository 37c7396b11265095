// Tries a GPU in a process of its own, once for the life of this one, and says which adapter answered or why none did.
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { packageFile } from '../../tokenizer/package-root.js';
import { type Adapter, VULKAN_LOADER_LOG, webgpuAdapter } from './adapter.js';
import { cudaCards, missingCuda } from './cuda.js';
import type { Device } from './device.js';
import type { ProbeAnswer } from './probe-process.js';

export type Gpu = Exclude<Device, 'cpu'>;

export type Probe =
  | ({ found: 'works' } & Adapter)
  /** Not there, or not installed. */
  | { found: 'missing'; reason: string }
  /** There, and it does not compute. */
  | { found: 'failing'; reason: string };

/** Longest a driver may take to compile one product and run it, in ms. */
const PATIENCE_MS = 30_000;
/** How ONNX Runtime says that there is no adapter at all. */
const NO_ADAPTER = /No supported adapters|Failed to get a WebGPU adapter/;

const probes = new Map<Gpu, Promise<Probe>>();

/** What `device` is on this machine. Costs about a second the first time, nothing afterwards. */
export function probeDevice(device: Gpu): Promise<Probe> {
  let probe = probes.get(device);
  if (!probe) {
    probe = device === 'cuda' ? probeCuda() : probeWebGpu();
    probes.set(device, probe);
  }
  return probe;
}

async function probeCuda(): Promise<Probe> {
  const missing = missingCuda();
  if (missing) return { found: 'missing', reason: missing };
  const { answer } = await tryInProcess('cuda', {});
  if (!answer.works) return { found: 'failing', reason: answer.reason };
  return { found: 'works', name: `${await cudaCards()} (CUDA)`, software: false };
}

async function probeWebGpu(): Promise<Probe> {
  const { answer, log } = await tryInProcess('webgpu', VULKAN_LOADER_LOG);
  if (answer.works) return { found: 'works', ...webgpuAdapter(log) };
  if (NO_ADAPTER.test(answer.reason)) return { found: 'missing', reason: 'no GPU with a driver for it was found' };
  return { found: 'failing', reason: answer.reason.trim() };
}

/** Runs probe-process.js and collects what it writes to stderr. */
function tryInProcess(
  device: Gpu,
  env: Readonly<Record<string, string>>,
): Promise<{ answer: ProbeAnswer; log: string }> {
  const entry = packageFile('dist', 'trainer', 'devices', 'probe-process.js');
  if (!existsSync(entry)) {
    const reason = `${entry}, which tries it, is missing: run "npm run build"`;
    return Promise.resolve({ answer: { works: false, reason }, log: '' });
  }
  const child = fork(entry, [device], {
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  let log = '';
  let answer: ProbeAnswer | undefined;
  child.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  child.on('message', (message: ProbeAnswer) => {
    answer = message;
  });
  return new Promise((resolve) => {
    const end = (how: string) => resolve({ answer: answer ?? { works: false, reason: how }, log });
    child.once('error', (error) => end(`it could not be tried: ${error.message}`));
    child.once('close', (code, signal) => end(`the process that tried it ended with ${signal ?? `status ${code}`}`));
  });
}

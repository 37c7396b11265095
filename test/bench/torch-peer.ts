// The same model and optimizer in PyTorch.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import type { ModelConfig } from '../../trainer/model/config.js';
import { parameterSpecs, type Weights } from '../../trainer/model/parameters.js';
import { encodeSafetensors } from '../../trainer/model/safetensors.js';
import type { AdamWOptions } from '../../trainer/optimizers/adamw.js';
import { PythonPeer } from './python-peer.js';

/** What the peer imports. */
export const TORCH_MODULES = ['torch', 'numpy'];

/** Debian's OpenBLAS has threads of its own, which torch.set_num_threads does not reach. */
export interface PeerThreads {
  torch: number;
  blas: number;
  /** Whether threads that wait sleep, as OmniReg's do, instead of spinning. */
  passive: boolean;
}

/** `2/2` or `2/2/passive`. Throws where it is neither. */
export function parsePeerThreads(text: string): PeerThreads {
  const match = /^(\d+)\/(\d+)(\/passive)?$/.exec(text);
  if (!match) throw new Error(`--peer-threads ${text}: use PyTorch's threads/OpenBLAS's, then /passive or nothing`);
  return { torch: Number(match[1]), blas: Number(match[2]), passive: match[3] !== undefined };
}

export interface PeerOptions {
  python: string;
  config: ModelConfig;
  weights: Weights;
  optimizer: AdamWOptions;
  threads: PeerThreads;
  /** As torch.device has it: cpu or cuda. */
  device: string;
  /** torch.compile, of PyTorch 2. */
  compile: boolean;
}

export interface PeerRun {
  milliseconds: number;
  /** Milliseconds of processor time, of all threads. */
  processor: number;
  loss: number[];
}

export class TorchPeer {
  private constructor(private readonly peer: PythonPeer) {}

  get version(): string {
    return this.peer.version;
  }

  static async start(options: PeerOptions): Promise<TorchPeer> {
    const { python, config, weights, optimizer, threads, device, compile } = options;
    const counts = { OMP_NUM_THREADS: String(threads.torch), OPENBLAS_NUM_THREADS: String(threads.blas) };
    // The timeout is a power of two of cycles; 4 is the least that OpenBLAS takes.
    const waiting: Record<string, string> = threads.passive
      ? { OMP_WAIT_POLICY: 'PASSIVE', OPENBLAS_THREAD_TIMEOUT: '4' }
      : {};
    const peer = await PythonPeer.start(python, 'torch-peer.py', { ...counts, ...waiting });
    const folder = await mkdtemp(join(tmpdir(), 'omnireg-bench-'));
    try {
      const specs = parameterSpecs(config);
      const tensors = new Map(specs.map(({ name, shape }) => [name, { shape, data: weights.get(name)! }]));
      const file = join(folder, 'weights.safetensors');
      await writeFile(file, encodeSafetensors(tensors));
      const linear = specs.filter((spec) => spec.kind === 'linear').map(({ name }) => name);
      const model = { weights: file, linear, config, optimizer };
      await peer.ask({ command: 'load', ...model, threads: threads.torch, device, compile });
    } finally {
      await rm(folder, { recursive: true });
    }
    return new TorchPeer(peer);
  }

  /** Takes the steps of `batches`; the clock runs in the peer, without the transfer of the batches. */
  run(batches: StackedBatches, learningRates: Float32Array): Promise<PeerRun> {
    const { shape, runSteps, inputIds, decoderIds, targets, weights } = batches;
    const lists = { inputIds, decoderIds, targets, weights, rates: learningRates };
    const arrays = Object.fromEntries(Object.entries(lists).map(([name, data]) => [name, Array.from(data)]));
    return this.peer.ask({ command: 'run', ...shape, runSteps, ...arrays });
  }

  stop(): void {
    this.peer.stop();
  }
}

// Starts the PyTorch peer and talks to it in JSON lines: one request, one answer.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StackedBatches } from '../../trainer/executors/executor.js';
import type { ModelConfig } from '../../trainer/model/config.js';
import { parameterSpecs, type Weights } from '../../trainer/model/parameters.js';
import { encodeSafetensors } from '../../trainer/model/safetensors.js';
import type { AdamWOptions } from '../../trainer/optimizers/adamw.js';

const SCRIPT = fileURLToPath(new URL('torch-peer.py', import.meta.url));

/** The first interpreter that has torch: $PEER_PYTHON, then those of the PATH and of the distribution. */
export function findPython(): string | undefined {
  const candidates = process.env.PEER_PYTHON ? [process.env.PEER_PYTHON] : ['python3', '/usr/bin/python3'];
  return candidates.find((python) => spawnSync(python, ['-c', 'import torch, numpy']).status === 0);
}

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
  private constructor(
    private readonly child: ChildProcess,
    private readonly answers: AsyncIterator<string>,
    readonly version: string,
  ) {}

  static async start(options: PeerOptions): Promise<TorchPeer> {
    const { python, config, weights, optimizer, threads, device, compile } = options;
    const counts = { OMP_NUM_THREADS: String(threads.torch), OPENBLAS_NUM_THREADS: String(threads.blas) };
    // The timeout is a power of two of cycles; 4 is the least that OpenBLAS takes.
    const waiting = threads.passive ? { OMP_WAIT_POLICY: 'PASSIVE', OPENBLAS_THREAD_TIMEOUT: '4' } : {};
    const env = { ...process.env, ...counts, ...waiting };
    const child = spawn(python, [SCRIPT], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const hello = JSON.parse((await answers.next()).value) as { version: string };
    const peer = new TorchPeer(child, answers, hello.version);
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
    return peer;
  }

  /** Takes the steps of `batches`; the clock runs in the peer, without the transfer of the batches. */
  run(batches: StackedBatches, learningRates: Float32Array): Promise<PeerRun> {
    const { shape, runSteps, inputIds, decoderIds, targets, weights } = batches;
    const lists = { inputIds, decoderIds, targets, weights, rates: learningRates };
    const arrays = Object.fromEntries(Object.entries(lists).map(([name, data]) => [name, Array.from(data)]));
    return this.ask({ command: 'run', ...shape, runSteps, ...arrays }) as Promise<PeerRun>;
  }

  stop(): void {
    this.child.stdin!.end();
  }

  private async ask(request: object): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error('bench: the PyTorch peer ended without an answer; its own message stands above');
    return JSON.parse(value);
  }
}

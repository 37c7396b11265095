// A training's state on disk: weights, optimizer state and step in one safetensors file, replaced atomically.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from './errors.js';
import type { TrainingState } from './executors/executor.js';
import { writeFileAtomic } from './files.js';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from './model/safetensors.js';

const FILE = 'checkpoint.safetensors';

/** `fingerprint` names the job's configuration and data, so that a checkpoint is never resumed by another one. */
export async function saveCheckpoint(folder: string, state: TrainingState, fingerprint: string): Promise<void> {
  const tensors = new Map<string, SafeTensor>();
  for (const [name, data] of state.weights) tensors.set(`param.${name}`, { shape: [data.length], data });
  for (const [name, data] of state.optimizer) tensors.set(`state.${name}`, { shape: [data.length], data });
  tensors.set('step', { shape: [1], data: Float32Array.of(state.step) });
  await writeFileAtomic(join(folder, FILE), encodeSafetensors(tensors, { fingerprint }));
}

/** The last checkpoint, or undefined where there is none. Throws `checkpoint` if it is another job's. */
export async function loadCheckpoint(folder: string, fingerprint: string): Promise<TrainingState | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerLength)).toString('utf8'));
  if (header.__metadata__.fingerprint !== fingerprint) {
    throw new TrainerError(
      'checkpoint',
      `The checkpoint in ${folder} was written with other data or settings; give the job a folder of its own`,
    );
  }
  const state: TrainingState = { step: 0, weights: new Map(), optimizer: new Map() };
  for (const [name, { data }] of decodeSafetensors(bytes)) {
    if (name === 'step') state.step = data[0]!;
    else if (name.startsWith('param.')) state.weights.set(name.slice('param.'.length), data);
    else state.optimizer.set(name.slice('state.'.length), data);
  }
  return state;
}

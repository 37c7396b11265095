// A training's state on disk: the last few of them, each one safetensors file that appears whole or not at all.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from './errors.js';
import type { TrainingState } from './executors/executor.js';
import { writeFileAtomic } from './files.js';
import type { Weights } from './model/parameters.js';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from './model/safetensors.js';
import { weightsDigest } from './model/weights.js';

const NAME = /^checkpoint-(\d+)\.safetensors$/;
const nameOf = (step: number): string => `checkpoint-${String(step).padStart(8, '0')}.safetensors`;

/**
 * What else a training needs to go on bit for bit. The data's position and every random draw are functions of the seed, a
 * purpose and a count (of episodes, runs, steps), so the step and the fingerprint, which covers the seed, are all of it.
 */
interface Metadata extends Record<string, string> {
  /** Names the job's configuration and data, so that a checkpoint is never resumed by another one. */
  fingerprint: string;
  step: string;
  /** Digest of all tensors, so that a file damaged on disk is seen. */
  sha256: string;
}

/** Writes a checkpoint and removes all but the newest `keep`. */
export async function saveCheckpoint(
  folder: string,
  state: TrainingState,
  fingerprint: string,
  keep: number,
): Promise<void> {
  const all: Weights = new Map();
  for (const [name, data] of state.weights) all.set(`param.${name}`, data);
  for (const [name, data] of state.optimizer) all.set(`state.${name}`, data);
  const tensors = new Map([...all].map(([name, data]): [string, SafeTensor] => [name, { shape: [data.length], data }]));
  const metadata: Metadata = { fingerprint, step: String(state.step), sha256: weightsDigest(all) };
  await writeFileAtomic(join(folder, nameOf(state.step)), encodeSafetensors(tensors, metadata));
  for (const { file } of (await checkpointsIn(folder)).slice(keep)) await rm(join(folder, file), { force: true });
}

export interface LoadedCheckpoint {
  state: TrainingState;
  /** Why newer ones were passed over; empty where the newest was whole. */
  damaged: string[];
}

/** The newest whole checkpoint, or undefined where there is none. Throws `checkpoint` if it is another job's. */
export async function loadCheckpoint(folder: string, fingerprint: string): Promise<LoadedCheckpoint | undefined> {
  const damaged: string[] = [];
  for (const { file } of await checkpointsIn(folder)) {
    const bytes = await readFile(join(folder, file));
    let read: ReturnType<typeof decode>;
    try {
      read = decode(bytes);
    } catch (error) {
      damaged.push(`${file} is damaged (${(error as Error).message})`);
      continue;
    }
    if (read.fingerprint !== fingerprint) {
      throw new TrainerError(
        'checkpoint',
        `The checkpoint in ${folder} was written with other data or settings; give the job a folder of its own`,
      );
    }
    return { state: read.state, damaged };
  }
  return undefined;
}

/** Newest first. */
async function checkpointsIn(folder: string): Promise<{ file: string; step: number }[]> {
  return (await readdir(folder))
    .flatMap((file) => {
      const step = NAME.exec(file)?.[1];
      return step === undefined ? [] : [{ file, step: Number(step) }];
    })
    .sort((a, b) => b.step - a.step);
}

function decode(bytes: Uint8Array): { state: TrainingState; fingerprint: string } {
  const tensors = decodeSafetensors(bytes);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerLength)).toString('utf8'));
  const { fingerprint, step, sha256 } = header.__metadata__ as Metadata;
  const all: Weights = new Map([...tensors].map(([name, { data }]) => [name, data]));
  if (weightsDigest(all) !== sha256) throw new Error('its bytes are not those that were written');
  const part = (prefix: string): Weights =>
    new Map([...all].flatMap(([name, data]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), data]] : [])));
  return { state: { step: Number(step), weights: part('param.'), optimizer: part('state.') }, fingerprint };
}

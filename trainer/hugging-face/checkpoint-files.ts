// The weights of a Hugging Face directory: one safetensors file, or several with an index.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrainerError } from '../errors.js';
import { readSafetensors, type SafeTensor } from '../model/safetensors.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
/** T5 shares one embedding between encoder and decoder; a file that stores shared tensors once may keep either name. */
const EMBEDDING = 'shared.weight';
const EMBEDDING_ALIASES = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

/**
 * All tensors of a directory as float32, from F32, F16 or BF16.
 * @throws TrainerError `model_files` where there is no safetensors file, or a shard is missing or damaged
 */
export async function readCheckpoint(directory: string): Promise<Map<string, SafeTensor>> {
  const tensors = new Map<string, SafeTensor>();
  for (const file of await shardsOf(directory)) {
    const path = join(directory, file);
    if (!existsSync(path)) throw new TrainerError('model_files', `${path} is missing; ${INDEX} names it`);
    for (const [name, tensor] of readSafetensors(path)) tensors.set(name, tensor);
  }
  const alias = EMBEDDING_ALIASES.find((name) => tensors.has(name));
  if (!tensors.has(EMBEDDING) && alias !== undefined) tensors.set(EMBEDDING, tensors.get(alias)!);
  return tensors;
}

async function shardsOf(directory: string): Promise<string[]> {
  if (existsSync(join(directory, SINGLE))) return [SINGLE];
  const index = join(directory, INDEX);
  if (!existsSync(index)) {
    const fix = 'save the model with safe_serialization=True';
    throw new TrainerError('model_files', `${directory} has neither ${SINGLE} nor ${INDEX}; ${fix}`);
  }
  const { weight_map } = JSON.parse(await readFile(index, 'utf8')) as { weight_map?: Record<string, string> };
  if (!weight_map) throw new TrainerError('model_files', `${index} has no weight_map`);
  return [...new Set(Object.values(weight_map))].sort();
}

// What a model's folder says of itself, without the model being loaded.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelCard } from './model-directory.js';

export const CARD_FILE = 'omnireg.json';

/** Undefined where the folder is no model or adapter of ours. */
export async function readModelCard(path: string): Promise<ModelCard | undefined> {
  const text = await readFile(join(path, CARD_FILE), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ModelCard);
}

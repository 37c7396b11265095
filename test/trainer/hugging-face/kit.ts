// What the tests of the Hugging Face layout share: stock transformers.js on a local folder, and small directories to load.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** What is to be undone, the latest first. Registered here, because hooks that are made inside of hooks never run. */
const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** A folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'omnireg-hugging-face-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Dtype = 'fp32' | 'fp16' | 'q8';

/** Model and tokenizer of a directory, as anybody would load them with transformers.js, with no network. */
export async function loadStock(directory: string, dtype: Dtype = 'fp32') {
  const { AutoModelForSeq2SeqLM, AutoTokenizer, Tensor, env } = await import('@xenova/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = dirname(directory);
  const name = basename(directory);
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForSeq2SeqLM.from_pretrained(name, { dtype });
  cleanups.push(() => model.dispose());
  return { model, tokenizer, Tensor };
}

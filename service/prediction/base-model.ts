// The model that trainings start from (OMNIREG_BASE_MODEL, else the shipped one), and whether it can answer before anything was trained here.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../../tokenizer/package-root.js';
import { NO_BASE_MODEL, SHIPPED_BASE_MODEL } from '../config.js';

/** Its id in requests and answers; it is no model of the database. */
export const BASE_ID = 'base';

/** Where it is, or why predictions cannot come from it, to be said behind "No model has been published yet". */
export type BaseModel = { dir: string } | { why: string };

const WEIGHTS = 'model.safetensors';

/**
 * Of the shipped model a copy is kept among the server's own models, under the digest of its weights: adapters stand beside their base, and
 * go on answering when a newer version of OmniReg ships another one.
 * @param setting a folder, `shipped` or `none`
 * @param modelsDir folder of the server's models, made where there is none
 * @returns the folder to start from, null where there is to be none, or none is shipped
 */
export async function installBaseModel(setting: string, modelsDir: string): Promise<string | null> {
  if (setting === NO_BASE_MODEL) return null;
  if (setting !== SHIPPED_BASE_MODEL) return setting;
  const shipped = packageFile('trainer', 'base');
  if (!existsSync(join(shipped, WEIGHTS))) return null;
  const digest = createHash('sha256').update(await readFile(join(shipped, WEIGHTS)));
  const folder = join(modelsDir, `base-${digest.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  // Loaded late: nobody waits for it but a server's first start.
  const { writeFolderAtomic } = await import('../../trainer/files.js');
  await mkdir(modelsDir, { recursive: true });
  const names = await readdir(shipped);
  const contents = await Promise.all(names.map((name) => readFile(join(shipped, name))));
  await writeFolderAtomic(folder, Object.fromEntries(names.map((name, i) => [name, contents[i]!])));
  return folder;
}

/** @param dir as `installBaseModel` gave it */
export async function findBaseModel(dir: string | null): Promise<BaseModel> {
  if (dir === null) return { why: '' };
  // Loaded late: nobody waits for it but a server that has a base model.
  const { readModelCard } = await import('../../trainer/model-card.js');
  const card = await readModelCard(dir);
  if (card === undefined || card.imported)
    return {
      why: `, and the base model cannot answer: ${dir} holds none that has learned numbers, as a stock T5 has not`,
    };
  return { dir };
}

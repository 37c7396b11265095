// The model that the server was given (OMNIREG_BASE_MODEL), and whether it can answer before anything was trained here.
import { NO_BASE_MODEL } from '../config.js';

/** Its id in requests and answers; it is no model of the database. */
export const BASE_ID = 'base';

/** Where it is, or why predictions cannot come from it, to be said behind "No model has been published yet". */
export type BaseModel = { dir: string } | { why: string };

/** @param path the setting: a folder, or `none` */
export async function findBaseModel(path: string): Promise<BaseModel> {
  if (path === NO_BASE_MODEL) return { why: '' };
  // Loaded late: nobody waits for it but a server that was given a model.
  const { readModelCard } = await import('../../trainer/model-card.js');
  const card = await readModelCard(path);
  if (card === undefined || card.imported)
    return {
      why: `, and the base model cannot answer: ${path} holds none that has learned numbers, as a stock T5 has not`,
    };
  return { dir: path };
}

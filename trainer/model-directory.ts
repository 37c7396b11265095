// A model on disk: Hugging Face's T5 files and omnireg.json, which holds what only we need. Weights and text travel together.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERIALIZATION_VERSION } from '../tokenizer/serialize.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { TrainerError } from './errors.js';
import { writeFolderAtomic } from './files.js';
import type { HistoryRow } from './history.js';
import { huggingFaceFiles } from './hugging-face/export-files.js';
import { fromHuggingFaceConfig, type ModelConfig, toHuggingFaceConfig } from './model/config.js';
import type { Weights } from './model/parameters.js';
import { decodeSafetensors, encodeSafetensors } from './model/safetensors.js';
import { fromHuggingFace, toHuggingFace } from './model/weights.js';
import type { Json } from './types.js';

/** omnireg.json: how prompts for this model are made, and what its training measured. */
export interface ModelCard {
  serialization_version: number;
  max_prompt: number;
  max_metadata: number;
  /** Centralities of the validation answers, ascending, for the calibration of intervals. */
  calibration_scores: number[];
  metrics: Record<string, number>;
  training: Record<string, Json>;
}

export interface ModelDirectory {
  config: ModelConfig;
  weights: Weights;
  card: ModelCard;
  /** Trials of the studies it was trained on, for what they say about others: see history.ts. */
  history: HistoryRow[];
  tokenizer: Tokenizer;
  /** The text of tokenizer.json, to be handed on to a model fine-tuned from this one. */
  tokenizerJson: string;
}

const FILES = {
  weights: 'model.safetensors',
  config: 'config.json',
  tokenizer: 'tokenizer.json',
  card: 'omnireg.json',
  history: 'history.json',
};

/** Writes the folder whole or not at all. docs/models.md lists its files. */
export async function saveModel(path: string, model: Omit<ModelDirectory, 'tokenizer'>): Promise<void> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFolderAtomic(path, {
    [FILES.weights]: () => encodeSafetensors(toHuggingFace(model.weights, model.config), { format: 'pt' }),
    [FILES.config]: json(toHuggingFaceConfig(model.config)),
    [FILES.tokenizer]: model.tokenizerJson,
    [FILES.card]: json(model.card),
    [FILES.history]: JSON.stringify(model.history),
    ...huggingFaceFiles(model.config, model.weights, ['float32']),
  });
}

/** Reads a model directory. Throws `model_files` or `model_config` naming what is missing or does not fit. */
export async function loadModel(path: string): Promise<ModelDirectory> {
  const read = async (name: string): Promise<Buffer> => {
    try {
      return await readFile(join(path, name));
    } catch {
      throw new TrainerError(
        'model_files',
        `${path} has no readable ${name}; a model directory holds ${Object.values(FILES).join(', ')}`,
      );
    }
  };
  const config = fromHuggingFaceConfig(JSON.parse((await read(FILES.config)).toString('utf8')));
  const card = JSON.parse((await read(FILES.card)).toString('utf8')) as ModelCard;
  if (card.serialization_version !== SERIALIZATION_VERSION) {
    throw new TrainerError(
      'model_files',
      `${path} was trained on serialization version ${card.serialization_version}; this version reads ${SERIALIZATION_VERSION}. Train it again.`,
    );
  }
  const weights = fromHuggingFace(decodeSafetensors(await read(FILES.weights)), config);
  const tokenizerJson = (await read(FILES.tokenizer)).toString('utf8');
  const history = JSON.parse((await read(FILES.history)).toString('utf8')) as HistoryRow[];
  return {
    config,
    weights,
    card,
    history,
    tokenizer: await Tokenizer.load(join(path, FILES.tokenizer)),
    tokenizerJson,
  };
}

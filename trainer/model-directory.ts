// A model on disk: Hugging Face's T5 files and omnireg.json, which holds what only we need. Weights and text travel together.
import { existsSync } from 'node:fs';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERIALIZATION_VERSION } from '../tokenizer/serialize.js';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { TrainerError } from './errors.js';
import { writeFolderAtomic } from './files.js';
import type { KnownStudy } from './history/known-studies.js';
import { huggingFaceFiles } from './hugging-face/export-files.js';
import type { ExportReports } from './hugging-face/measured-exports.js';
import { fromHuggingFaceConfig, type ModelConfig, toHuggingFaceConfig } from './model/config.js';
import type { Weights } from './model/parameters.js';
import type { Precision } from './model/precision.js';
import { encodeSafetensors, readSafetensors } from './model/safetensors.js';
import { fromHuggingFace, toHuggingFace } from './model/weights.js';
import { CARD_FILE } from './model-card.js';
import type { PromptRules } from './prompt.js';
import type { Json } from './types.js';

/** omnireg.json: how prompts for this model are made, and what its training measured. */
export interface ModelCard extends PromptRules {
  serialization_version: number;
  /** Centralities of the validation answers, ascending, for the calibration of intervals. */
  calibration_scores: number[];
  metrics: Record<string, number>;
  training: Record<string, Json>;
  /** What smaller files of the weights were measured to lose: see hugging-face/measured-exports.ts. */
  exports?: ExportReports;
  /** Weights of a stock T5 with new rows for numbers: it has not learned to answer yet. */
  imported?: boolean;
}

export interface ModelDirectory {
  config: ModelConfig;
  weights: Weights;
  card: ModelCard;
  /** The studies it was trained on, for what they say about others: see history/. */
  history: KnownStudy[];
  tokenizer: Tokenizer;
  /** The text of tokenizer.json, to be handed on to a model fine-tuned from this one. */
  tokenizerJson: string;
}

const FILES = {
  weights: 'model.safetensors',
  config: 'config.json',
  tokenizer: 'tokenizer.json',
  card: CARD_FILE,
  history: 'history.json',
};

/**
 * Writes the folder whole or not at all. docs/models.md lists its files.
 * @param precisions of the ONNX files; none for a folder that nothing but a training reads
 */
export async function saveModel(
  path: string,
  model: Omit<ModelDirectory, 'tokenizer'>,
  precisions: readonly Precision[] = ['float32'],
): Promise<void> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFolderAtomic(path, {
    [FILES.weights]: () => encodeSafetensors(toHuggingFace(model.weights, model.config), { format: 'pt' }),
    [FILES.config]: json(toHuggingFaceConfig(model.config)),
    [FILES.tokenizer]: model.tokenizerJson,
    [FILES.card]: json(model.card),
    [FILES.history]: JSON.stringify(model.history),
    ...huggingFaceFiles(model.config, model.weights, precisions),
  });
}

/** Whether a folder is one of ours, and not just any Hugging Face directory. */
export function isModelDirectory(path: string): boolean {
  return existsSync(join(path, FILES.card));
}

/** Reads a model directory. Throws `model_files` or `model_config` naming what is missing or does not fit. */
export async function loadModel(path: string): Promise<ModelDirectory> {
  const file = async (name: string): Promise<string> => {
    const full = join(path, name);
    const readable = await access(full, constants.R_OK).then(
      () => true,
      () => false,
    );
    if (readable) return full;
    const all = Object.values(FILES).join(', ');
    throw new TrainerError('model_files', `${path} has no readable ${name}; a model directory holds ${all}`);
  };
  const read = async (name: string): Promise<string> => readFile(await file(name), 'utf8');
  const config = fromHuggingFaceConfig(JSON.parse(await read(FILES.config)));
  const card = JSON.parse(await read(FILES.card)) as ModelCard;
  if (card.serialization_version !== SERIALIZATION_VERSION) {
    throw new TrainerError(
      'model_files',
      `${path} was trained on serialization version ${card.serialization_version}; this version reads ${SERIALIZATION_VERSION}. Train it again.`,
    );
  }
  const weights = fromHuggingFace(readSafetensors(await file(FILES.weights)), config);
  const tokenizerJson = await read(FILES.tokenizer);
  const history = JSON.parse(await read(FILES.history)) as KnownStudy[];
  return {
    config,
    weights,
    card,
    history,
    tokenizer: await Tokenizer.load(join(path, FILES.tokenizer)),
    tokenizerJson,
  };
}

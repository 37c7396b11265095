// What a training starts from: random weights, a parent's, or a frozen parent with an adapter; and how its end is served and saved.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFile } from '../tokenizer/package-root.js';
import { type OpenModel, openModel, saveAdapter } from './adapter-directory.js';
import { TrainerError } from './errors.js';
import type { KnownStudy } from './history/known-studies.js';
import { offeredPrecisions } from './hugging-face/measured-exports.js';
import { DEFAULT_MODEL_CONFIG, type ModelConfig } from './model/config.js';
import { initialAdapter, type LoraConfig, mergeAdapter } from './model/lora.js';
import { initialWeights, type Weights } from './model/parameters.js';
import type { ServedModel } from './model/serving-graph.js';
import type { TrainableModel } from './model/trainable.js';
import { type ModelCard, saveModel } from './model-directory.js';
import type { TrainConfig } from './train-config.js';

/** A model as it answers, with its adapter's weights beside it. */
export interface Answering {
  model: ServedModel;
  adapter?: Weights;
}

export interface StartingPoint {
  parent: OpenModel | undefined;
  model: TrainableModel;
  /** Read and not trained: empty but for an adapter. */
  frozen: Weights;
  /** Trained weights before the first step. */
  weights: Weights;
  tokenizerFile: string;
  tokenizerJson: string;
}

/**
 * @throws TrainerError `model_files`, `model_config` where the parent cannot be read, `train_config` where an adapter has no
 * parent to stand beside, or has another shape than the parent's
 */
export async function startingPoint(parentDir: string | undefined, config: TrainConfig): Promise<StartingPoint> {
  const lora = loraConfigOf(config);
  if (parentDir === undefined) {
    if (lora) {
      throw new TrainerError(
        'train_config',
        'Hyperparameter "lora_rank" needs a parent for the adapter to stand beside: train a model first, or name one',
      );
    }
    const modelConfig = modelConfigOf(config);
    const tokenizerFile = packageFile('tokenizer', 'tokenizer.json');
    return {
      parent: undefined,
      model: { config: modelConfig },
      frozen: new Map(),
      weights: initialWeights(modelConfig, config.seed),
      tokenizerFile,
      tokenizerJson: await readFile(tokenizerFile, 'utf8'),
    };
  }
  const parent = await openModel(parentDir);
  if (lora && parent.card.imported) {
    throw new TrainerError(
      'train_config',
      'Hyperparameter "lora_rank" needs a parent that has learned numbers: train the stock T5 without it first',
    );
  }
  const common = { parent, tokenizerFile: join(parent.baseDir, 'tokenizer.json'), tokenizerJson: parent.tokenizerJson };
  if (!lora) {
    const { adapter } = parent;
    const weights = adapter
      ? mergeAdapter(parent.weights, parent.config, adapter.lora, adapter.weights)
      : parent.weights;
    return { ...common, model: { config: parent.config }, frozen: new Map(), weights };
  }
  return {
    ...common,
    model: { config: parent.config, adapter: lora },
    frozen: parent.weights,
    weights: parent.adapter ? sameShape(parent.adapter, lora) : initialAdapter(parent.config, lora, config.seed),
  };
}

/** The adapter's weights where it has the wanted shape: an adapter is trained further, never stacked on another. */
function sameShape(adapter: NonNullable<OpenModel['adapter']>, wanted: LoraConfig): Weights {
  const shape = ({ rank, alpha, targets }: LoraConfig) =>
    `rank ${rank}, alpha ${alpha} on ${[...targets].sort().join(', ')}`;
  if (shape(adapter.lora) === shape(wanted)) return adapter.weights;
  throw new TrainerError(
    'train_config',
    `The parent is an adapter of ${shape(adapter.lora)}, not of ${shape(wanted)}: set lora_rank, lora_alpha and lora_targets to the parent's, or name its base as the parent`,
  );
}

/** The model with the trained weights. */
export function answering({ model, frozen }: Pick<StartingPoint, 'model' | 'frozen'>, trained: Weights): Answering {
  const { config, adapter } = model;
  return adapter
    ? { model: { config, weights: frozen, lora: adapter }, adapter: trained }
    : { model: { config, weights: trained } };
}

/** The parent as it answers now. */
export function answeringParent({ config, weights, adapter }: OpenModel): Answering {
  return adapter
    ? { model: { config, weights, lora: adapter.lora }, adapter: adapter.weights }
    : { model: { config, weights } };
}

/** Writes a model directory or an adapter's. `own`: the studies that an adapter knows beside its base; `all`: the base's among them. */
export async function saveTrained(
  path: string,
  start: StartingPoint,
  trained: Weights,
  { card, own, all }: { card: ModelCard; own: KnownStudy[]; all: KnownStudy[] },
): Promise<void> {
  const { model, parent, frozen, tokenizerJson } = start;
  const { config, adapter: lora } = model;
  if (!lora || !parent) {
    const model = { config, weights: trained, tokenizerJson, history: all, card };
    await saveModel(path, model, ['float32', ...offeredPrecisions(card.exports)]);
    return;
  }
  const adapter = { lora, weights: trained };
  await saveAdapter(path, { config, adapter, card, history: own, baseDir: parent.baseDir, baseWeights: frozen });
}

function modelConfigOf({ d_model, d_kv, num_heads, d_ff, num_layers, num_decoder_layers }: TrainConfig): ModelConfig {
  return { ...DEFAULT_MODEL_CONFIG, d_model, d_kv, num_heads, d_ff, num_layers, num_decoder_layers };
}

function loraConfigOf({ lora_rank, lora_alpha, lora_targets }: TrainConfig): LoraConfig | undefined {
  return lora_rank > 0 ? { rank: lora_rank, alpha: lora_alpha, targets: lora_targets } : undefined;
}

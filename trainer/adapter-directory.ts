// An adapter on disk, in PEFT's layout: adapter_config.json, adapter_model.safetensors, and what only we need beside them.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TrainerError } from './errors.js';
import { writeFolderAtomic } from './files.js';
import { type KnownStudy, mergeKnown } from './history/known-studies.js';
import type { ModelConfig } from './model/config.js';
import { LORA_TARGETS, type LoraConfig, loraSpecs } from './model/lora.js';
import type { Weights } from './model/parameters.js';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from './model/safetensors.js';
import { linearFileShape, linearFromFile, linearToFile, weightsDigest } from './model/weights.js';
import { CARD_FILE } from './model-card.js';
import { loadModel, type ModelCard, type ModelDirectory } from './model-directory.js';

/** Low-rank matrices and the shape they have. */
export interface Adapter {
  lora: LoraConfig;
  weights: Weights;
}

/** A model that answers: a whole one, or a base with an adapter beside it. `card` is the adapter's then, `history` both theirs. */
export interface OpenModel extends ModelDirectory {
  /** Its `history`: the studies that the base does not know. */
  adapter?: Adapter & { history: KnownStudy[] };
  /** Folder of the base where there is an adapter, else of the model itself. */
  baseDir: string;
}

const FILES = {
  weights: 'adapter_model.safetensors',
  config: 'adapter_config.json',
  card: CARD_FILE,
  history: 'history.json',
};
/** How PEFT names tensors of a wrapped model. */
const PREFIX = 'base_model.model.';

interface AdapterCard extends ModelCard {
  /** Name of the base's folder, beside the adapter's, and the digest of its weights. */
  base: { folder: string; sha256: string };
}

export interface SavedAdapter {
  config: ModelConfig;
  adapter: Adapter;
  card: ModelCard;
  /** Of the studies that it and the adapters before it learned from; the base's is read with the base. */
  history: KnownStudy[];
  baseDir: string;
  baseWeights: Weights;
}

/**
 * Writes the folder whole or not at all: rank · (in + out) floats a matrix, and the trials it learned from. The base must stand
 * in the same parent folder.
 */
export async function saveAdapter(path: string, saved: SavedAdapter): Promise<void> {
  const { config, adapter, card, history, baseDir, baseWeights } = saved;
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const base = { folder: basename(baseDir), sha256: weightsDigest(baseWeights) };
  await writeFolderAtomic(path, {
    [FILES.weights]: encodeSafetensors(toPeft(adapter, config), { format: 'pt' }),
    [FILES.config]: json({
      peft_type: 'LORA',
      task_type: 'SEQ_2_SEQ_LM',
      base_model_name_or_path: join('..', base.folder),
      r: adapter.lora.rank,
      lora_alpha: adapter.lora.alpha,
      target_modules: adapter.lora.targets,
      lora_dropout: 0,
      bias: 'none',
      fan_in_fan_out: false,
      inference_mode: true,
    }),
    [FILES.card]: json({ ...card, base } satisfies AdapterCard),
    [FILES.history]: JSON.stringify(history),
  });
}

/**
 * Reads a model directory, or an adapter's together with its base. Throws `model_files`, `model_config`.
 * @param loadBase where whole models come from: a cache of them, so that adapters change without reading their base again
 */
export async function openModel(path: string, loadBase = loadModel): Promise<OpenModel> {
  const text = await adapterConfig(path);
  if (text === undefined) return { ...(await loadBase(path)), baseDir: path };
  const lora = readLoraConfig(JSON.parse(text) as Record<string, unknown>, path);
  const card = await readCard(path);
  const baseDir = baseDirIn(path, card);
  const base = await loadBase(baseDir);
  if (weightsDigest(base.weights) !== card.base.sha256) {
    throw new TrainerError(
      'model_files',
      `${path} was trained beside other weights than ${baseDir} holds now; put those back, or train the adapter again`,
    );
  }
  const weights = fromPeft(decodeSafetensors(await read(path, FILES.weights)), base.config, lora);
  const own = JSON.parse((await read(path, FILES.history)).toString('utf8')) as KnownStudy[];
  return { ...base, card, history: mergeKnown(own, base.history), adapter: { lora, weights, history: own }, baseDir };
}

/** The folder of an adapter's base; of a whole model its own. Throws `model_files`. */
export async function baseDirOf(path: string): Promise<string> {
  return (await adapterConfig(path)) === undefined ? path : baseDirIn(path, await readCard(path));
}

const baseDirIn = (path: string, card: AdapterCard): string => join(dirname(path), card.base.folder);

/** The text of adapter_config.json; undefined in a whole model's folder. */
function adapterConfig(path: string): Promise<string | undefined> {
  return readFile(join(path, FILES.config), 'utf8').catch(() => undefined);
}

async function readCard(path: string): Promise<AdapterCard> {
  return JSON.parse((await read(path, FILES.card)).toString('utf8')) as AdapterCard;
}

function read(path: string, name: string): Promise<Buffer> {
  return readFile(join(path, name)).catch(() => {
    throw new TrainerError(
      'model_files',
      `${path} has no readable ${name}; an adapter holds ${Object.values(FILES).join(', ')}`,
    );
  });
}

function readLoraConfig(json: Record<string, unknown>, path: string): LoraConfig {
  const { peft_type, r, lora_alpha, target_modules } = json;
  const fail = (field: string, wanted: string): never => {
    throw new TrainerError('model_config', `${path}: adapter_config.json: ${field} must be ${wanted}`);
  };
  if (peft_type !== 'LORA') fail('peft_type', '"LORA"');
  if (!Number.isInteger(r) || Number(r) < 1) fail('r', 'a positive integer');
  if (typeof lora_alpha !== 'number' || !(lora_alpha > 0)) fail('lora_alpha', 'a positive number');
  const known = LORA_TARGETS as readonly string[];
  if (!Array.isArray(target_modules) || !target_modules.every((t) => known.includes(t as string)))
    fail('target_modules', `a list of some of ${known.join(', ')}`);
  return { rank: Number(r), alpha: Number(lora_alpha), targets: target_modules as string[] };
}

/** PEFT keeps A as [rank, in] and B as [out, rank]; the head's B has a row for every token of the vocabulary, like the head. */
function toPeft({ lora, weights }: Adapter, config: ModelConfig): Map<string, SafeTensor> {
  return new Map(
    loraSpecs(config, lora).map((spec) => {
      const data = weights.get(spec.name)!;
      return [PREFIX + spec.name, linearToFile(data, spec.shape, headOf(spec.name, config))];
    }),
  );
}

function fromPeft(tensors: ReadonlyMap<string, SafeTensor>, config: ModelConfig, lora: LoraConfig): Weights {
  return new Map(
    loraSpecs(config, lora).map((spec) => {
      const tensor = tensors.get(PREFIX + spec.name);
      const head = headOf(spec.name, config);
      const expected = linearFileShape(spec.shape, head);
      if (tensor?.shape.join() !== expected.join()) {
        throw new TrainerError(
          'model_files',
          `${FILES.weights}: ${PREFIX}${spec.name} is ${tensor ? `[${tensor.shape}]` : 'missing'}; the base and adapter_config.json ask for [${expected}]`,
        );
      }
      return [spec.name, linearFromFile(tensor.data, spec.shape, head)];
    }),
  );
}

/** The head's B writes to tokens, as the head does. */
const headOf = (name: string, config: ModelConfig): ModelConfig | undefined =>
  name === 'lm_head.lora_B.weight' ? config : undefined;

// A stock T5 v1.1 or FLAN-T5 directory becomes one of ours: the vocabulary grows by the named tokens, the rest stays as it is.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type UnigramJson, unigramSize, withNamedTokens } from '../../tokenizer/foreign-vocabulary.js';
import { SERIALIZATION_VERSION } from '../../tokenizer/serialize.js';
import { NUMBER_BEGIN, NUMBER_END } from '../../tokenizer/vocabulary.js';
import { NAMED_BLOCK } from '../../tokenizer/vocabulary-layout.js';
import { TrainerError } from '../errors.js';
import { fromHuggingFaceConfig, type ModelConfig } from '../model/config.js';
import type { SafeTensor } from '../model/safetensors.js';
import { fromHuggingFace } from '../model/weights.js';
import { isModelDirectory, saveModel } from '../model-directory.js';
import { readCheckpoint } from './checkpoint-files.js';
import { likeOtherRows, meanRow } from './new-rows.js';

/** What T5Config assumes where a config.json is silent. */
const SILENT = {
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
} as const;

/** Ids that our prompts and decoder begin and end with. */
const CONTROL_IDS = { pad_token_id: 0, eos_token_id: 1, decoder_start_token_id: 0 } as const;

export interface ImportOptions {
  /** Seed of the new embeddings. */
  seed: number;
  /** The longest prompts the model is to be asked, tokens. */
  max_prompt: number;
  max_metadata: number;
}

/** The folder of a model to train from: `path` itself, or where it is a stock T5, what it becomes by import, in `importedTo`. */
export async function baseModel(path: string, importedTo: string, options: ImportOptions): Promise<string> {
  if (isModelDirectory(path) || !existsSync(join(path, 'config.json'))) return path;
  // Import writes its folder whole: what is there was finished before a kill.
  if (!isModelDirectory(importedTo)) await importModel(path, importedTo, options);
  return importedTo;
}

/**
 * Writes the model directory that a T5 v1.1 or FLAN-T5 directory becomes, without ONNX files: nothing can be asked of it
 * before it has been trained. Rows of tokens that it had keep their values and their ids in the files.
 * @throws TrainerError `model_config` or `model_files`, TokenizerError TOKENIZER_UNSUPPORTED, naming field and fix
 */
export async function importModel(from: string, to: string, options: ImportOptions): Promise<void> {
  const tokenizerFile = join(from, 'tokenizer.json');
  const tokenizer = withNamedTokens((await readJson(tokenizerFile)) as UnigramJson, tokenizerFile);
  const json = (await readJson(join(from, 'config.json'))) as Record<string, unknown>;
  const textTokens = unigramSize(tokenizer) - NAMED_BLOCK;
  const config = importedConfig(json, textTokens);
  const tensors = await readCheckpoint(from);
  requireStockRows(tensors, json, config, textTokens);
  const grown = new Map(tensors)
    .set('shared.weight', grownEmbedding(tensors.get('shared.weight')!, config, textTokens, options.seed))
    .set('lm_head.weight', newHead(tensors.get('lm_head.weight')!, config, textTokens));
  await saveModel(
    to,
    {
      config,
      weights: fromHuggingFace(grown, config),
      tokenizerJson: `${JSON.stringify(tokenizer, null, 2)}\n`,
      history: [],
      card: {
        serialization_version: SERIALIZATION_VERSION,
        max_prompt: options.max_prompt,
        max_metadata: options.max_metadata,
        calibration_scores: [],
        metrics: {},
        training: {},
        imported: true,
      },
    },
    [],
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const fix = 'a base model is a folder with config.json, tokenizer.json and model.safetensors';
    throw new TrainerError('model_files', `${file}: ${(cause as Error).message}; ${fix}`);
  }
}

/** Stock fields checked, silent ones filled in, the vocabulary grown. */
function importedConfig(json: Record<string, unknown>, textTokens: number): ModelConfig {
  for (const [key, value] of Object.entries(CONTROL_IDS)) {
    if (json[key] !== undefined && json[key] !== value) {
      throw new TrainerError('model_config', `config.json: ${key} is ${JSON.stringify(json[key])}; T5's is ${value}`);
    }
  }
  if (json.is_encoder_decoder === false) {
    throw new TrainerError(
      'model_config',
      'config.json: is_encoder_decoder is false; a base model needs its decoder too',
    );
  }
  if (typeof json.vocab_size === 'number' && json.vocab_size < textTokens) {
    const message = `config.json: vocab_size is ${json.vocab_size}, but tokenizer.json has ${textTokens} tokens`;
    throw new TrainerError('model_config', `${message}; use the tokenizer that the model was trained with`);
  }
  // transformers 5 writes true for every T5, and says in another field whether the decoder's output is scaled as in v1.0.
  const untied = json.tie_word_embeddings === false || json.scale_decoder_outputs === false;
  return fromHuggingFaceConfig({
    ...SILENT,
    num_decoder_layers: json.num_layers,
    ...json,
    tie_word_embeddings: untied ? false : (json.tie_word_embeddings ?? true),
    vocab_size: textTokens + NAMED_BLOCK,
    number_token_begin: textTokens,
    number_token_end: textTokens + NUMBER_END - NUMBER_BEGIN,
  });
}

/** Embedding and head must have the rows that config.json states; fromHuggingFace checks all other tensors. */
function requireStockRows(
  tensors: ReadonlyMap<string, SafeTensor>,
  json: Record<string, unknown>,
  config: ModelConfig,
  textTokens: number,
): void {
  if (![...tensors.keys()].some((name) => name.startsWith('decoder.block.'))) {
    throw new TrainerError(
      'model_files',
      'The checkpoint has no decoder.block tensors; a base model needs its decoder too',
    );
  }
  for (const name of ['shared.weight', 'lm_head.weight']) {
    const tensor = tensors.get(name);
    const fix = 'export the model with all of its tensors';
    if (!tensor) throw new TrainerError('model_files', `The checkpoint has no tensor ${name}; ${fix}`);
    const [rows, columns] = tensor.shape;
    const expected = (json.vocab_size as number | undefined) ?? textTokens;
    if (tensor.shape.length !== 2 || rows !== expected || columns !== config.d_model) {
      const wanted = `config.json asks for [${expected},${config.d_model}]`;
      throw new TrainerError('model_files', `The checkpoint's ${name} is [${tensor.shape}]; ${wanted}`);
    }
  }
}

/** Stock rows as they are, then one for each named token, drawn as if it were one of them: see new-rows.ts. */
function grownEmbedding({ data }: SafeTensor, config: ModelConfig, textTokens: number, seed: number): SafeTensor {
  const { vocab_size, d_model } = config;
  const result = new Float32Array(vocab_size * d_model);
  // A stock embedding has rows beyond its tokenizer's tokens, to a multiple of 128; no text leads to them.
  result.set(data.subarray(0, textTokens * d_model));
  const text = data.subarray(NUMBER_BEGIN * d_model, textTokens * d_model);
  result.set(likeOtherRows(text, d_model, NAMED_BLOCK, seed), textTokens * d_model);
  return { shape: [vocab_size, d_model], data: result };
}

/** Every number token gets the mean of the stock rows: at first all numbers are equally likely. Text is not written any more. */
function newHead({ data }: SafeTensor, config: ModelConfig, textTokens: number): SafeTensor {
  const { vocab_size, d_model, number_token_begin, number_token_end } = config;
  const result = new Float32Array(vocab_size * d_model);
  const mean = meanRow(data.subarray(NUMBER_BEGIN * d_model, textTokens * d_model), d_model);
  for (let i = 0; i < number_token_end - number_token_begin; i++) result.set(mean, (textTokens + i) * d_model);
  return { shape: [vocab_size, d_model], data: result };
}

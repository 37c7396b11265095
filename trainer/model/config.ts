// Hyperparameters of the T5 v1.1 model, under the names of Hugging Face's config.json so that both sides read the same file.
import { NUMBER_BEGIN, NUMBER_END, VOCABULARY_SIZE } from '../../tokenizer/vocabulary.js';
import { TrainerError } from '../errors.js';

/** Shape of a T5 v1.1 encoder-decoder (Raffel et al., arXiv 1910.10683; v1.1: gated GELU, untied head, no biases). */
export interface ModelConfig {
  vocab_size: number;
  /** Width of the residual stream. */
  d_model: number;
  /** Width of one attention head; heads × d_kv need not equal d_model. */
  d_kv: number;
  num_heads: number;
  /** Width of the gated feed-forward layer. */
  d_ff: number;
  num_layers: number;
  num_decoder_layers: number;
  relative_attention_num_buckets: number;
  relative_attention_max_distance: number;
  layer_norm_epsilon: number;
  /** The contiguous block of ids the decoder can write, [begin, end): the head is computed for these only. */
  number_token_begin: number;
  number_token_end: number;
  /** Id in the model's files of the first named token, which begins the numbers: see tokenizer/vocabulary-layout.ts. */
  named_token_begin: number;
}

/** About a million parameters: what two CPU cores train in minutes. */
export const DEFAULT_MODEL_CONFIG: ModelConfig = {
  vocab_size: VOCABULARY_SIZE,
  d_model: 128,
  d_kv: 32,
  num_heads: 4,
  d_ff: 256,
  num_layers: 2,
  num_decoder_layers: 2,
  relative_attention_num_buckets: 32,
  relative_attention_max_distance: 128,
  layer_norm_epsilon: 1e-6,
  number_token_begin: NUMBER_BEGIN,
  number_token_end: NUMBER_END,
  named_token_begin: NUMBER_BEGIN,
};

const FIXED = {
  architectures: ['T5ForConditionalGeneration'],
  model_type: 't5',
  feed_forward_proj: 'gated-gelu',
  is_encoder_decoder: true,
  tie_word_embeddings: false,
  pad_token_id: 0,
  eos_token_id: 1,
  decoder_start_token_id: 0,
  dropout_rate: 0,
  // What transformers.js loads where its caller asks for no type: in browsers that would be an int8 file, which may not be there.
  'transformers.js_config': { dtype: 'fp32' },
} as const;

/** The contents of a Hugging Face `config.json` for this model. Number tokens are given by their ids in the files. */
export function toHuggingFaceConfig({ named_token_begin, ...config }: ModelConfig): Record<string, unknown> {
  const tokens = config.number_token_end - config.number_token_begin;
  return {
    ...FIXED,
    ...config,
    number_token_begin: named_token_begin,
    number_token_end: named_token_begin + tokens,
  };
}

/** Reads a Hugging Face T5 `config.json`; says which field is missing or unlike T5 v1.1. */
export function fromHuggingFaceConfig(json: Record<string, unknown>): ModelConfig {
  for (const key of ['model_type', 'feed_forward_proj', 'tie_word_embeddings'] as const) {
    if (json[key] !== FIXED[key]) {
      throw new TrainerError(
        'model_config',
        `config.json: ${key} is ${JSON.stringify(json[key])}; a T5 v1.1 has ${JSON.stringify(FIXED[key])}; use a T5 v1.1 or FLAN-T5`,
      );
    }
  }
  const config = { ...DEFAULT_MODEL_CONFIG };
  for (const key of Object.keys(config) as (keyof ModelConfig)[]) {
    if (key === 'named_token_begin') continue;
    const value = json[key];
    if (typeof value !== 'number' || !(value > 0)) {
      throw new TrainerError(
        'model_config',
        `config.json: ${key} must be a positive number, not ${JSON.stringify(value)}`,
      );
    }
    config[key] = value;
  }
  const { number_token_begin: begin, number_token_end: end } = config;
  return {
    ...config,
    named_token_begin: begin,
    number_token_begin: NUMBER_BEGIN,
    number_token_end: NUMBER_BEGIN + end - begin,
  };
}

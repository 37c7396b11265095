// The files that stock Hugging Face tools want beside config.json, tokenizer.json and model.safetensors.
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { TOKENIZER_CONFIG } from '../../tokenizer/tokenizer-json.js';
import { toModel } from '../graph/graph.js';
import type { ModelConfig } from '../model/config.js';
import type { Weights } from '../model/parameters.js';
import type { Precision } from '../model/precision.js';
import { exportedDecoder, exportedEncoder } from './export-graphs.js';

/** What transformers.js appends to a file's name for the `dtype` that asks for it: fp32, fp16, q8. */
export const FILE_SUFFIX: Readonly<Record<Precision, string>> = { float32: '', float16: '_fp16', int8: '_quantized' };

/** Path → content. Models are made when they are asked for, one at a time, as each is as large as the weights. */
export function huggingFaceFiles(
  config: ModelConfig,
  weights: Weights,
  precisions: readonly Precision[],
): Record<string, () => Uint8Array | string> {
  const files: Record<string, () => Uint8Array | string> = {
    'tokenizer_config.json': () => `${JSON.stringify(TOKENIZER_CONFIG, null, 2)}\n`,
    'generation_config.json': () => `${JSON.stringify(generationConfig(), null, 2)}\n`,
  };
  for (const precision of precisions) {
    const suffix = FILE_SUFFIX[precision];
    files[`onnx/encoder_model${suffix}.onnx`] = () => toModel(exportedEncoder(config, weights, precision));
    files[`onnx/decoder_model_merged${suffix}.onnx`] = () => toModel(exportedDecoder(config, weights, precision));
  }
  return files;
}

/** The longest answer is an escape out of the frame and an absolute number; no answer ends with </s>. */
function generationConfig() {
  return {
    decoder_start_token_id: 0,
    eos_token_id: 1,
    pad_token_id: 0,
    max_new_tokens: 1 + new AbsoluteCodec().maxLength,
  };
}

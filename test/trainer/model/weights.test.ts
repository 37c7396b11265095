// Weights to safetensors under Hugging Face's names and back, bit for bit; damaged files are named.
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL_CONFIG, fromHuggingFaceConfig, toHuggingFaceConfig } from '../../../trainer/model/config.js';
import { initialWeights, parameterSpecs } from '../../../trainer/model/parameters.js';
import { decodeSafetensors, encodeSafetensors } from '../../../trainer/model/safetensors.js';
import { fromHuggingFace, linearFromFile, linearToFile, toHuggingFace } from '../../../trainer/model/weights.js';

const config = { ...DEFAULT_MODEL_CONFIG, d_model: 16, d_ff: 24, d_kv: 4, num_heads: 2 };
const weights = initialWeights(config, 1);

describe('weights', () => {
  it('come back bit for bit, in the layout of PyTorch in between', () => {
    const tensors = toHuggingFace(weights, config);
    expect(tensors.get('encoder.block.0.layer.1.DenseReluDense.wi_0.weight')!.shape).toEqual([24, 16]);
    expect(tensors.get('lm_head.weight')!.shape).toEqual([config.vocab_size, 16]);
    const q = 'decoder.block.1.layer.1.EncDecAttention.q.weight';
    expect(tensors.get(q)!.data[1 * 16 + 3]).toBe(weights.get(q)![3 * 8 + 1]);
    const back = fromHuggingFace(decodeSafetensors(encodeSafetensors(tensors)), config);
    for (const { name } of parameterSpecs(config)) expect(back.get(name)).toEqual(weights.get(name));
  });

  it('are refused with the name of the tensor that is missing or misshapen', () => {
    const tensors = toHuggingFace(weights, config);
    tensors.delete('encoder.final_layer_norm.weight');
    expect(() => fromHuggingFace(tensors, config)).toThrow(/no tensor encoder.final_layer_norm.weight/);
    tensors.set('encoder.final_layer_norm.weight', { shape: [7], data: new Float32Array(7) });
    expect(() => fromHuggingFace(tensors, config)).toThrow(
      /final_layer_norm.weight is \[7\]; config.json asks for \[16\]/,
    );
  });

  it('are refused where the file was cut short', () => {
    const bytes = encodeSafetensors(toHuggingFace(weights, config));
    for (const length of [0, 5, 100, bytes.length - 1]) {
      expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(/model.safetensors/);
    }
  });

  it('go with a config.json that reads back, and that is refused where it is no T5 v1.1', () => {
    const json = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
    expect(fromHuggingFaceConfig(json)).toEqual(config);
    expect(() => fromHuggingFaceConfig({ ...json, feed_forward_proj: 'relu' })).toThrow(/feed_forward_proj is "relu"/);
    expect(() => fromHuggingFaceConfig({ ...json, d_model: 'big' })).toThrow(/d_model must be a positive number/);
  });
});

describe('a matrix that writes to tokens', () => {
  it('has its rows where the files have number tokens, also behind a foreign vocabulary', () => {
    const head = { ...config, vocab_size: 20, number_token_begin: 3, number_token_end: 5, named_token_begin: 15 };
    // [in 2, out 2]: the two number tokens are columns in memory, rows 15 and 16 in the file.
    const data = Float32Array.of(1, 2, 3, 4);
    const tensor = linearToFile(data, [2, 2], head);
    expect(tensor.shape).toEqual([20, 2]);
    expect([...tensor.data.subarray(30, 34)]).toEqual([1, 3, 2, 4]);
    expect(tensor.data.filter((v) => v !== 0)).toHaveLength(4);
    expect(linearFromFile(tensor.data, [2, 2], head)).toEqual(data);
  });
});

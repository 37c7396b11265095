// Between the trainer's weights and Hugging Face's: linear weights transposed to [out, in], the head padded to the vocabulary.
import { createHash } from 'node:crypto';
import { toFileId } from '../../tokenizer/vocabulary-layout.js';
import { TrainerError } from '../errors.js';
import type { ModelConfig } from './config.js';
import { type ParameterSpec, parameterSpecs, type Weights } from './parameters.js';
import type { SafeTensor } from './safetensors.js';

const HEAD = 'lm_head.weight';

/** [rows, columns] → [columns, rows]. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  return result;
}

/** Of a linear weight [in, out] as PyTorch keeps it. `head`: the model whose head it writes to, a row for every token. */
export function linearFileShape([rows, columns]: readonly number[], head?: ModelConfig): [number, number] {
  return [head ? head.vocab_size : columns!, rows!];
}

/** [in, out] as in memory → as PyTorch keeps it; a head's rows of tokens that are never written are zeros. */
export function linearToFile(data: Float32Array, shape: readonly number[], head?: ModelConfig): SafeTensor {
  const [rows, columns] = shape as [number, number];
  const transposed = transpose(data, rows, columns);
  if (!head) return { shape: linearFileShape(shape), data: transposed };
  const padded = new Float32Array(head.vocab_size * rows);
  padded.set(transposed, head.named_token_begin * rows);
  return { shape: linearFileShape(shape, head), data: padded };
}

/** The reverse of `linearToFile`, for data of `linearFileShape`. */
export function linearFromFile(data: Float32Array, shape: readonly number[], head?: ModelConfig): Float32Array {
  const [rows, columns] = shape as [number, number];
  const begin = head ? head.named_token_begin * rows : 0;
  return transpose(data.subarray(begin, begin + rows * columns), columns, rows);
}

/** Embedding rows in the order of the files' ids. */
export function inFileOrder(embedding: Float32Array, config: ModelConfig): Float32Array {
  const { vocab_size, d_model: d, named_token_begin } = config;
  const result = new Float32Array(embedding.length);
  for (let id = 0; id < vocab_size; id++) {
    result.set(embedding.subarray(id * d, (id + 1) * d), toFileId(id, named_token_begin) * d);
  }
  return result;
}

function inOwnOrder(embedding: Float32Array, config: ModelConfig): Float32Array {
  const { vocab_size, d_model: d, named_token_begin } = config;
  const result = new Float32Array(embedding.length);
  for (let id = 0; id < vocab_size; id++) {
    const at = toFileId(id, named_token_begin) * d;
    result.set(embedding.subarray(at, at + d), id * d);
  }
  return result;
}

/** Tensors as a stock T5 checkpoint names and lays them out. Head rows of tokens that are never written are zeros. */
export function toHuggingFace(weights: Weights, config: ModelConfig): Map<string, SafeTensor> {
  const tensors = new Map<string, SafeTensor>();
  for (const spec of parameterSpecs(config)) {
    const data = weights.get(spec.name)!;
    if (spec.kind !== 'linear') {
      const rows = spec.name === 'shared.weight' ? inFileOrder(data, config) : data;
      tensors.set(spec.name, { shape: spec.shape, data: rows });
      continue;
    }
    tensors.set(spec.name, linearToFile(data, spec.shape, spec.name === HEAD ? config : undefined));
  }
  return tensors;
}

/** The reverse of `toHuggingFace`. Throws `model_files` naming the tensor that is missing or has another shape. */
export function fromHuggingFace(tensors: ReadonlyMap<string, SafeTensor>, config: ModelConfig): Weights {
  const weights: Weights = new Map();
  for (const spec of parameterSpecs(config)) weights.set(spec.name, readTensor(spec, tensors, config));
  return weights;
}

function readTensor(spec: ParameterSpec, tensors: ReadonlyMap<string, SafeTensor>, config: ModelConfig): Float32Array {
  const tensor = tensors.get(spec.name);
  if (!tensor) throw new TrainerError('model_files', `model.safetensors has no tensor ${spec.name}`);
  const head = spec.name === HEAD ? config : undefined;
  const expected = spec.kind === 'linear' ? linearFileShape(spec.shape, head) : spec.shape;
  if (tensor.shape.join() !== expected.join()) {
    throw new TrainerError(
      'model_files',
      `model.safetensors: ${spec.name} is [${tensor.shape}]; config.json asks for [${expected}]`,
    );
  }
  const { data } = tensor;
  if (spec.name === 'shared.weight') return inOwnOrder(data, config);
  return spec.kind === 'linear' ? linearFromFile(data, spec.shape, head) : data;
}

/** SHA-256 of names and values, in the map's order. */
export function weightsDigest(weights: Weights): string {
  const hash = createHash('sha256');
  for (const [name, data] of weights)
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

// The safetensors format: an 8-byte little-endian header length, a JSON header, raw tensors (github.com/huggingface/safetensors).
import { TrainerError } from '../errors.js';

export interface SafeTensor {
  shape: readonly number[];
  data: Float32Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Serializes float32 tensors in the map's order. `metadata` holds strings only, as the format demands. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Tensors begin on a multiple of 8 bytes; the format pads the header with spaces.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + headerLength + offset, ' ');
  bytes.writeBigUInt64LE(BigInt(headerLength), 0);
  json.copy(bytes, 8);
  let at = 8 + headerLength;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** Reads float32 tensors. Throws `model_files` where the file is cut short or holds another type. */
export function decodeSafetensors(bytes: Uint8Array): Map<string, SafeTensor> {
  const fail = (why: string): never => {
    throw new TrainerError('model_files', `model.safetensors: ${why}`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 8) fail('shorter than its header');
  const headerLength = Number(view.getBigUint64(0, true));
  const begin = 8 + headerLength;
  if (begin > bytes.byteLength) fail(`the header claims ${headerLength} bytes, the file has ${bytes.byteLength}`);
  const header = JSON.parse(Buffer.from(bytes.subarray(8, begin)).toString('utf8')) as Record<string, HeaderEntry>;
  const tensors = new Map<string, SafeTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const size = entry.shape.reduce((a, b) => a * b, 1);
    if (entry.dtype !== 'F32') fail(`${name} is ${entry.dtype}; only F32 is read`);
    if (to - from !== 4 * size || begin + to > bytes.byteLength) fail(`${name} does not fit its shape or the file`);
    // Copied, because a Float32Array must begin on a multiple of 4 bytes.
    const at = bytes.byteOffset + begin;
    const data = new Float32Array(bytes.buffer.slice(at + from, at + to) as ArrayBuffer);
    tensors.set(name, { shape: entry.shape, data });
  }
  return tensors;
}

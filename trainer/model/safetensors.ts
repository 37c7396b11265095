// The safetensors format: an 8-byte little-endian header length, a JSON header, raw tensors (github.com/huggingface/safetensors).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TrainerError } from '../errors.js';
import { fromBfloat16, fromFloat16 } from '../graph/half-floats.js';

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

/** How the types that are read become float32, and the bytes of one element. */
const READERS: Record<string, { bytes: number; read: (data: ArrayBuffer) => Float32Array }> = {
  F32: { bytes: 4, read: (data) => new Float32Array(data) },
  F16: { bytes: 2, read: (data) => fromFloat16(new Uint16Array(data)) },
  BF16: { bytes: 2, read: (data) => fromBfloat16(new Uint16Array(data)) },
};

/** One read of the system takes at most 2 GiB. */
const READ_BYTES = 2 ** 30;

/** Reads a file's tensors as float32, one after the other, so that memory holds little more than what is returned. */
export function readSafetensors(path: string): Map<string, SafeTensor> {
  const file = openSync(path, 'r');
  try {
    return readTensors(path, fstatSync(file).size, (from, to) => {
      const data = new ArrayBuffer(to - from);
      for (let at = 0; at < data.byteLength; ) {
        const view = new Uint8Array(data, at, Math.min(READ_BYTES, data.byteLength - at));
        const read = readSync(file, view, 0, view.byteLength, from + at);
        if (read === 0) throw new TrainerError('model_files', `${path}: ended while it was read`);
        at += read;
      }
      return data;
    });
  } finally {
    closeSync(file);
  }
}

/** Reads the tensors of a file in memory as float32. Throws `model_files` where it is cut short or holds another type. */
export function decodeSafetensors(bytes: Uint8Array, name = 'model.safetensors'): Map<string, SafeTensor> {
  // Copied, because a typed array must begin on a multiple of its elements' size.
  return readTensors(name, bytes.byteLength, (from, to) => Uint8Array.from(bytes.subarray(from, to)).buffer);
}

function readTensors(file: string, size: number, read: (from: number, to: number) => ArrayBuffer) {
  const fail = (why: string): never => {
    throw new TrainerError('model_files', `${file}: ${why}`);
  };
  if (size < 8) fail('shorter than its header');
  const headerLength = Number(new DataView(read(0, 8)).getBigUint64(0, true));
  const begin = 8 + headerLength;
  if (begin > size) fail(`the header claims ${headerLength} bytes, the file has ${size}`);
  const tensors = new Map<string, SafeTensor>();
  for (const [name, entry] of Object.entries(parseHeader(read(8, begin), fail))) {
    if (name === '__metadata__') continue;
    const reader = READERS[entry.dtype];
    if (!reader) return fail(`${name} is ${entry.dtype}; convert it to one of ${Object.keys(READERS).join(', ')}`);
    const [from, to] = entry.data_offsets;
    const elements = entry.shape.reduce((a, b) => a * b, 1);
    if (to - from !== reader.bytes * elements || begin + to > size) fail(`${name} does not fit its shape or the file`);
    tensors.set(name, { shape: entry.shape, data: reader.read(read(begin + from, begin + to)) });
  }
  return tensors;
}

function parseHeader(json: ArrayBuffer, fail: (why: string) => never): Record<string, HeaderEntry> {
  try {
    return JSON.parse(Buffer.from(json).toString('utf8')) as Record<string, HeaderEntry>;
  } catch {
    return fail('its header is not JSON');
  }
}

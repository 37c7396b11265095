// Parquet as CSV: row group by row group, with limits on what a small file may unfold to.
import { open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as zstdDecompress } from 'fzstd';
import {
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  snappyUncompress,
} from 'hyparquet';
import type { CellType } from '../../../service/tabular/planned-columns.js';
import { writeCsvLine } from '../../../service/tabular/write.js';
import { CliError } from '../errors.js';

/** A row group is in memory at once: so many bytes of it, and so many values; one page, such as a dictionary, may have less. */
const MAX_GROUP_BYTES = 256 * 1024 * 1024;
const MAX_GROUP_VALUES = 20_000_000;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

export interface ParquetTable {
  /** What the file says that its columns are, by their names. */
  types: Map<string, CellType>;
  /** The table as CSV, its header first. */
  csv: AsyncGenerator<string>;
}

/**
 * @param label what the file is called in errors
 * @throws CliError table_unusable where it is no Parquet, or unfolds to too much
 */
export async function readParquet(path: string, label: string): Promise<ParquetTable> {
  const unusable = (what: string, fix: string, cause?: unknown) =>
    new CliError('table_unusable', `${label} ${what}.`, fix, cause);
  const file = await open(path, 'r');
  const { size } = await file.stat();
  const buffer = {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      const bytes = new ArrayBuffer(Math.max(0, Math.min(end, size) - start));
      await file.read(new Uint8Array(bytes), 0, bytes.byteLength, start);
      return bytes;
    },
  };
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(buffer);
  } catch (cause) {
    await file.close();
    throw unusable(`is no Parquet that can be read (${(cause as Error).message})`, 'Write it anew.', cause);
  }
  const columns = parquetSchema(metadata).children.map(({ element, children }) => ({
    name: element.name,
    type: typeOf(element, children.length > 0),
  }));

  async function* csv(): AsyncGenerator<string> {
    try {
      yield writeCsvLine(columns.map(({ name }) => name));
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rows = Number(group.num_rows);
        const bytes = Math.max(
          Number(group.total_byte_size),
          ...group.columns.map((c) => Number(c.meta_data?.total_uncompressed_size ?? 0)),
        );
        if (bytes > MAX_GROUP_BYTES || rows * columns.length > MAX_GROUP_VALUES) {
          const what = `has a row group of ${rows} rows and ${bytes} bytes; up to ${MAX_GROUP_VALUES} values and ${MAX_GROUP_BYTES} bytes are read`;
          throw unusable(what, 'Write it with smaller row groups (row_group_size=100000).');
        }
        for (const row of await groupRows(rowStart, rows)) {
          yield writeCsvLine(columns.map(({ type }, i) => cellOf(row[i], type)));
        }
        rowStart += rows;
      }
    } finally {
      await file.close();
    }
  }

  async function groupRows(rowStart: number, rows: number): Promise<unknown[][]> {
    let found: unknown[][] = [];
    try {
      await parquetRead({
        file: buffer,
        metadata,
        compressors: COMPRESSORS,
        rowStart,
        rowEnd: rowStart + rows,
        onComplete: (read) => {
          found = read;
        },
      });
    } catch (cause) {
      throw unusable(`cannot be read from row ${rowStart} on (${(cause as Error).message})`, 'Write it anew.', cause);
    }
    return found;
  }

  return { types: new Map(columns.map(({ name, type }) => [name, type])), csv: csv() };
}

/** Pages are unfolded to what they say, and to no more than is allowed. */
const COMPRESSORS: Compressors = {
  SNAPPY: limited((input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  }),
  GZIP: limited((input, length) => gunzipSync(input, { maxOutputLength: length })),
  BROTLI: limited((input, length) => brotliDecompressSync(input, { maxOutputLength: length })),
  ZSTD: limited((input, length) => zstdDecompress(input, new Uint8Array(length))),
};

function limited(unfold: (input: Uint8Array, length: number) => Uint8Array) {
  return (input: Uint8Array, length: number) => {
    if (length > MAX_PAGE_BYTES) throw new RangeError(`a page of ${length} bytes, ${MAX_PAGE_BYTES} are allowed`);
    return unfold(input, length);
  };
}

type Element = ReturnType<typeof parquetSchema>['element'];

function typeOf(
  { type, converted_type: converted, logical_type: logical, repetition_type: repetition }: Element,
  nested: boolean,
): CellType {
  if (nested || repetition === 'REPEATED' || converted === 'JSON') return 'json';
  if (type === 'BOOLEAN') return 'boolean';
  const isTime = /DATE|TIME/.test(`${converted ?? ''}${logical?.type ?? ''}`) || type === 'INT96';
  const isNumber =
    ['INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(type ?? '') ||
    /DECIMAL|FLOAT16/.test(`${converted ?? ''}${logical?.type ?? ''}`);
  return isNumber && !isTime ? 'number' : 'text';
}

function cellOf(value: unknown, type: CellType): string {
  if (value === null || value === undefined) return '';
  if (type === 'json')
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
  if (value instanceof Date) return value.toISOString();
  return String(value);
}

// Decodes the prefixes of a descent level by level: what a prefix shares with others is computed once and kept.
import type { DeviceTensor } from '../graph/device-tensor.js';
import type { HostTensor, OrtSession } from '../graph/session.js';
import type { Level } from '../tree-descent.js';
import type { ModelConfig } from './config.js';
import { PARTS, pastName, presentName } from './serving-graph.js';
import { MASKED, relativeBucket } from './t5.js';

/** Places for prefixes made at once: a query whose distribution is of usual width has 70. */
const ROWS_A_QUERY = 96;

/**
 * Keys and values of all prefixes decoded so far, in this process: a level adds a few rows and reads all of them, so that
 * a session that kept the cache itself would copy it at each level.
 */
class Cache {
  rows = 0;
  private readonly data: Map<string, Float32Array>;
  private capacity: number;

  constructor(
    names: readonly string[],
    private readonly width: number,
    rows: number,
  ) {
    this.capacity = rows;
    this.data = new Map(names.map((name) => [name, new Float32Array(rows * width)]));
  }

  /** The first rows of each tensor, all zeros where nothing was put in yet: there must be one to point to. */
  feeds(): Record<string, HostTensor> {
    const rows = Math.max(1, this.rows);
    return Object.fromEntries(
      [...this.data].map(([name, data]) => [
        name,
        { data: data.subarray(0, rows * this.width), dims: [rows, this.width] },
      ]),
    );
  }

  append(rows: number, of: (name: string) => Float32Array): void {
    if (this.rows + rows > this.capacity) this.grow(this.rows + rows);
    for (const [name, data] of this.data) data.set(of(name), this.rows * this.width);
    this.rows += rows;
  }

  private grow(rows: number): void {
    this.capacity = Math.max(rows, 2 * this.capacity);
    for (const [name, data] of this.data) {
      const larger = new Float32Array(this.capacity * this.width);
      larger.set(data.subarray(0, this.rows * this.width));
      this.data.set(name, larger);
    }
  }
}

/** One descent of `queries` queries. */
export class PrefixDecoder {
  private readonly cache: Cache;
  private readonly present: ReadonlyMap<string, string>;
  /** Of the last level: the cache's row of each position of each prefix, [prefixes, depth], and where its own rows begin. */
  private ancestors = new Int32Array(0);
  private begin = 0;

  /**
   * @param decoder of `decoderGraph`
   * @param constant feeds that stay the same for all levels: `input_ids`, the encoder's `cross.*`, an adapter's matrices
   */
  constructor(
    private readonly decoder: OrtSession,
    private readonly constant: Record<string, HostTensor | DeviceTensor>,
    private readonly queries: number,
    private readonly config: ModelConfig,
  ) {
    const blocks = Array.from({ length: config.num_decoder_layers }, (_, i) => i);
    this.present = new Map(
      blocks.flatMap((i) => PARTS.map((part) => [pastName(i, part), presentName(i, part)] as const)),
    );
    this.cache = new Cache([...this.present.keys()], config.num_heads * config.d_kv, ROWS_A_QUERY * queries);
  }

  /** Log-probabilities [prefixes, number tokens] after each prefix of the next level. */
  async next(level: Level): Promise<Float32Array> {
    const { tokens, depth } = level;
    const rows = tokens.length;
    const past = Math.max(1, depth);
    const ancestors = this.ancestorsOf(level, past);
    const { slots, places, width } = rectangle(level.queries, this.queries);
    const buckets = Int32Array.from({ length: past + 1 }, (_, i) => relativeBucket(i - past, false, this.config));
    // Nothing stands before the start token; a row of zeros that weighs nothing stands for it, as a tensor must not be empty.
    const pastMask = new Float32Array(past + 1);
    if (depth === 0) pastMask[0] = MASKED;
    const outputs = await this.decoder.run({
      ...this.constant,
      ...this.cache.feeds(),
      tokens: { data: tokens, dims: [rows] },
      ancestors: { data: ancestors, dims: [rows, past] },
      buckets: { data: buckets, dims: [past + 1] },
      past_mask: { data: pastMask, dims: [past + 1] },
      slots: { data: slots, dims: [this.queries, width] },
      places: { data: places, dims: [rows] },
    });
    this.ancestors = ancestors;
    this.begin = this.cache.rows;
    this.cache.append(rows, (name) => outputs[this.present.get(name)!]!.data as Float32Array);
    return outputs.log_probabilities!.data as Float32Array;
  }

  private ancestorsOf({ parents, depth }: Level, past: number): Int32Array<ArrayBuffer> {
    const result = new Int32Array(parents.length * past);
    if (depth === 0) return result;
    parents.forEach((parent, row) => {
      const above = past - 1;
      result.set(this.ancestors.subarray(parent * above, (parent + 1) * above), row * past);
      result[row * past + above] = this.begin + parent;
    });
    return result;
  }
}

/** Rows of each query side by side, padded with row 0 to the most that one has: see `StepInputs`. */
function rectangle(queryOf: Int32Array, queries: number): { slots: Int32Array; places: Int32Array; width: number } {
  const counts = new Int32Array(queries);
  for (const query of queryOf) counts[query]!++;
  const width = counts.reduce((most, count) => Math.max(most, count), 0);
  const slots = new Int32Array(queries * width);
  const places = new Int32Array(queryOf.length);
  counts.fill(0);
  queryOf.forEach((query, row) => {
    places[row] = query * width + counts[query]!++;
    slots[places[row]!] = row;
  });
  return { slots, places, width };
}

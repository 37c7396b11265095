// Measures real runs of Node's gzip, deflate, raw deflate and Brotli and writes one study (CSV and metadata) an input.
// Run by hand: npm run examples:compression [-- NAME…]. The committed result is what the tests and the demo read.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { inputs } from './inputs.mjs';
import { drawFor } from './random.mjs';

const CONFIGURATIONS = 320;
/** A configuration is run until it took this long in all or this often; the fastest run counts, as others were disturbed. */
const ENOUGH_MS = 30;
const MOST_REPEATS = 7;

const STRATEGIES = /** @type {const} */ ({
  default: constants.Z_DEFAULT_STRATEGY,
  filtered: constants.Z_FILTERED,
  huffman_only: constants.Z_HUFFMAN_ONLY,
  rle: constants.Z_RLE,
  fixed: constants.Z_FIXED,
});
const MODES = /** @type {const} */ ({
  generic: constants.BROTLI_MODE_GENERIC,
  text: constants.BROTLI_MODE_TEXT,
  font: constants.BROTLI_MODE_FONT,
});
const ZLIB = { gzip: gzipSync, deflate: deflateSync, deflate_raw: deflateRawSync };
const COLUMNS = /** @type {const} */ ([
  'algorithm',
  'level',
  'quality',
  'window_bits',
  'memory_level',
  'strategy',
  'mode',
  'chunk_bytes',
  'size_hint',
]);

/**
 * One configuration; what its algorithm does not have is absent.
 * @typedef {object} Configuration
 * @property {'gzip' | 'deflate' | 'deflate_raw' | 'brotli'} algorithm
 * @property {number} [level] zlib: 0 (stored) to 9.
 * @property {number} [quality] Brotli: 0 to 11.
 * @property {number} window_bits log2 of the window in bytes: zlib 9 to 15, Brotli 10 to 24.
 * @property {number} [memory_level] zlib: 1 to 9.
 * @property {keyof typeof STRATEGIES} [strategy] zlib.
 * @property {keyof typeof MODES} [mode] Brotli.
 * @property {number} chunk_bytes Size of the output buffers: 1,024 to 65,536.
 * @property {boolean} [size_hint] Brotli: whether it was told the size of the input.
 */

/**
 * @param {import('./random.mjs').Draw} draw
 * @returns {Configuration}
 */
function drawConfiguration(draw) {
  const algorithm = draw.pick(/** @type {const} */ (['gzip', 'deflate', 'deflate_raw', 'brotli']));
  const chunk_bytes = 2 ** draw.int(10, 16);
  if (algorithm === 'brotli') {
    return {
      algorithm,
      quality: draw.int(0, 11),
      window_bits: draw.int(10, 24),
      mode: draw.pick(/** @type {(keyof typeof MODES)[]} */ (Object.keys(MODES))),
      chunk_bytes,
      size_hint: draw.unit() < 0.5,
    };
  }
  return {
    algorithm,
    level: draw.int(0, 9),
    window_bits: draw.int(9, 15),
    memory_level: draw.int(1, 9),
    strategy: draw.pick(/** @type {(keyof typeof STRATEGIES)[]} */ (Object.keys(STRATEGIES))),
    chunk_bytes,
  };
}

/**
 * @param {Configuration} config
 * @param {Buffer} input
 */
function compress(config, input) {
  if (config.algorithm === 'brotli') {
    return brotliCompressSync(input, {
      chunkSize: config.chunk_bytes,
      params: {
        [constants.BROTLI_PARAM_QUALITY]: /** @type {number} */ (config.quality),
        [constants.BROTLI_PARAM_LGWIN]: config.window_bits,
        [constants.BROTLI_PARAM_MODE]: MODES[config.mode ?? 'generic'],
        [constants.BROTLI_PARAM_SIZE_HINT]: config.size_hint ? input.length : 0,
      },
    });
  }
  return ZLIB[config.algorithm](input, {
    level: config.level,
    windowBits: config.window_bits,
    memLevel: config.memory_level,
    strategy: STRATEGIES[config.strategy ?? 'default'],
    chunkSize: config.chunk_bytes,
  });
}

/**
 * @param {Configuration} config
 * @param {Buffer} input
 * @returns {{ compressed_bytes: number, cpu_ms: number }} CPU time of the whole process, user and system.
 */
function measure(config, input) {
  let best = Number.POSITIVE_INFINITY;
  let total = 0;
  let bytes = 0;
  for (let run = 0; run < MOST_REPEATS && (run === 0 || total < ENOUGH_MS); run++) {
    const before = process.cpuUsage();
    bytes = compress(config, input).length;
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    best = Math.min(best, ms);
    total += ms;
  }
  return { compressed_bytes: bytes, cpu_ms: Number(best.toPrecision(4)) };
}

/**
 * Simple statistics of the bytes: what a person would look at to guess how well they compress.
 * @param {Buffer} input
 */
function statistics(input) {
  const counts = new Float64Array(256);
  const pairs = new Map();
  const seen = new Map();
  let near = 0;
  let far = 0;
  let text = 0;
  for (let i = 0; i < input.length; i++) {
    const byte = /** @type {number} */ (input[i]);
    counts[byte] = (counts[byte] ?? 0) + 1;
    if (byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127)) text++;
    if (i > 0) {
      const pair = /** @type {number} */ (input[i - 1] << 8) | byte;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    if (i >= 3) {
      const four = input.readUInt32LE(i - 3);
      const last = seen.get(four);
      if (last !== undefined && i - last <= 1024) near++;
      if (last !== undefined && i - last <= 32_768) far++;
      seen.set(four, i);
    }
  }
  /** @param {Iterable<number>} values @param {number} total */
  const entropy = (values, total) => {
    let bits = 0;
    for (const value of values) if (value > 0) bits -= (value / total) * Math.log2(value / total);
    return bits;
  };
  const byteEntropy = entropy(counts, input.length);
  const round = (/** @type {number} */ value) => Number(value.toFixed(3));
  return {
    input_bytes: input.length,
    byte_entropy_bits: round(byteEntropy),
    next_byte_entropy_bits: round(entropy(pairs.values(), input.length - 1) - byteEntropy),
    distinct_bytes: counts.filter((count) => count > 0).length,
    text_share: round(text / input.length),
    repeats_within_1_kib: round(near / (input.length - 3)),
    repeats_within_32_kib: round(far / (input.length - 3)),
  };
}

const wanted = process.argv.slice(2);
for (const { name, title, description, read } of inputs) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = performance.now();
  const input = read();
  const draw = drawFor(`configurations of ${name}`);
  const lines = new Map();
  // The first calls pay for compilation and page faults; they are not the configuration's.
  for (let i = 0; i < 20; i++) compress(drawConfiguration(drawFor(`warm-up ${i}`)), input);
  while (lines.size < CONFIGURATIONS) {
    const config = drawConfiguration(draw);
    const key = COLUMNS.map((column) => config[column] ?? '').join(',');
    if (lines.has(key)) continue;
    const { compressed_bytes, cpu_ms } = measure(config, input);
    lines.set(key, `${key},${compressed_bytes},${cpu_ms}`);
  }
  const header = [...COLUMNS, 'compressed_bytes', 'cpu_ms'].join(',');
  writeFileSync(new URL(`${name}.csv`, import.meta.url), `${[header, ...lines.values()].join('\n')}\n`);
  const metadata = {
    title,
    description: `${description} Node's zlib and Brotli with parameters drawn at random.`,
    input: { name, ...statistics(input) },
    objectives: [
      { name: 'compressed_bytes', goal: 'minimize', unit: 'bytes' },
      { name: 'cpu_ms', goal: 'minimize', unit: 'ms' },
    ],
  };
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(metadata, null, 2)}\n`);
  console.error(`${name}: ${CONFIGURATIONS} configurations in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
console.error(
  `Node ${process.version}, zlib ${process.versions.zlib}, Brotli ${process.versions.brotli}, ${cpus()[0]?.model}`,
);

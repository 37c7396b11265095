// The inputs that are compressed: files that every checkout has after `npm ci`, and data generated from a seed.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawFor } from './random.mjs';

/** Bytes of every input, but where the source has less. */
export const INPUT_BYTES = 256 * 1024;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const modules = join(root, 'node_modules');

/**
 * @typedef {object} Input
 * @property {string} name Of the study's two files.
 * @property {string} title
 * @property {string} description What the bytes are.
 * @property {() => Buffer} read
 */

/**
 * Fills a buffer with what `next` gives, piece after piece.
 * @param {() => Buffer | string} next
 */
function fill(next) {
  const pieces = [];
  for (let bytes = 0; bytes < INPUT_BYTES; ) {
    const piece = Buffer.from(next());
    pieces.push(piece);
    bytes += piece.length;
  }
  return Buffer.concat(pieces).subarray(0, INPUT_BYTES);
}

/**
 * All files under node_modules whose name passes, one after another in the order of their paths.
 * @param {string} folder
 * @param {RegExp} name
 */
function concatenated(folder, name) {
  const paths = readdirSync(join(modules, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path))
    .sort();
  let at = 0;
  return fill(() => {
    const path = paths[at++];
    if (path === undefined) throw new Error(`${folder}: fewer than ${INPUT_BYTES} bytes; run npm ci first`);
    return readFileSync(join(modules, folder, path));
  });
}

/**
 * @param {string} path
 * @param {number} from First byte.
 */
function slice(path, from) {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(INPUT_BYTES);
  const got = readSync(file, buffer, 0, INPUT_BYTES, from);
  closeSync(file);
  return buffer.subarray(0, got);
}

function jsonLogs() {
  const draw = drawFor('json-logs');
  const routes = ['/v1/studies', '/v1/trials', '/v1/predictions', '/healthz', '/v1/models', '/login'];
  let time = Date.UTC(2025, 0, 6);
  return fill(() => {
    time += Math.ceil(-Math.log(1 - draw.unit()) * 400);
    const failed = draw.unit() < 0.04;
    const line = {
      time: new Date(time).toISOString(),
      level: failed ? 'error' : 'info',
      method: draw.pick(['GET', 'GET', 'GET', 'POST', 'DELETE']),
      route: `${draw.pick(routes)}/${draw.int(1, 9999)}`,
      status: failed ? draw.pick([500, 502, 504]) : draw.pick([200, 200, 200, 201, 304, 404]),
      ms: Math.round(Math.exp(2 + draw.normal()) * 100) / 100,
      request: draw.int(0, 2 ** 31 - 1).toString(36),
      ...(failed ? { message: 'upstream closed the connection before the response was complete' } : {}),
    };
    return `${JSON.stringify(line)}\n`;
  });
}

/** A second-order chain of words over the README files of the installed packages: English-like, never twice the same. */
function prose() {
  const draw = drawFor('prose');
  const words = concatenated('.', /(^|\/)README\.md$/)
    .toString('utf8')
    .replace(/```[\s\S]*?```/g, ' ')
    .split(/\s+/)
    .filter((word) => /^[A-Za-z][a-z'-]*[.,;:!?]?$/.test(word));
  /** @type {Map<string, string[]>} */
  const followers = new Map();
  for (let i = 2; i < words.length; i++) {
    const key = `${words[i - 2]} ${words[i - 1]}`;
    const list = followers.get(key);
    if (list) list.push(/** @type {string} */ (words[i]));
    else followers.set(key, [/** @type {string} */ (words[i])]);
  }
  const starts = [...followers.keys()];
  let [first, second] = draw.pick(starts).split(' ');
  return fill(() => {
    const choices = followers.get(`${first} ${second}`);
    // One word in eight comes from elsewhere, or the chain would recite whole pages.
    if (!choices || draw.unit() < 0.125) [first, second] = draw.pick(starts).split(' ');
    else [first, second] = [second, draw.pick(choices)];
    return `${second}${draw.unit() < 0.08 ? '\n' : ' '}`;
  });
}

function sensorFloats() {
  const draw = drawFor('sensor-floats');
  let drift = 20;
  let at = 0;
  return fill(() => {
    const values = new Float64Array(1024);
    for (let i = 0; i < values.length; i++, at++) {
      drift += 0.002 * draw.normal();
      // A sensor of 16 bits: the low bits of the double are not noise but rounding.
      values[i] = Math.round((drift + 5 * Math.sin(at / 700) + 0.02 * draw.normal()) * 256) / 256;
    }
    return Buffer.from(values.buffer);
  });
}

function modelWeights() {
  const draw = drawFor('model-weights');
  return fill(() => Buffer.from(Float32Array.from({ length: 1024 }, () => 0.02 * draw.normal()).buffer));
}

function csvNumbers() {
  const draw = drawFor('csv-numbers');
  let row = 0;
  return fill(() => {
    const cells = [++row, draw.int(1, 40), (100 + 15 * draw.normal()).toFixed(2), draw.unit().toFixed(6)];
    return `${cells.join(',')},${draw.pick(['north', 'south', 'east', 'west'])},${draw.unit() < 0.3}\r\n`;
  });
}

function dna() {
  const draw = drawFor('dna');
  let history = 'ACGT';
  return fill(() => {
    let piece = '';
    if (draw.unit() < 0.02) {
      // Repeats as genomes have them: an old stretch again, one letter in twenty changed.
      const from = draw.int(0, Math.max(0, history.length - 400));
      for (const letter of history.slice(from, from + draw.int(40, 400)))
        piece += draw.unit() < 0.05 ? draw.pick([...'ACGT']) : letter;
    } else for (let i = 0; i < 20; i++) piece += draw.pick([...'AACGTT']);
    history = (history + piece).slice(-60_000);
    return piece;
  });
}

/** A page of 1 bit a pixel, 1024 pixels (128 bytes) a row: discs on white with a few specks. */
function bitmap() {
  const draw = drawFor('bitmap');
  const discs = Array.from({ length: 60 }, () => ({ x: draw.int(0, 1023), y: draw.int(0, 2047), r: draw.int(8, 120) }));
  let y = 0;
  return fill(() => {
    const row = Buffer.alloc(128);
    for (let x = 0; x < 1024; x++) {
      const inside = discs.some((disc) => (disc.x - x) ** 2 + (disc.y - y) ** 2 < disc.r ** 2);
      if (inside !== draw.unit() < 0.0015) row[x >> 3] = (row[x >> 3] ?? 0) | (0x80 >> (x & 7));
    }
    y++;
    return row;
  });
}

/** A photograph-like picture, 8 bits a pixel, 512 pixels a row: smooth shades and sensor noise. */
function grayImage() {
  const draw = drawFor('gray-image');
  const waves = Array.from({ length: 9 }, () => ({
    fx: draw.normal() / 60,
    fy: draw.normal() / 60,
    phase: draw.unit() * 6.3,
    height: 30 * draw.unit(),
  }));
  let y = 0;
  return fill(() => {
    const row = Buffer.alloc(512);
    for (let x = 0; x < row.length; x++) {
      let shade = 128 + 1.2 * draw.normal();
      for (const wave of waves) shade += wave.height * Math.sin(wave.fx * x + wave.fy * y + wave.phase);
      row[x] = Math.max(0, Math.min(255, Math.round(shade)));
    }
    y++;
    return row;
  });
}

function noise() {
  const draw = drawFor('noise');
  return fill(() => Buffer.from(Uint8Array.from({ length: 1024 }, () => draw.int(0, 255))));
}

/** Records of 20 KB that come back with a few bytes changed: only a window wider than 20 KB sees the repeats. */
function repeatedBlocks() {
  const draw = drawFor('repeated-blocks');
  const block = Buffer.from(Uint8Array.from({ length: 20_000 }, () => draw.int(0, 63)));
  return fill(() => {
    const copy = Buffer.from(block);
    for (let i = 0; i < 60; i++) copy[draw.int(0, copy.length - 1)] = draw.int(0, 255);
    return copy;
  });
}

/** Increasing 64-bit identifiers, as an index on disk holds them. */
function sortedIds() {
  const draw = drawFor('sorted-ids');
  let id = 4_000_000_000n;
  return fill(() => {
    const ids = new BigUint64Array(512);
    for (let i = 0; i < ids.length; i++) {
      id += BigInt(draw.int(1, 900));
      ids[i] = id;
    }
    return Buffer.from(ids.buffer);
  });
}

function base64Keys() {
  const draw = drawFor('base64-keys');
  return fill(() => {
    const key = Buffer.from(Uint8Array.from({ length: 48 }, () => draw.int(0, 255))).toString('base64');
    return `ssh-ed25519 ${key} user${draw.int(1, 400)}@example.com\n`;
  });
}

/** @type {Input[]} */
export const inputs = [
  {
    name: 'typescript-types',
    title: 'Compressing TypeScript declarations',
    description: 'The declaration files of the TypeScript compiler: source code with long comments.',
    read: () => concatenated('typescript/lib', /^lib\.(dom|es).*\.d\.ts$/),
  },
  {
    name: 'javascript-source',
    title: 'Compressing JavaScript source',
    description: 'A slice of the TypeScript compiler, as it is installed: program text, not minified.',
    read: () => slice(join(modules, 'typescript/lib/typescript.js'), 1_000_000),
  },
  {
    name: 'lock-file',
    title: 'Compressing a lock file',
    description: "This project's package-lock.json: indented JSON with URLs and base64 hashes.",
    read: () => readFileSync(join(root, 'package-lock.json')).subarray(0, INPUT_BYTES),
  },
  {
    name: 'readme-files',
    title: 'Compressing documentation',
    description: 'README files of installed packages, in English, with Markdown and code.',
    read: () => concatenated('.', /(^|\/)README\.md$/),
  },
  {
    name: 'prose',
    title: 'Compressing English-like prose',
    description: 'Words drawn from a second-order chain over the README files of installed packages.',
    read: prose,
  },
  {
    name: 'node-binary',
    title: 'Compressing machine code',
    description: 'A slice of the Node.js executable, 30 MB from its start.',
    read: () => slice(process.execPath, 30_000_000),
  },
  {
    name: 'json-logs',
    title: 'Compressing JSON logs',
    description: 'Generated lines of a web server log, one JSON object each.',
    read: jsonLogs,
  },
  {
    name: 'csv-numbers',
    title: 'Compressing a CSV of numbers',
    description: 'Generated table: a counter, integers, decimals, a category and a boolean a row.',
    read: csvNumbers,
  },
  {
    name: 'sensor-floats',
    title: 'Compressing sensor readings',
    description: 'Generated 64-bit floats: a drifting wave with noise, rounded to 1/256.',
    read: sensorFloats,
  },
  {
    name: 'model-weights',
    title: 'Compressing model weights',
    description: 'Generated 32-bit floats, normally distributed with standard deviation 0.02.',
    read: modelWeights,
  },
  {
    name: 'sorted-ids',
    title: 'Compressing sorted identifiers',
    description: 'Generated increasing 64-bit integers, gaps of 1 to 900.',
    read: sortedIds,
  },
  {
    name: 'dna',
    title: 'Compressing DNA-like text',
    description: 'Generated text of the letters A, C, G and T with inexact repeats.',
    read: dna,
  },
  {
    name: 'bitmap',
    title: 'Compressing a bitmap',
    description: 'Generated black and white page, 1 bit a pixel: discs and a few specks.',
    read: bitmap,
  },
  {
    name: 'gray-image',
    title: 'Compressing a raw photograph',
    description: 'Generated grey picture, 8 bits a pixel: smooth shades and sensor noise.',
    read: grayImage,
  },
  {
    name: 'repeated-blocks',
    title: 'Compressing repeated blocks',
    description: 'A generated 20,000-byte record again and again, 60 bytes changed each time.',
    read: repeatedBlocks,
  },
  {
    name: 'base64-keys',
    title: 'Compressing keys in base64',
    description: 'Generated lines of an authorized-keys file: base64 noise between fixed words.',
    read: base64Keys,
  },
  { name: 'noise', title: 'Compressing noise', description: 'Generated uniform random bytes.', read: noise },
];

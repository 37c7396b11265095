// openapi.yaml as JSON, made when the program is built: a server reads it in a few ms, where parsing YAML took a third of its start.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { packageFile } from '../../tokenizer/package-root.js';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Beside the compiled code. Its first line is the digest of the YAML that it was made from. */
const builtFile = () => packageFile('dist', 'openapi.json');

/** The same document in JSON: the one that was built, where it was made from just this text, else parsed now. */
export function asJson(yaml: string, built: string = builtFile()): string {
  let file = '';
  try {
    file = readFileSync(built, 'utf8');
  } catch {
    // Nothing was built yet.
  }
  const end = file.indexOf('\n');
  return file.slice(0, end) === digestOf(yaml) ? file.slice(end + 1) : parsed(yaml);
}

/** Run by the build. */
export function writeBuilt(yaml: string, built: string = builtFile()): void {
  // Whole or not at all: servers may start while it is built.
  const temporary = `${built}.${process.pid}.tmp`;
  writeFileSync(temporary, `${digestOf(yaml)}\n${parsed(yaml)}`);
  renameSync(temporary, built);
}

function parsed(yaml: string): string {
  // Loaded only here: a server that was built never needs it.
  const { parse } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  return JSON.stringify(parse(yaml));
}

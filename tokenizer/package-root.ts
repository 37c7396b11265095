// Where the package lies: the same from TypeScript sources and from compiled files under dist/.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TokenizerError } from './errors.js';

let found: string | undefined;

/**
 * Absolute path of the folder that holds OmniReg's package.json, the nearest above this file.
 * @throws TokenizerError PACKAGE_ROOT_MISSING where the code was copied out of its package
 */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)));
  return found;
}

/** Absolute path of a file of the package: `packageFile('tokenizer', 'tokenizer.json')`. */
export const packageFile = (...segments: string[]): string => join(packageRoot(), ...segments);

function search(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) {
      throw new TokenizerError('PACKAGE_ROOT_MISSING', `no package.json above ${start}; run OmniReg from its package`);
    }
  }
}

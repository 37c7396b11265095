// Builds the package: ES modules and CommonJS, each with its types, in dist/ of this folder or of the one that is named. "npm pack" and
// "npm publish" call it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(process.argv[2] ?? here);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync(join(folder, 'dist'), { recursive: true, force: true });
for (const [config, kind] of [
  ['tsconfig.json', 'esm'],
  ['tsconfig.cjs.json', 'cjs'],
]) {
  const args = ['-p', join(here, config), '--outDir', join(folder, 'dist', kind)];
  execFileSync(process.execPath, [tsc, ...args], { stdio: 'inherit' });
}
writeFileSync(join(folder, 'dist', 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
// npm packs only what lies in the package's own folder.
copyFileSync(join(here, '..', '..', 'LICENSE'), join(folder, 'LICENSE'));

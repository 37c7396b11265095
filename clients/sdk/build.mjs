// Builds the package: ES modules and CommonJS, each with its types, in dist/. "npm pack" and "npm publish" call it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const at = (path) => new URL(path, import.meta.url);
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync(at('dist'), { recursive: true, force: true });
for (const config of ['tsconfig.json', 'tsconfig.cjs.json']) {
  execFileSync(process.execPath, [tsc, '-p', at(config).pathname], { stdio: 'inherit' });
}
writeFileSync(at('dist/cjs/package.json'), '{ "type": "commonjs" }\n');
// npm packs only what lies in the package's own folder.
copyFileSync(at('../../LICENSE'), at('LICENSE'));

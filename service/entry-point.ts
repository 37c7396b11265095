// Where the compiled entry of a process or a thread lies. Under vitest this file itself runs as TypeScript, but a
// forked process could not: they are always started from dist/, which `npm test` builds first.
import { existsSync } from 'node:fs';
import { packageFile } from '../tokenizer/package-root.js';
import { ServiceError } from './errors.js';

/** @param module path in the package without ending: `service/jobs/run-job` */
export function entryPoint(module: string): string {
  const file = packageFile('dist', `${module}.js`);
  if (!existsSync(file)) throw new ServiceError('internal_error', `${file} is missing: run "npm run build"`);
  return file;
}

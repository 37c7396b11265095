// Where the installed package lies: the folder of package.json, whether this runs from dist/ or from source under a test.
import { existsSync } from 'node:fs';

/** URL of the folder, with a slash at its end. */
export const packageRoot: URL = findUp(new URL('.', import.meta.url));

function findUp(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const parent = new URL('..', folder);
  return parent.href === folder.href ? folder : findUp(parent);
}

// The error tables of docs/api.md and of the code are the same, both ways, and the contract's types are fresh.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';
import { FIELD_ERRORS, JOB_ERRORS, PROBLEMS } from '../../service/errors.js';
import { rowErrorCodes } from '../../service/tabular/row-errors.js';
import { packageFile } from '../../tokenizer/package-root.js';

const docs = readFileSync(packageFile('docs', 'api.md'), 'utf8');

/** First cells, and all cells, of the table under a heading. */
function table(heading: string): string[][] {
  const section = docs.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  const rows = [...(section ?? '').matchAll(/^\| `(\w+)` *\|(.*)\|$/gm)];
  return rows.map(([, code, rest]) => [code!, ...rest!.split('|').map((cell) => cell.trim())]);
}

it('documents every problem with its status', () => {
  const documented = table('Problems').map(([code, status]) => [code, Number(status)]);
  expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
});

it.each([
  ['Field errors', FIELD_ERRORS],
  ['Failed jobs', JOB_ERRORS],
])('%s', (heading, codes) => expect(table(heading).map(([code]) => code)).toEqual(Object.keys(codes)));

it('has types made from the contract as it stands', async () => {
  const made = astToString(await openapiTS(pathToFileURL(packageFile('openapi.yaml'))));
  const committed = readFileSync(packageFile('service', 'contract.generated.ts'), 'utf8');
  // The command line puts a notice above what it makes.
  expect(committed.endsWith(made), 'run "npm run generate"').toBe(true);
});

it('lists every code that only rows of tables have', () => {
  const page = readFileSync(packageFile('docs', 'import.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
  expect(listed).toEqual([...Object.keys(rowErrorCodes), 'invalid_json']);
});

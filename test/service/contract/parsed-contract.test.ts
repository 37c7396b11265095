// The contract that a build leaves behind: the same document as openapi.yaml, and never believed for another one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { asJson, writeBuilt } from '../../../service/contract/parsed-contract.js';
import { packageFile } from '../../../tokenizer/package-root.js';
import { temporaryFolder } from '../../store/temporary-store.js';

const yaml = readFileSync(packageFile('openapi.yaml'), 'utf8');

it('says what openapi.yaml says', () => {
  const built = join(temporaryFolder(), 'openapi.json');
  expect(JSON.parse(asJson(yaml, built))).toEqual(parse(yaml));
  writeBuilt(yaml, built);
  expect(JSON.parse(asJson(yaml, built))).toEqual(parse(yaml));
});

it('is read from the build where it was made from this very text, and from the text where not', () => {
  const built = join(temporaryFolder(), 'openapi.json');
  writeBuilt('a: 1', built);
  // Marked, so that it is seen which of the two was read.
  writeFileSync(built, readFileSync(built, 'utf8').replace('{"a":1}', '{"a":"built"}'));
  expect(asJson('a: 1', built)).toBe('{"a":"built"}');
  expect(asJson('a: 2', built)).toBe('{"a":2}');
});

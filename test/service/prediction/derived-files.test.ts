// Files that may be lost: read back whole or not at all, bounded in number, and never a reason to fail.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DerivedFiles } from '../../../service/prediction/derived-files.js';
import { temporaryFolder } from '../../store/temporary-store.js';

it('are there for the next process, each under its own name, as they were written last', async () => {
  const folder = join(temporaryFolder(), 'cache');
  const files = new DerivedFiles(folder);
  expect(files.entry('a').read()).toBeUndefined();
  for (let i = 0; i <= 20; i++) files.entry('a').write(`first\n${i}`);
  files.entry('b').write('');
  await files.settled();
  const next = new DerivedFiles(folder);
  expect(next.entry('a').read()).toBe('first\n20');
  expect(next.entry('b').read()).toBe('');
  expect(next.entry('c').read()).toBeUndefined();
});

it('are not believed where they are damaged', async () => {
  const folder = temporaryFolder();
  const files = new DerivedFiles(folder);
  files.entry('a').write('[1,2,3]');
  await files.settled();
  const path = join(folder, readdirSync(folder)[0]!);
  const whole = readFileSync(path, 'utf8');
  for (const damaged of ['', whole.slice(0, -1), whole.replace('2', '7')]) {
    writeFileSync(path, damaged);
    expect(files.entry('a').read()).toBeUndefined();
  }
});

it('stay few: those written longest ago go first', async () => {
  const folder = temporaryFolder();
  const files = new DerivedFiles(folder, 10);
  for (let i = 0; i < 35; i++) {
    files.entry(`study ${i}`).write(`${i}`);
    await files.settled();
  }
  expect(readdirSync(folder).length).toBeLessThanOrEqual(10);
  expect(files.entry('study 34').read()).toBe('34');
  expect(files.entry('study 0').read()).toBeUndefined();
});

it('cost nobody an answer where the folder cannot be written', async () => {
  const file = join(temporaryFolder(), 'a file and no folder');
  writeFileSync(file, '');
  const files = new DerivedFiles(file);
  files.entry('a').write('1');
  await files.settled();
  expect(files.entry('a').read()).toBeUndefined();
});

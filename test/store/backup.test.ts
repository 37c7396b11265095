// Copies of a database that is being written to.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backupDatabase } from '../../store/backup.js';
import { checkIntegrity } from '../../store/integrity.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { completed, makeStudy, temporaryFolder, temporaryStore } from './temporary-store.js';

it('copies a database while it is written to: what was answered before is in the copy, and it is sound', async () => {
  const { store, file } = temporaryStore();
  const study = await makeStudy(store);
  const batch = Array.from({ length: 500 }, (_, i) => completed(i));
  for (let i = 0; i < 20; i++) await store.createTrials(study.id, batch);
  let writing = true;
  let written = 10_000;
  const writer = (async () => {
    while (writing) {
      await store.createTrials(study.id, batch);
      written += 500;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const folder = temporaryFolder();
  for (let i = 0; i < 3; i++) {
    const before = written;
    const to = join(folder, `copy-${i}.sqlite`);
    const bytes = await backupDatabase(file, to);
    expect(bytes).toBe(readFileSync(to).length);
    const { problems, trials } = checkIntegrity(to);
    expect(problems).toEqual([]);
    expect(trials).toBeGreaterThanOrEqual(before);
    expect(trials % 500).toBe(0);
    expect(existsSync(`${to}-wal`)).toBe(false);
    const copy = openSqliteStore({ file: to });
    expect((await copy.getStudy(study.id))!.counts.completed).toBe(trials);
    await copy.close();
  }
  writing = false;
  await writer;
});

it('overwrites nothing, and leaves nothing behind where it fails', async () => {
  const { file } = temporaryStore();
  const folder = temporaryFolder();
  const there = join(folder, 'there');
  writeFileSync(there, 'mine');
  await expect(backupDatabase(file, there)).rejects.toMatchObject({ code: 'database_unusable', subject: there });
  expect(readFileSync(there, 'utf8')).toBe('mine');
  await expect(backupDatabase(join(folder, 'none.sqlite'), join(folder, 'copy'))).rejects.toMatchObject({
    code: 'database_unusable',
  });
  expect(existsSync(join(folder, 'copy'))).toBe(false);
});

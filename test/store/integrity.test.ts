// Databases that are whole, and ones that were damaged on purpose.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { checkIntegrity } from '../../store/integrity.js';
import { readMigrations } from '../../store/migrate.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { temporaryFolder } from './temporary-store.js';

/** A database of two studies, 500 trials each. */
async function database(): Promise<string> {
  const file = join(temporaryFolder(), 'omnireg.sqlite');
  const store = openSqliteStore({ file });
  for (const name of ['a', 'b']) {
    const study = await store.createStudy({ name, metadata: {}, objectives: [{ name: 'y' }] });
    if (study.replayed) throw new Error('no key was given');
    const trials = Array.from({ length: 500 }, (_, i) => ({
      x: { i, text: 'some text that fills pages'.repeat(8) },
      y: i % 3 ? [i] : null,
      status: i % 3 ? ('completed' as const) : ('running' as const),
      infeasibleReason: null,
      metadata: {},
    }));
    await store.createTrials(study.value.id, trials);
  }
  await store.close();
  return file;
}

function write(file: string, sql: string): void {
  const db = new Sqlite(file);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  db.close();
}

test('a whole one has no problems, also while it is open', async () => {
  const file = await database();
  const open = openSqliteStore({ file });
  const schema = readMigrations().length;
  expect(checkIntegrity(file)).toEqual({ problems: [], studies: 2, trials: 1000, schema });
  await open.close();
});

test.each([
  ['DELETE FROM trials WHERE row = 2', /^study_\w+ counts 333 completed trials and has 332$/],
  ["UPDATE studies SET running = 9 WHERE name = 'b'", /^study_\w+ counts 9 running trials and has 167$/],
  ['UPDATE trials SET finish_seq = 2 WHERE finish_seq = 1', /^2 trials have place 2 in the order of finish$/],
  ['UPDATE finish_counter SET last = 5', /^the order of finish has come to 666, and its counter only to 5$/],
  [
    `PRAGMA ignore_check_constraints = ON; UPDATE trials SET x = '{' WHERE row = 3`,
    /^CHECK constraint failed in trials$/,
  ],
  ['UPDATE trials SET study = 77 WHERE row = 1', /^1 rows of trials refer to rows of studies that are not there$/],
])('%s', async (sql, problem) => {
  const file = await database();
  write(file, sql);
  expect(checkIntegrity(file).problems).toContainEqual(expect.stringMatching(problem));
});

test('pages that were overwritten are found, or the file cannot be read', async () => {
  const file = await database();
  const bytes = readFileSync(file);
  bytes.fill(0x5a, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 20_000);
  writeFileSync(file, bytes);
  const look = () => checkIntegrity(file).problems;
  try {
    expect(look().length).toBeGreaterThan(0);
  } catch (error) {
    expect(error).toMatchObject({ code: 'database_unusable' });
  }
});

test('what is no database is said to be none', () => {
  const file = join(temporaryFolder(), 'omnireg.sqlite');
  expect(() => checkIntegrity(file)).toThrow(/omnireg\.sqlite/);
  writeFileSync(file, 'not a database, but long enough to be looked at as one'.repeat(100));
  expect(() => checkIntegrity(file)).toThrow(/not a database/);
});

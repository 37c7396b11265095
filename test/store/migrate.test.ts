// Opening databases: new ones, old ones, newer ones, and files that are none.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { migrate, readMigrations } from '../../store/migrate.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { makeStudy, temporaryFolder, temporaryStore } from './temporary-store.js';

it('applies every migration once and keeps what is there', async () => {
  const { store, file } = temporaryStore();
  const study = await makeStudy(store);
  const again = openSqliteStore({ file });
  expect(await again.getStudy(study.id)).toEqual(study);
  await again.close();
  const db = new Sqlite(file, { readonly: true });
  expect(db.prepare('SELECT count(*) AS n FROM schema_migrations').get()).toEqual({ n: readMigrations().length });
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  db.close();
});

it('rolls a failing migration back whole', () => {
  const db = new Sqlite(':memory:');
  const bad = { version: 1, name: '0001_bad.sql', sql: 'CREATE TABLE half (a); CREATE TABLE half (a);' };
  expect(() => migrate(db, [bad])).toThrow(/already exists/);
  expect(db.prepare(`SELECT name FROM sqlite_master WHERE name = 'half'`).all()).toEqual([]);
  db.close();
});

it.each([false, true])('refuses a database of a newer version (readonly: %s)', (readonly) => {
  const { file } = temporaryStore();
  const db = new Sqlite(file);
  db.prepare('INSERT INTO schema_migrations VALUES (999, ?, 0)').run('0999_future.sql');
  db.close();
  expect(() => openSqliteStore({ file, readonly })).toThrow(
    expect.objectContaining({ code: 'database_too_new', message: expect.stringContaining('schema 999') }),
  );
});

it('says which file is no database, or cannot be opened', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'poem.txt');
  writeFileSync(file, 'Shall I compare thee to a summer’s day? '.repeat(200));
  for (const bad of [file, join(folder, 'missing', 'x.sqlite')])
    expect(() => openSqliteStore({ file: bad })).toThrow(
      expect.objectContaining({ code: 'database_unusable', message: expect.stringContaining(bad) }),
    );
});

it('refuses migration files out of order', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '0002_second.sql'), '');
  expect(() => readMigrations(folder)).toThrow(expect.objectContaining({ code: 'migration_invalid' }));
});

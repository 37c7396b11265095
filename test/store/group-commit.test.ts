// Writes of one moment share a transaction: each stands or falls by itself, none is told before it is on disk, none is lost.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { GroupCommit } from '../../store/group-commit.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { completed, makeStudy, temporaryFolder, temporaryStore } from './temporary-store.js';

function table(patienceMs = 1000) {
  const file = join(temporaryFolder(), 'g.sqlite');
  const db = new Sqlite(file);
  onTestFinished(() => void db.close());
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)');
  const insert = db.prepare('INSERT INTO t (n, text) VALUES (?, ?)');
  const commits = new GroupCommit(db, patienceMs);
  const other = new Sqlite(file);
  onTestFinished(() => void other.close());
  const stored = () => other.prepare('SELECT n FROM t ORDER BY n').pluck().all();
  return {
    db,
    commits,
    other,
    stored,
    add: (n: number, text = '') => commits.write(() => insert.run(n, text).changes),
  };
}

it('does those of one turn together, and undoes only what fails', async () => {
  const { commits, add, stored, db } = table();
  const begins: string[] = [];
  const begin = db.transaction.bind(db);
  db.transaction = ((work: () => unknown) => {
    begins.push(db.inTransaction ? 'savepoint' : 'transaction');
    return begin(work);
  }) as typeof db.transaction;
  const failing = commits.write(() => {
    db.prepare('INSERT INTO t (n) VALUES (50)').run();
    throw new Error('not this one');
  });
  const all = await Promise.allSettled([add(1), failing, add(2), add(1), add(3)]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
  expect(all[1]).toMatchObject({ reason: { message: 'not this one' } });
  expect(all[3]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } });
  expect(stored()).toEqual([1, 2, 3]);
  expect(begins.filter((kind) => kind === 'transaction')).toHaveLength(1);
});

it('tells nobody before it is on disk', async () => {
  const { add, stored } = table();
  const pending = add(1).then(() => stored());
  expect(stored()).toEqual([]);
  expect(await pending).toEqual([1]);
});

it('waits for the write of another process without standing still, and gives up in time', async () => {
  const { add, other, stored } = table(300);
  other.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  const waiting = [add(1), add(2)];
  setTimeout(() => other.exec('COMMIT'), 150);
  await Promise.all(waiting);
  expect(turns).toBeGreaterThan(5);
  expect(stored()).toEqual([1, 2]);
  other.exec('BEGIN IMMEDIATE');
  await expect(add(3)).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  other.exec('COMMIT');
  clearInterval(ticking);
  await add(4);
  expect(stored()).toEqual([1, 2, 4]);
});

it('leaves none undone after it has waited, in a process where nothing else happens', () => {
  // A process of its own: whatever else a test's does would hide a write that waits for something to happen.
  const script = `
    import Sqlite from ${JSON.stringify(import.meta.resolve('better-sqlite3'))};
    import { GroupCommit } from ${JSON.stringify(new URL('../../dist/store/group-commit.js', import.meta.url).href)};
    const [db, other] = [0, 1].map(() => new Sqlite(${JSON.stringify(join(temporaryFolder(), 'g.sqlite'))}));
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE t (n INTEGER PRIMARY KEY)');
    const commits = new GroupCommit(db, 1000);
    other.exec('BEGIN IMMEDIATE');
    const first = commits.write(() => 1);
    setTimeout(() => other.exec('COMMIT'), 20);
    let sum = await first;
    for (let n = 2; n <= 10; n++) sum += await commits.write(() => n);
    console.log(sum);
  `;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '55\n', status: 0 });
});

it('fails all of a transaction that the database ends, and goes on with the next', async () => {
  const { db, add, stored } = table();
  await add(1);
  const pages = db.pragma('page_count', { simple: true }) as number;
  db.pragma(`max_page_count = ${pages + 1}`);
  const large = 'x'.repeat(100_000);
  const all = await Promise.allSettled([add(2), add(3, large), add(4)]);
  // Whether SQLite ends the transaction or only the statement: what was not told is not kept, and what was told is.
  const told = all.flatMap(({ status }, i) => (status === 'fulfilled' ? [i + 2] : []));
  expect(all[1]).toMatchObject({ status: 'rejected', reason: { code: 'SQLITE_FULL' } });
  expect(stored()).toEqual([1, ...told]);
  db.pragma('max_page_count = 1000000');
  await add(5, large);
  expect(stored()).toContain(5);
});

it('writes what waits before it closes', async () => {
  const { store, file } = temporaryStore(join(temporaryFolder(), 'c.sqlite'));
  const study = await makeStudy(store);
  const writing = Array.from({ length: 20 }, (_, level) => store.createTrials(study.id, [completed(level)]));
  await store.close();
  await Promise.all(writing);
  const again = openSqliteStore({ file });
  expect((await again.getStudy(study.id))!.counts.completed).toBe(20);
  await again.close();
});

// Databases that earlier versions wrote, one for each migration: opened, they hold what they held, and everything works on them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { checkIntegrity } from '../../store/integrity.js';
import { readMigrations } from '../../store/migrate.js';
import { completed, temporaryFolder, temporaryStore, value } from './temporary-store.js';

const fixtures = fileURLToPath(new URL('../fixtures/databases/', import.meta.url));
const newest = readMigrations().at(-1)!.version;

/** A copy of the database that the version with this newest migration wrote. */
function oldDatabase(version: number): string {
  const file = join(temporaryFolder(), 'old.sqlite');
  writeFileSync(file, gunzipSync(readFileSync(join(fixtures, `schema-${version}.sqlite.gz`))));
  return file;
}

// The newest may not have been released yet; each before it has.
describe.each(Array.from({ length: Math.min(newest, 7) }, (_, i) => i + 1))('a database of schema %i', (version) => {
  it('is what it says', () => {
    const db = new Sqlite(oldDatabase(version), { readonly: true });
    expect(db.prepare('SELECT max(version) AS version FROM schema_migrations').get()).toEqual({ version });
    db.close();
  });

  it('holds after the migration what it held before, and takes everything new', async () => {
    const { store, file } = temporaryStore(oldDatabase(version));
    expect(checkIntegrity(file)).toMatchObject({ schema: newest, studies: 2, trials: 23, problems: [] });
    const { data: studies } = await store.listStudies({ limit: 10, order: 'asc' });
    const [study] = studies;
    expect(studies.map(({ name }) => name)).toEqual(['old', 'once']);
    expect(study).toMatchObject({
      metadata: { furnace: 'vacuum' },
      objectives: [{ name: 'loss', goal: 'minimize' }],
      counts: { completed: 21, running: 1, infeasible: 1 },
    });
    const { data: trials } = await store.listTrials(study!.id, { limit: 100, order: 'asc' });
    expect(trials.map(({ status, x, y }) => [status, x.level, y])).toEqual([
      ...Array.from({ length: 20 }, (_, level) => ['completed', level, [level / 8]]),
      ['completed', 100, [3.5]],
      ['running', 101, null],
      ['infeasible', 102, null],
    ]);
    expect(trials[22]!.infeasibleReason).toBe('no memory');
    const finished = await store.finishedTrials(study!.id, { limit: 100 });
    expect(finished.map(({ finishSeq }) => finishSeq)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
    expect((await store.listJobs({ limit: 10, order: 'asc' }, { kind: 'fine_tuning' })).data).toMatchObject([
      { status: 'succeeded', studies: [study!.id], snapshot: 22, trialCount: 22, modelId: 'model_old' },
    ]);
    expect(await store.getModel('model_old')).toMatchObject({ published: true, studyIds: [study!.id] });
    // Its idempotency keys still count, and the order of finish goes on where it was.
    const once = {
      key: 'again',
      operation: 'POST /v1/studies',
      requestHash: 'another',
      respond: () => ({ status: 201, headers: {}, body: '{}' }),
    };
    await expect(
      store.createStudy({ name: 'once', metadata: {}, objectives: [{ name: 'y' }] }, once),
    ).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    await store.finishTrial(study!.id, trials[21]!.id, { status: 'completed', y: [9] });
    value(await store.createTrials(study!.id, [completed(200)]));
    const made = value(
      await store.createImport({ request: {}, source: null, studyId: study!.id, plan: null, key: null }),
    );
    const trial = {
      status: 'completed' as const,
      x: '{"level":201}',
      y: '[1]',
      infeasibleReason: null,
      metadata: '{}',
    };
    const to = { bytes: 10, checksum: 1, line: 2, rows: 1 };
    await store.stepImport(made.id, { from: 0, to, trials: [trial], rejects: [], plan: null, study: null });
    expect((await store.finishedTrials(study!.id, { after: 22, limit: 10 })).map(({ finishSeq }) => finishSeq)).toEqual(
      [23, 24, 25],
    );
    expect(checkIntegrity(file)).toMatchObject({ trials: 25, problems: [] });
  });
});

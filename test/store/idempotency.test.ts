// A write with an idempotency key happens once, and is remembered if and only if it happened.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { Idempotency, Trial } from '../../store/types.js';
import { completed, makeStudy, temporaryFolder, temporaryStore, value } from './temporary-store.js';

function once(key: string, requestHash: string): Idempotency<Trial[]> {
  const respond = (trials: Trial[]) => ({ status: 201, headers: {}, body: JSON.stringify(trials.map((t) => t.id)) });
  return { key, operation: 'POST /trials', requestHash, respond };
}

it('gives the first answer again, also after the store was closed', async () => {
  const file = join(temporaryFolder(), 'test.sqlite');
  const first = openSqliteStore({ file });
  const study = await makeStudy(first);
  const [trial] = value(await first.createTrials(study.id, [completed(1)], once('k', 'h')));
  await first.close();
  const { store } = temporaryStore(file);
  const replay = await store.createTrials(study.id, [completed(1)], once('k', 'h'));
  expect(replay).toEqual({ replayed: true, response: { status: 201, headers: {}, body: JSON.stringify([trial!.id]) } });
  expect((await store.listTrials(study.id, { limit: 10, order: 'asc' })).data).toHaveLength(1);
});

it('refuses another request with the same key, naming the first', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store);
  await store.createTrials(study.id, [completed(1)], once('k', 'h'));
  const other = store.createTrials(study.id, [completed(2)], once('k', 'other'));
  await expect(other).rejects.toMatchObject({
    code: 'idempotency_key_reused',
    message: expect.stringContaining('POST /trials'),
  });
});

it('forgets what was rolled back, so that it can be tried again', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store);
  const failing: Idempotency<Trial[]> = {
    ...once('k', 'h'),
    respond: () => {
      throw new Error('no answer');
    },
  };
  await expect(store.createTrials(study.id, [completed(1)], failing)).rejects.toThrow('no answer');
  expect((await store.listTrials(study.id, { limit: 10, order: 'asc' })).data).toEqual([]);
  expect((await store.createTrials(study.id, [completed(1)], once('k', 'h'))).replayed).toBe(false);
});

it('forgets keys after their time', async () => {
  const store = openSqliteStore({ file: join(temporaryFolder(), 'test.sqlite'), idempotencyTtlMs: -1 });
  const study = await makeStudy(store);
  await store.createTrials(study.id, [completed(1)], once('old', 'h'));
  await store.createTrials(study.id, [completed(1)], once('next', 'h'));
  expect((await store.createTrials(study.id, [completed(1)], once('old', 'h'))).replayed).toBe(false);
  await store.close();
});

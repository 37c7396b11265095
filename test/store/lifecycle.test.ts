// Studies that change and go, and models that may not go while they are needed.
import { expect, it } from 'vitest';
import { completed, jobOn, makeStudy, running, type TestStore, temporaryStore, value } from './temporary-store.js';

async function train(
  store: TestStore,
  studies: string[],
  model: { id: string; base: string | null },
  parent: string | null,
) {
  const job = value(await store.createJob(jobOn(studies, { parent })));
  const { lease } = (await store.claimJob('test', 1000))!;
  const made = { ...model, directory: model.id };
  await store.finishJob(lease, {
    status: 'succeeded',
    outcome: 'published',
    reason: '',
    metrics: {},
    config: {},
    model: made,
  });
  return job;
}

it('a change of name or metadata is a revision, one of the search space is not', async () => {
  const { store } = temporaryStore();
  const { id, version } = await makeStudy(store);
  const renamed = await store.updateStudy(id, { name: 'other' });
  expect(renamed).toMatchObject({ name: 'other', metadata: {}, version: version + 1, revision: 1 });
  const space = { a: { type: 'boolean' } };
  expect(await store.updateStudy(id, { searchSpace: space })).toMatchObject({ searchSpace: space, revision: 1 });
  const without = await store.updateStudy(id, { searchSpace: null, metadata: { note: 'n' } });
  expect(without).toMatchObject({ name: 'other', metadata: { note: 'n' }, revision: 2, version: version + 3 });
  expect(without).not.toHaveProperty('searchSpace');
  const refuse = () => {
    throw new Error('not the one that was read');
  };
  await expect(store.updateStudy(id, { name: 'third' }, refuse)).rejects.toThrow('not the one');
  expect((await store.getStudy(id))!.name).toBe('other');
});

it('a deleted study is gone at once, and its trials bit by bit', async () => {
  const { store } = temporaryStore();
  const [kept, gone] = [await makeStudy(store), await makeStudy(store)];
  await store.createTrials(kept.id, [completed(1)]);
  await store.createTrials(gone.id, [...Array.from({ length: 25 }, (_, i) => completed(i)), running(9)]);
  await train(store, [kept.id, gone.id], { id: 'model_a', base: null }, null);
  await store.deleteStudy(gone.id);
  expect(await store.getStudy(gone.id)).toBeNull();
  expect((await store.listStudies({ limit: 9, order: 'asc' })).data.map(({ id }) => id)).toEqual([kept.id]);
  await expect(store.createTrials(gone.id, [completed(1)])).rejects.toMatchObject({ code: 'study_not_found' });
  await expect(store.deleteStudy(gone.id)).rejects.toMatchObject({ code: 'study_not_found' });
  // Who pages through a list and deletes as they go, goes on behind what is no longer there.
  expect((await store.listStudies({ limit: 9, order: 'desc', after: gone.id })).data).toHaveLength(1);
  const rounds: boolean[] = [];
  while (rounds.at(-1) !== false) rounds.push(await store.purgeStudies(10));
  expect(rounds).toEqual([true, true, false]);
  expect((await store.getModel('model_a'))!.studyIds).toEqual([kept.id]);
  const before = (await store.finishedTrials(kept.id, { limit: 9 })).map(({ finishSeq }) => finishSeq);
  await store.createTrials(kept.id, [completed(2)]);
  const after = (await store.finishedTrials(kept.id, { limit: 9 })).map(({ finishSeq }) => finishSeq);
  expect(after.slice(0, -1)).toEqual(before);
  // The numbers of what is gone are not given again: a snapshot up to one of them stays what it was.
  expect(after.at(-1)).toBeGreaterThan(25);
});

it('neither changes nor goes while a job works on it, but for what no job reads', async () => {
  const { store } = temporaryStore();
  const { id } = await makeStudy(store);
  await store.createTrials(id, [completed(1)]);
  const job = value(await store.createJob(jobOn('all', { parent: null })));
  await expect(store.deleteStudy(id)).rejects.toMatchObject({
    code: 'study_in_use',
    message: expect.stringContaining(job.id),
  });
  await expect(store.updateStudy(id, { name: 'n' })).rejects.toMatchObject({ code: 'study_in_use' });
  expect(await store.updateStudy(id, { searchSpace: { a: { type: 'boolean' } } })).toMatchObject({ revision: 0 });
  await store.cancelJob(job.id);
  await store.deleteStudy(id);
});

it('a model stays while an adapter stands beside it or a job starts from it, and is found by what came of it', async () => {
  const { store } = temporaryStore();
  const { id } = await makeStudy(store);
  await store.createTrials(id, [completed(1)]);
  await train(store, [id], { id: 'model_a', base: null }, null);
  await train(store, [id], { id: 'model_b', base: 'model_a' }, 'model_a');
  const page = { limit: 9, order: 'desc' } as const;
  expect((await store.listModels(page, { parent: 'model_a' })).data.map((m) => m.id)).toEqual(['model_b']);
  expect((await store.listModels(page, { base: 'model_a' })).data.map((m) => m.id)).toEqual(['model_b']);
  await expect(store.deleteModel('model_a')).rejects.toMatchObject({ code: 'model_in_use' });
  const job = value(await store.createJob(jobOn([id], { parent: 'model_b' })));
  await expect(store.deleteModel('model_b')).rejects.toMatchObject({ code: 'model_in_use' });
  await store.cancelJob(job.id);
  expect(await store.deleteModel('model_b')).toMatchObject({ directory: 'model_b', studyIds: [id] });
  await store.deleteModel('model_a');
  expect((await store.listModels(page)).data).toEqual([]);
  await expect(store.deleteModel('model_a')).rejects.toMatchObject({ code: 'model_not_found' });
});

it('lists the checkpoints among a job’s events', async () => {
  const { store } = temporaryStore();
  const { id } = await makeStudy(store);
  await store.createTrials(id, [completed(1)]);
  const job = value(await store.createJob(jobOn([id], { parent: null })));
  const { lease } = (await store.claimJob('test', 1000))!;
  const event = (step: number) => ({
    type: 'checkpoint' as const,
    level: 'info' as const,
    message: '',
    data: { step },
  });
  const log = { type: 'log' as const, level: 'info' as const, message: '', data: {} };
  await store.appendEvents(lease, [event(20), log, event(40), log, event(60)]);
  const first = await store.listCheckpoints(job.id, { after: 0, limit: 2 });
  expect(first).toMatchObject({ data: [{ step: 20 }, { step: 40 }], hasMore: true });
  const rest = await store.listCheckpoints(job.id, { after: first.data[1]!.seq, limit: 2 });
  expect(rest).toMatchObject({ data: [{ step: 60, jobId: job.id }], hasMore: false });
});

// Jobs: taken by one owner at a time, fenced against owners of the past, and ended together with what they made.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { JobOutcome, NewJobEvent } from '../../store/types.js';
import { completed, jobOn, makeStudy, running, type TestStore, temporaryStore, value } from './temporary-store.js';

const log: NewJobEvent = { type: 'log', level: 'info', message: 'hello', data: {} };

const published = (id: string, base: string | null = null): JobOutcome => ({
  status: 'succeeded',
  outcome: 'published',
  reason: 'better than its parent',
  metrics: { loss: 1.5 },
  config: { steps: 10 },
  model: { id, directory: id, base },
});

async function studyWithTrials(store: TestStore, trials = 3) {
  const study = await makeStudy(store);
  await store.createTrials(
    study.id,
    Array.from({ length: trials }, (_, i) => completed(i)),
  );
  return study;
}

async function queueJob(store: TestStore) {
  const study = await studyWithTrials(store);
  return value(await store.createJob(jobOn([study.id])));
}

async function claim(store: TestStore, leaseMs = 60_000) {
  const claimed = await store.claimJob('me', leaseMs);
  if (claimed === null) throw new Error('expected a job to claim');
  return claimed;
}

describe('creating', () => {
  it('takes a snapshot: studies, parent and trials of that moment', async () => {
    const { store } = temporaryStore();
    const study = await studyWithTrials(store);
    await makeStudy(store); // without trials: nothing to learn from
    const job = value(await store.createJob(jobOn('all')));
    expect(job).toMatchObject({ status: 'queued', studies: [study.id], parent: null, trialCount: 3, attempt: 0 });
    await store.createTrials(study.id, [completed(9)]);
    const seen = await store.finishedTrials(study.id, { until: job.snapshot, limit: 100 });
    expect(seen).toHaveLength(3);
  });

  it('refuses what cannot be trained', async () => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    await store.createTrials(study.id, [completed(1), running(2)]);
    const tooFew = store.createJob(jobOn([study.id], { minTrials: 10 }));
    await expect(tooFew).rejects.toMatchObject({
      code: 'too_few_trials',
      message: expect.stringContaining('10 are needed'),
    });
    await expect(store.createJob(jobOn(['study_none']))).rejects.toMatchObject({ code: 'study_not_found' });
    await expect(store.createJob(jobOn([study.id], { parent: 'model_none' }))).rejects.toMatchObject({
      code: 'model_not_found',
    });
    expect((await store.listJobs({ limit: 10, order: 'desc' }, { kind: 'fine_tuning' })).data).toEqual([]);
  });
});

describe('leases', () => {
  it('give a job to one owner, the oldest first', async () => {
    const { store, file } = temporaryStore();
    const [first, second] = [await queueJob(store), await queueJob(store)];
    const other = openSqliteStore({ file });
    const claims = await Promise.all([
      store.claimJob('a', 60_000),
      other.claimJob('b', 60_000),
      store.claimJob('a', 60_000),
    ]);
    // Of two stores either may be first; of one the calls keep their order.
    expect(new Set(claims.map((c) => c?.job.id))).toEqual(new Set([first.id, second.id, undefined]));
    await other.close();
  });

  it('run out: another owner takes over, and the first can write no more', async () => {
    const { store } = temporaryStore();
    const { id } = await queueJob(store);
    const lost = await claim(store, 20);
    await sleep(30);
    const taken = await claim(store);
    expect(taken).toMatchObject({ job: { id, attempt: 2 }, lease: { attempt: 2 } });
    const writes = [
      store.renewLease(lost.lease, 60_000),
      store.appendEvents(lost.lease, [log]),
      store.finishJob(lost.lease, published('model_lost')),
      store.releaseJob(lost.lease),
    ];
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'lease_lost', subject: id });
    expect(await store.getModel('model_lost')).toBeNull();
    expect(await store.renewLease(taken.lease, 60_000)).toEqual({ cancelRequested: false });
  });

  it('last as long as they are renewed', async () => {
    const { store } = temporaryStore();
    await queueJob(store);
    const { lease } = await claim(store, 20);
    await store.renewLease(lease, 60_000);
    await sleep(30);
    expect(await store.claimJob('other', 60_000)).toBeNull();
  });

  it('can be given back', async () => {
    const { store } = temporaryStore();
    await queueJob(store);
    await store.releaseJob((await claim(store)).lease);
    expect((await claim(store)).job.attempt).toBe(2);
  });
});

describe('ending', () => {
  it('registers the model with the success', async () => {
    const { store } = temporaryStore();
    const job = await queueJob(store);
    const done = await store.finishJob((await claim(store)).lease, published('model_a'));
    expect(done).toMatchObject({
      status: 'succeeded',
      outcome: 'published',
      modelId: 'model_a',
      hyperparameters: { steps: 10 },
    });
    const model = await store.getModel('model_a');
    expect(model).toMatchObject({ jobId: job.id, published: true, studyIds: job.studies, metrics: { loss: 1.5 } });
    const { studyIds: _, ...head } = model!;
    expect(await store.newestModel()).toEqual(head);
    expect(await store.claimJob('me', 1)).toBeNull();
  });

  it('leaves the job running where the model cannot be registered', async () => {
    const { store } = temporaryStore();
    await queueJob(store);
    await store.finishJob((await claim(store)).lease, published('model_a'));
    const second = await queueJob(store);
    const { lease } = await claim(store);
    await expect(store.finishJob(lease, published('model_a'))).rejects.toThrow(/UNIQUE/);
    expect(await store.getJob(second.id)).toMatchObject({ status: 'running', modelId: null });
  });

  it('keeps the error of a failure', async () => {
    const { store } = temporaryStore();
    const { id } = await queueJob(store);
    await store.finishJob((await claim(store)).lease, {
      status: 'failed',
      code: 'training_failed',
      message: 'no luck',
    });
    expect(await store.getJob(id)).toMatchObject({
      status: 'failed',
      error: { code: 'training_failed', message: 'no luck' },
    });
    await expect(store.cancelJob(id)).rejects.toMatchObject({ code: 'job_already_finished' });
  });

  it('cancels a queued job at once and tells the worker of a running one', async () => {
    const { store } = temporaryStore();
    const queued = await queueJob(store);
    expect(value(await store.cancelJob(queued.id))).toMatchObject({ status: 'cancelled' });
    expect(value(await store.cancelJob(queued.id))).toMatchObject({ status: 'cancelled' });
    const job = await queueJob(store);
    const { lease } = await claim(store);
    expect(value(await store.cancelJob(job.id))).toMatchObject({ status: 'running', cancelRequested: true });
    expect(await store.renewLease(lease, 60_000)).toEqual({ cancelRequested: true });
    expect(await store.finishJob(lease, { status: 'cancelled' })).toMatchObject({ status: 'cancelled' });
  });
});

it('events are numbered without gaps and tell every change of status', async () => {
  const { store } = temporaryStore();
  const { id } = await queueJob(store);
  const { lease } = await claim(store);
  const progress = { step: 5, steps: 10, loss: 2, tokensPerSecond: 100, etaSeconds: 1 };
  await store.appendEvents(lease, [log, log], progress);
  await store.appendEvents(lease, [log]);
  expect((await store.getJob(id))!.progress).toEqual(progress);
  await store.finishJob(lease, { status: 'cancelled' });
  const { data } = await store.listEvents(id, { after: 0, limit: 100 });
  expect(data.map((e) => e.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(data.map((e) => e.data.status ?? e.type)).toEqual(['queued', 'running', 'log', 'log', 'log', 'cancelled']);
  expect(await store.listEvents(id, { after: 4, limit: 1 })).toEqual({ data: [data[4]], hasMore: true });
});

it('the models of a study are those that learned from it, the newest first', async () => {
  const { store } = temporaryStore();
  const [a, b] = [await studyWithTrials(store), await studyWithTrials(store)];
  for (const [study, model] of [
    [a, 'model_1'],
    [a, 'model_2'],
    [b, 'model_3'],
  ] as const) {
    await store.createJob(jobOn([study.id]));
    await store.finishJob((await claim(store)).lease, published(model));
  }
  const ofStudy = async (id: string, limit: number) => (await store.modelsOfStudy(id, limit)).map((model) => model.id);
  expect(await ofStudy(a.id, 10)).toEqual(['model_2', 'model_1']);
  expect(await ofStudy(a.id, 1)).toEqual(['model_2']);
  expect(await ofStudy('study_x', 10)).toEqual([]);
  expect((await store.newestModel())?.id).toBe('model_3');
  expect((await store.getModel('model_3'))?.parent).toBe('model_2');
  const page = await store.listModels({ limit: 2, order: 'desc' });
  expect(page).toMatchObject({ data: [{ id: 'model_3' }, { id: 'model_2' }], hasMore: true });
});

it('chooses an adapter for the studies it was trained on, and a whole model to answer or start from elsewhere', async () => {
  const { store } = temporaryStore();
  const [a, b] = [await studyWithTrials(store), await studyWithTrials(store)];
  for (const [study, model, base] of [
    [a, 'model_whole', null],
    [b, 'model_adapter', 'model_whole'],
  ] as const) {
    await store.createJob(jobOn([study.id]));
    await store.finishJob((await claim(store)).lease, published(model, base));
  }
  expect(await store.getModel('model_adapter')).toMatchObject({ parent: 'model_whole', base: 'model_whole' });
  expect((await store.modelsOfStudy(b.id, 10)).map((model) => model.id)).toEqual(['model_adapter']);
  expect((await store.newestModel())?.id).toBe('model_whole');
  expect(value(await store.createJob(jobOn([a.id]))).parent).toBe('model_whole');
});

it('keeps an evaluation apart from trainings, and its report with its end or not at all', async () => {
  const { store } = temporaryStore();
  const study = await studyWithTrials(store);
  const training = value(await store.createJob(jobOn([study.id])));
  const evaluation = value(await store.createJob(jobOn([study.id], { kind: 'evaluation' })));
  expect(evaluation.id).toMatch(/^eval_/);
  const listed = async (kind: 'fine_tuning' | 'evaluation') =>
    (await store.listJobs({ limit: 10, order: 'desc' }, { kind })).data.map(({ id }) => id);
  expect(await listed('fine_tuning')).toEqual([training.id]);
  expect(await listed('evaluation')).toEqual([evaluation.id]);

  await store.finishJob((await claim(store)).lease, { status: 'cancelled' });
  const { lease } = await claim(store);
  const outcome = { status: 'succeeded', outcome: 'evaluated', reason: 'as good', report: {} } as const;
  await expect(store.finishJob({ ...lease, attempt: 7 }, outcome)).rejects.toMatchObject({
    code: 'lease_lost',
  });
  expect(await store.jobReport(evaluation.id)).toBeNull();
  expect(await store.finishJob(lease, { ...outcome, report: { rows: [1, 2] } })).toMatchObject({
    status: 'succeeded',
    outcome: null,
    reason: 'as good',
    modelId: null,
  });
  expect(await store.jobReport(evaluation.id)).toEqual({ rows: [1, 2] });
  expect(await store.jobReport(training.id)).toBeNull();
  await expect(store.jobReport('eval_none')).rejects.toMatchObject({ code: 'job_not_found' });
});

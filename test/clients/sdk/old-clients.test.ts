// Clients as they were released (released/README.md) against today's server: what they could do they still can.
import { expect, test, vi } from 'vitest';
import { testServer } from '../../service/test-server.js';
import { TINY_TRAINING } from '../../tiny-training.js';

vi.setConfig({ testTimeout: 120_000 });

/** Untyped, as the types of that time are gone. */
// biome-ignore lint/suspicious/noExplicitAny: a bundle has no types
const released = (name: string): Promise<any> => import(new URL(`./released/${name}.mjs`, import.meta.url).href);

const rows = Array.from({ length: 30 }, (_, i) => ({ x: { a: i, k: `k${i % 3}` }, y: i / 2 }));
const training = { parent: 'none', hyperparameters: TINY_TRAINING };

test('the first client', async () => {
  const { HttpClient, followJob, followEvaluation, ApiError } = await released('first');
  const { url } = await testServer();
  const client = new HttpClient({ url });
  expect((await client.getHealth()).status).toBe('ok');
  const study = await client.createStudy({ name: 'old' });
  expect((await client.listStudies({ limit: 10 })).data).toEqual([study]);
  expect((await client.createTrials(study.id, [...rows, { x: {} }])).created).toHaveLength(30);
  expect((await client.listTrials(study.id, { limit: 5 })).has_more).toBe(true);
  await expect(client.predict(study.id, { queries: [{ a: 1 }] })).rejects.toMatchObject({ code: 'no_model' });
  await expect(client.getStudy('x')).rejects.toBeInstanceOf(ApiError);
  await expect(client.createStudy({ nam: 'old' })).rejects.toMatchObject({
    errors: [{ pointer: '/name' }, { pointer: '/nam' }],
  });

  const job = await client.createFineTuningJob({ studies: [study.id], ...training });
  const seqs: number[] = [];
  const ended = await followJob(client, job.id, { onEvent: ({ seq }: { seq: number }) => seqs.push(seq) });
  expect(ended.status).toBe('succeeded');
  expect(seqs.length).toBeGreaterThan(3);
  expect((await client.getFineTuningJob(job.id)).status).toBe('succeeded');
  await expect(client.cancelFineTuningJob(job.id)).rejects.toMatchObject({ status: 409 });
  const { predictions } = await client.predict(study.id, { queries: [{ a: 1 }], intervals: [0.9] });
  expect(predictions[0].objectives.y.median).toEqual(expect.any(Number));
  expect((await client.explain(study.id, { queries: [{ a: 1 }] })).objectives.y.explanations).toHaveLength(1);

  const { id } = await client.createEvaluation({ studies: [study.id], local_trials: [0], test_trials: 5 });
  const evaluated = await followEvaluation(client, id, { onEvent: () => undefined });
  expect(evaluated.status).toBe('succeeded');
  expect((await client.getEvaluationReport(id)).summary.length).toBeGreaterThan(0);
});

test('0.1.0', async () => {
  const { OmniReg, NotFoundError, BadRequestError } = await released('0.1.0');
  const { url } = await testServer();
  const client = new OmniReg({ baseUrl: url });
  expect((await client.health()).status).toBe('ok');
  const { data: study, requestId } = await client.studies.create({ name: 'old' }).withResponse();
  expect(requestId).toBeTruthy();
  expect((await client.studies.trials.createBatch(study.id, [...rows, { x: {} }])).created).toHaveLength(30);
  const seen: unknown[] = [];
  for await (const { x } of client.studies.trials.list(study.id, { limit: 7 })) seen.push(x.a);
  expect(seen).toEqual(rows.map(({ x }) => x.a));
  await expect(client.studies.get('x')).rejects.toBeInstanceOf(NotFoundError);
  await expect(client.studies.create({ nam: 'old' })).rejects.toBeInstanceOf(BadRequestError);
  const uploaded = await client.imports.upload('a,y\n1,2\n2,3\n', { format: 'csv', name: 'table' });
  expect(uploaded).toMatchObject({ status: 'completed', imported: 2 });

  const job = await client.fineTuningJobs.create({ studies: [study.id], ...training });
  const events = client.fineTuningJobs.events(job.id);
  const types = new Set<string>();
  for await (const { type } of events) types.add(type);
  expect(types).toContain('step');
  const { status, fine_tuned_model: model } = await events.final();
  expect(status).toBe('succeeded');
  const { predictions } = await client.studies.predict(study.id, { queries: [{ a: 1 }], model });
  expect(predictions[0].objectives.y.median).toEqual(expect.any(Number));
  expect((await client.studies.suggest(study.id, { goal: 'minimize' })).suggestions).toHaveLength(1);
  expect((await client.models.get(model)).id).toBe(model);
});

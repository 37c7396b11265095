// Every method of the SDK against the real service; a test fails where the contract has an operation that no method reaches.
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  ConflictError,
  NotFoundError,
  OmniReg,
  PermissionDeniedError,
  type Study,
} from '../../../clients/sdk/index.js';
import { startServer } from '../../../service/server.js';
import { documented, operationOf } from '../../service/contract-check.js';
import { temporaryStoreFolder } from '../../service/shared-server.js';
import { TINY_TRAINING } from '../../tiny-training.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Not for programs that predict: Prometheus and browsers read these. */
const reached = new Set<string>(['getMetrics', 'getOpenApi', 'getReference']);
let client: OmniReg;
let study: Study;

/** Remembers which operation of the contract each request is. */
const watched = (baseUrl: string, apiKey?: string) =>
  new OmniReg({
    baseUrl,
    apiKey,
    fetch: (url, init) => {
      const operation = operationOf(init.method!, url.slice(baseUrl.length));
      if (operation) reached.add(operation.id);
      return fetch(url, init);
    },
  });

beforeAll(async () => {
  const config = { port: 0, dataDir: temporaryStoreFolder(), logLevel: 'silent', device: 'cpu', baseModel: 'none' };
  const server = await startServer(config as Parameters<typeof startServer>[0], {});
  client = watched(server.url);
  study = await client.studies.create({ name: 'tour', objectives: [{ name: 'loss', goal: 'minimize' }] });
  return () => server.close();
});

test('health', async () => {
  expect(await client.health()).toMatchObject({ status: 'ok', database: 'ok' });
  expect((await client.ready()).status).toBe('ready');
});

test('studies', async () => {
  const { data, response, requestId } = await client.studies
    .create({ name: 'second', metadata: { furnace: 'vacuum', runs: [1, null, 'a'] } })
    .withResponse();
  expect(data).toMatchObject({ name: 'second', objectives: [{ name: 'y' }], metadata: { runs: [1, null, 'a'] } });
  expect(response.headers.get('location')).toBe(`/v1/studies/${data.id}`);
  expect(requestId).toBeTruthy();
  expect(await client.studies.get(data.id)).toEqual(data);
  expect((await client.studies.list({ name: 'second' })).data).toEqual([data]);
  const read = await client.studies.get(data.id).withResponse();
  const tag = read.response.headers.get('etag')!;
  const renamed = await client.studies.update(data.id, { name: 'renamed' }, { ifMatch: tag });
  expect(renamed).toMatchObject({ id: data.id, name: 'renamed', metadata: data.metadata });
  await expect(client.studies.update(data.id, { name: 'late' }, { ifMatch: tag })).rejects.toMatchObject({
    name: 'PreconditionFailedError',
  });
  expect(await client.studies.delete(data.id)).toBeUndefined();
  await expect(client.studies.get(data.id)).rejects.toBeInstanceOf(NotFoundError);
  await expect(client.studies.get('study_nope')).rejects.toBeInstanceOf(NotFoundError);
  const options = { idempotencyKey: 'once' };
  const twice = [
    await client.studies.create({ name: 'c' }, options),
    await client.studies.create({ name: 'c' }, options),
  ];
  expect(twice[1]).toEqual(twice[0]);
});

test('trials', async () => {
  const { trials } = client.studies;
  const rows = Array.from({ length: 24 }, (_, i) => ({
    x: { level: i + 1, kind: i % 2 ? 'a' : 'b' },
    y: (i - 9) ** 2,
  }));
  const { created, errors } = await trials.createBatch(study.id, [...rows, { x: {}, y: 1 }]);
  expect([created.length, errors.map(({ row }) => row)]).toEqual([24, [24]]);
  const planned = await trials.create(study.id, { x: { level: 30, kind: 'a' } });
  expect(planned.status).toBe('running');
  expect(await trials.complete(study.id, planned.id, { y: 400 })).toMatchObject({ status: 'completed', y: 400 });
  await expect(trials.complete(study.id, planned.id, { y: 1 })).rejects.toBeInstanceOf(ConflictError);
  const other = await trials.create(study.id, { x: { level: 31, kind: 'a' } });
  const failed = await trials.markInfeasible(study.id, other.id, { reason: 'broke' });
  expect(failed).toMatchObject({ status: 'infeasible', infeasible_reason: 'broke' });
  expect(await trials.get(study.id, other.id)).toEqual(failed);
  const bare = await trials.create(study.id, { x: { level: 32, kind: 'b' } });
  expect(await trials.markInfeasible(study.id, bare.id)).toMatchObject({ infeasible_reason: null });

  const levels: unknown[] = [];
  for await (const { x } of trials.list(study.id, { limit: 7, status: 'completed' })) levels.push(x.level);
  expect(levels).toEqual([...rows.map(({ x }) => x.level), 30]);
  const newest: unknown[] = [];
  for await (const { x } of trials.list(study.id, { limit: 7, order: 'desc' })) newest.push(x.level);
  expect(newest).toEqual([32, 31, 30, ...rows.map(({ x }) => x.level).reverse()]);
});

describe('imports', () => {
  const table = (rows: number) =>
    `a,k,loss\n${Array.from({ length: rows }, (_, i) => `${i},k${i % 3},${i / 2}\n`).join('')}`;

  test('of a text, bytes, a file and a stream', async () => {
    const text = table(50);
    const bytes = new TextEncoder().encode(text);
    for (const rows of [text, bytes, new Blob([text]), new Blob([text]).stream()]) {
      const made = await client.imports.upload(rows, {
        format: 'csv',
        name: 'table',
        ignore: ['k'],
        infeasible: ['nan', 'x'],
      });
      expect(made).toMatchObject({ status: 'completed', imported: 50, objectives: [{ name: 'loss' }] });
      const { data } = await client.studies.trials.list(made.study_id!, { limit: 1 });
      expect(data[0]).toMatchObject({ x: { a: 0 }, y: 0 });
    }
  });

  test('of lines, with bad ones, which are listed', async () => {
    const lines = '{"x":{"a":1},"y":1}\n{"x":{},"y":1}\n{"x":{"a":2},"y":2}\n';
    const made = await client.imports.upload(lines, { format: 'ndjson', study_id: study.id, source: 'lines' });
    expect(made).toMatchObject({ imported: 2, rejected: 1 });
    const { data, has_more } = await client.imports.listErrors(made.id);
    expect([data.map(({ row }) => row), has_more]).toEqual([[1], false]);
    expect((await client.imports.list({ source: 'lines' })).data.map(({ id }) => id)).toEqual([made.id]);
  });

  test('in parts, and cancelled', async () => {
    const made = await client.imports.create({ format: 'csv', study: { name: 'parts' } });
    // The first 1,000 rows say what the columns are.
    const text = table(4000);
    const half = text.indexOf('\n', text.length / 2) + 1;
    const part = await client.imports.append(made.id, text.slice(0, half), { format: 'csv', complete: false });
    expect(part).toMatchObject({ status: 'open', offset: half });
    const late = client.imports.append(made.id, text, { format: 'csv', offset: 3 });
    await expect(late).rejects.toMatchObject({ code: 'upload_offset_mismatch' });
    expect(await client.imports.send(made.id, new Blob([text]))).toMatchObject({ status: 'completed', imported: 4000 });
    const other = await client.imports.create({ format: 'csv', study_id: study.id });
    expect(await client.imports.cancel(other.id)).toMatchObject({ status: 'cancelled' });
  });

  test('through connections that break off, each row once', async () => {
    const text = table(120_000);
    let requests = 0;
    const breaking = new OmniReg({
      baseUrl: client.baseUrl,
      initialRetryDelay: 20,
      fetch: async (url, init) => {
        if (init.method !== 'PATCH' || ++requests > 3) return fetch(url, init);
        const cut = new AbortController();
        setTimeout(() => cut.abort(), 150);
        return fetch(url, { ...init, signal: cut.signal });
      },
    });
    const { id } = await breaking.imports.create({ format: 'csv', study: { name: 'broken' } });
    const done = await breaking.imports.send(id, new Blob([text]), { maxRetries: 20 });
    expect(done).toMatchObject({ status: 'completed', rows: 120_000, imported: 120_000, offset: text.length });
    expect(requests).toBeGreaterThan(1);
    expect((await client.studies.get(done.study_id!)).trial_counts.completed).toBe(120_000);
  });
});

describe('with a model', () => {
  let model: string;

  beforeAll(async () => {
    const job = await client.fineTuningJobs.create({
      studies: [study.id],
      parent: 'none',
      hyperparameters: TINY_TRAINING,
    });
    const events = client.fineTuningJobs.events(job.id);
    const seqs: number[] = [];
    for await (const { seq } of events) seqs.push(seq);
    const ended = await events.final();
    expect(ended).toMatchObject({ id: job.id, status: 'succeeded' });
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    model = ended.fine_tuned_model!;
    expect(await client.fineTuningJobs.get(job.id)).toEqual(ended);
    expect((await client.fineTuningJobs.list()).data[0]).toEqual(ended);
    const checkpoints = await client.fineTuningJobs.listCheckpoints(job.id);
    expect(checkpoints.data.map(({ fine_tuning_job }) => fine_tuning_job)).toContain(job.id);
    const { data } = await client.fineTuningJobs.listEvents(job.id, { after: 2, limit: 3 });
    expect(data.map(({ seq }) => seq)).toEqual([3, 4, 5]);
    await expect(client.fineTuningJobs.cancel(job.id)).rejects.toMatchObject({ code: 'job_already_finished' });
  });

  test('models', async () => {
    expect(await client.models.get(model)).toMatchObject({ id: model, study_ids: [study.id] });
    expect((await client.models.list({ limit: 1 })).data[0]!.id).toBe(model);
    expect((await client.models.list({ parent: model })).data).toEqual([]);
    const { data: zip } = await client.models.download(model).withResponse();
    expect(zip.headers.get('content-disposition')).toContain(model);
    const bytes = new Uint8Array(await zip.arrayBuffer());
    // "PK", and the end of a zip's directory: the whole of it came.
    expect([...bytes.subarray(0, 2)]).toEqual([0x50, 0x4b]);
    expect([...bytes.subarray(-22, -18)]).toEqual([0x50, 0x4b, 5, 6]);
    await expect(client.models.download('model_nope')).rejects.toBeInstanceOf(NotFoundError);
  });

  test('predictions, rankings, suggestions and explanations', async () => {
    const queries = [{ level: 10, kind: 'a' }];
    const { predictions } = await client.studies.predict(study.id, { queries, intervals: [0.5] });
    const { lower, upper } = predictions[0]!.objectives.loss!.intervals[0]!;
    expect(lower).toBeLessThan(upper);
    const { ranking } = await client.studies.rank(study.id, { candidates: [...queries, { level: 20, kind: 'b' }] });
    expect(ranking.map(({ candidate }) => candidate).sort()).toEqual([0, 1]);
    const search_space = { level: { type: 'integer' as const, low: 1, high: 40 } };
    const suggested = await client.studies.suggest(study.id, { count: 2, search_space });
    expect(suggested.suggestions).toHaveLength(2);
    expect((await client.studies.suggest(study.id)).suggestions).toHaveLength(1);
    const explained = await client.studies.explain(study.id, { queries, limits: { parameters: 1 } });
    expect(explained.objectives.loss!.explanations).toHaveLength(1);
  });

  test('evaluations', async () => {
    const request = { studies: [study.id], local_trials: [6], test_trials: 6 };
    const { id } = await client.evaluations.create(request);
    const events = client.evaluations.events(id);
    const types = new Set<string>();
    for await (const { type } of events) types.add(type);
    expect(types).toContain('progress');
    const ended = await events.final();
    expect(ended).toMatchObject({ id, status: 'succeeded' });
    expect(await client.evaluations.get(id)).toEqual(ended);
    expect((await client.evaluations.list()).data).toEqual([ended]);
    expect((await client.evaluations.listEvents(id)).data.length).toBeGreaterThan(0);
    expect((await client.evaluations.report(id)).rows.length).toBeGreaterThan(0);
    const running = await client.evaluations.create({ ...request, seed: 2 });
    const queued = await client.evaluations.create({ ...request, seed: 3 });
    expect((await client.evaluations.cancel(queued.id)).status).toBe('cancelled');
    expect(await client.evaluations.events(running.id).final()).toMatchObject({ status: 'succeeded' });
    await expect(client.evaluations.report(queued.id)).rejects.toBeInstanceOf(ConflictError);
  });
});

test('texts become numbers, and models go', async () => {
  const { data } = await client.models.list();
  const { predictions } = await client.predictions.create({ inputs: ['gzip level 9', { level: 3 }], intervals: [0.5] });
  expect(predictions.map(({ intervals }) => intervals.length)).toEqual([1, 1]);
  expect(await client.models.delete(data[0]!.id)).toBeUndefined();
  await expect(client.models.get(data[0]!.id)).rejects.toBeInstanceOf(NotFoundError);
});

test('keys', async () => {
  const admin = await client.keys.create({ name: 'first', scope: 'admin' });
  await expect(client.keys.list()).rejects.toMatchObject({ name: 'AuthenticationError' });
  const opened = watched(client.baseUrl, admin.key!);
  const reader = await opened.keys.create({ name: 'reader', scope: 'read' });
  expect(await opened.keys.get(reader.id)).toMatchObject({ name: 'reader', scope: 'read' });
  expect((await opened.keys.list()).data.map(({ name }) => name)).toEqual(['reader', 'first']);
  const reading = watched(client.baseUrl, reader.key!);
  expect(await reading.studies.get(study.id)).toMatchObject({ id: study.id });
  await expect(reading.studies.create({ name: 'no' })).rejects.toBeInstanceOf(PermissionDeniedError);
  expect(await opened.keys.delete(reader.id)).toBeUndefined();
  await expect(reading.studies.get(study.id)).rejects.toMatchObject({ code: 'invalid_key' });
});

test('the contract has no operation without a method', () => {
  expect(documented.map(({ id }) => id).filter((id) => !reached.has(id))).toEqual([]);
});

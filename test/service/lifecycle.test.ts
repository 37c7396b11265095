// Over HTTP: studies changed and deleted, models deleted and downloaded, checkpoints, hyperparameters as they will be used, numbers from texts.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningServer, startServer } from '../../service/server.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { temporaryStoreFolder } from './shared-server.js';
import { readStoredZip } from './stored-zip.js';
import { type Client, client, jobEnd, type Schemas, testServer } from './test-server.js';

type Job = Schemas['FineTuningJob'];
type Model = Schemas['Model'];

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const dataDir = temporaryStoreFolder();
let server: RunningServer;
let api: Client;
let study: string;
let model: string;

const trials = Array.from({ length: 24 }, (_, i) => ({ x: { level: i, kind: i % 2 ? 'a' : 'b' }, y: i * 3 }));

async function train(request: object): Promise<Job> {
  const body = { hyperparameters: TINY_TRAINING, ...request };
  const { status, body: job } = await api.post<Job>('/v1/fine-tuning-jobs', body);
  expect(status).toBe(202);
  return jobEnd(api.url, job.id);
}

beforeAll(async () => {
  server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none' }, {});
  api = client(server.url);
  study = (await api.makeStudy()).id;
  await api.addTrials(study, trials);
  model = (await train({ studies: [study], parent: 'none' })).fine_tuned_model!;
  return () => server.close();
});

describe('a study', () => {
  it('is changed field by field, by the one who read it last', async () => {
    const { id } = await api.makeStudy();
    const path = `/v1/studies/${id}`;
    const tag = (await api.get(path)).headers.get('etag')!;
    const space = { level: { type: 'integer', low: 1, high: 9 } };
    const first = await api.request<Schemas['Study']>('PATCH', path, { search_space: space }, { 'if-match': tag });
    expect(first).toMatchObject({ status: 200, body: { name: 'a study', search_space: space, version: 1 } });
    const late = await api.request('PATCH', path, { name: 'mine' }, { 'if-match': tag });
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    const fresh = (await api.get(path)).headers.get('etag')!;
    const renamed = await api.request('PATCH', path, { name: 'mine', metadata: { a: 1 } }, { 'if-match': fresh });
    expect(renamed.body).toMatchObject({ name: 'mine', metadata: { a: 1 }, search_space: space });
    expect((await api.request('PATCH', path, { search_space: null })).body).toMatchObject({ search_space: null });
    for (const [body, pointer, code] of [
      [{}, '', 'too_few'],
      [{ objectives: [] }, '/objectives', 'unknown_field'],
      [{ name: '' }, '/name', 'too_short'],
      [{ search_space: { a: { type: 'float', low: 2, high: 1 } } }, '/search_space', 'invalid_space'],
    ] as const)
      expect((await api.request('PATCH', path, body)).body).toMatchObject({ errors: [{ pointer, code }] });
  });

  it('is predicted under its new name at once', async () => {
    const { id } = await api.makeStudy();
    await api.addTrials(id, trials);
    const ask = async () => (await api.post(`/v1/studies/${id}/predictions`, { queries: [{ level: 3.5 }] })).body;
    const before = await ask();
    expect(await ask()).toEqual(before);
    const metadata = { description: 'something else altogether, in other words and 12345' };
    await api.request('PATCH', `/v1/studies/${id}`, { metadata });
    expect(await ask()).not.toEqual(before);
  });

  it('goes with its trials, and predictions about it say so', async () => {
    const { id } = await api.makeStudy();
    await api.addTrials(id, trials);
    expect((await api.request('DELETE', `/v1/studies/${id}`)).status).toBe(204);
    expect((await api.get(`/v1/studies/${id}`)).status).toBe(404);
    expect((await api.post(`/v1/studies/${id}/predictions`, { queries: [{ level: 1 }] })).status).toBe(404);
    expect((await api.request('DELETE', `/v1/studies/${id}`)).body).toMatchObject({ code: 'study_not_found' });
  });
});

describe('a training', () => {
  it('says with which hyperparameters it will train, "auto" written out', async () => {
    const queued = await api.post<Job>('/v1/fine-tuning-jobs', { studies: [study], hyperparameters: 'auto' });
    expect(queued.body.requested_hyperparameters).toBe('auto');
    expect(queued.body.hyperparameters).toMatchObject({ steps: 200, batch_size: 32, optimizer: 'adamw' });
    expect(queued.body.hyperparameters).not.toHaveProperty('d_model');
    const busy = await api.request('DELETE', `/v1/studies/${study}`);
    expect(busy).toMatchObject({ status: 409, body: { code: 'study_in_use' } });
    expect(await api.request('DELETE', `/v1/models/${model}`)).toMatchObject({ status: 409 });
    await api.post(`/v1/fine-tuning-jobs/${queued.body.id}:cancel`);
    await jobEnd(api.url, queued.body.id);
    const asked = { ...TINY_TRAINING, checkpoint_seconds: 0 };
    const done = await train({ studies: [study], parent: 'none', hyperparameters: asked });
    expect(done).toMatchObject({ requested_hyperparameters: asked, hyperparameters: { d_model: 8, beta2: 0.99 } });

    const path = `/v1/fine-tuning-jobs/${done.id}/checkpoints`;
    const all = (await api.get<Schemas['FineTuningJobCheckpointList']>(path)).body;
    expect(all.data.length).toBeGreaterThan(1);
    expect(all.data[0]).toMatchObject({ fine_tuning_job: done.id, step: 1, id: expect.stringMatching(/^ftckpt_/) });
    const rest = await api.get<Schemas['FineTuningJobCheckpointList']>(`${path}?after=${all.first_id}`);
    expect(rest.body.data).toEqual(all.data.slice(1));
    const wrong = await api.get(`${path}?after=ftckpt_x`);
    expect(wrong).toMatchObject({ status: 400, body: { code: 'cursor_not_found' } });
  });
});

describe('a model', () => {
  it('is downloaded whole: unpacked, another server starts from it', async () => {
    const response = await fetch(`${api.url}/v1/models/${model}/download`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${model}.zip"`);
    const folder = await mkdtemp(join(tmpdir(), 'omnireg-zip-'));
    try {
      for (const [name, content] of readStoredZip(bytes)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), content);
      }
      const kept = join(dataDir, 'models', model);
      const names = (await readdir(kept, { recursive: true })).sort();
      expect((await readdir(join(folder, model), { recursive: true })).sort()).toEqual(names);
      const weights = 'model.safetensors';
      expect(await readFile(join(folder, model, weights))).toEqual(await readFile(join(kept, weights)));
      const other = await testServer({ baseModel: join(folder, model) });
      const asked = await other.post<Schemas['TextPredictionResult']>('/v1/predictions', { inputs: ['level 3'] });
      expect(asked.body.model).toMatchObject({ id: 'base', chosen_by: 'base' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('knows what came of it, and goes with its files when nothing needs it', async () => {
    const child = (await train({ studies: [study], parent: model })).fine_tuned_model!;
    expect((await api.get<Model>(`/v1/models/${child}`)).body.parent).toBe(model);
    const found = await api.get<Schemas['ModelList']>(`/v1/models?parent=${model}`);
    expect(found.body.data.map(({ id }) => id)).toContain(child);
    expect((await api.get<Schemas['ModelList']>(`/v1/models?base=${model}`)).body.data).toEqual([]);
    expect((await api.get(`/v1/models?base=${model}&parent=${model}`)).status).toBe(400);
    const ask = () =>
      api.post<Schemas['PredictionResult']>(`/v1/studies/${study}/predictions`, { queries: [{ level: 3 }] });
    const { id } = (await ask()).body.model;
    expect((await api.request('DELETE', `/v1/models/${id}`)).status).toBe(204);
    expect(existsSync(join(dataDir, 'models', id))).toBe(false);
    expect((await api.get(`/v1/models/${id}`)).status).toBe(404);
    expect((await api.get(`/v1/models/${id}/download`)).status).toBe(404);
    const again = await ask();
    expect(again.status).toBe(200);
    expect(again.body.model.id).not.toBe(id);
  });
});

describe('a text', () => {
  it('is answered with a number, and so are parameters', async () => {
    const body = {
      inputs: ['gzip level 9', { algorithm: 'gzip', level: 9 }],
      description: 'Size of a file after compression',
      objective: { name: 'bytes', goal: 'minimize', unit: 'bytes' },
      intervals: [0.5, 0.9],
    };
    const { status, body: answer } = await api.post<Schemas['TextPredictionResult']>('/v1/predictions', body);
    expect(status).toBe(200);
    expect(answer.predictions).toHaveLength(2);
    for (const { median, intervals, p_infeasible } of answer.predictions) {
      expect(Number.isFinite(median)).toBe(true);
      expect(intervals.map(({ level }) => level)).toEqual([0.5, 0.9]);
      expect(p_infeasible).toBeGreaterThanOrEqual(0);
    }
    expect(answer).toMatchObject({ objective: body.objective, calibration: { calibrated: false } });
    expect((await api.post('/v1/predictions', body)).body).toEqual(answer);
    const once = { 'idempotency-key': 'text' };
    await api.post('/v1/predictions', body, once);
    const replay = await api.post('/v1/predictions', body, once);
    expect(replay.headers.get('idempotency-replayed')).toBe('true');
    expect(replay.body).toEqual(answer);
    expect((await api.post('/v1/predictions', { inputs: ['other'] }, once)).status).toBe(422);
  });

  it('is refused where it is none', async () => {
    for (const [body, pointer] of [
      [{}, '/inputs'],
      [{ inputs: [] }, '/inputs'],
      [{ inputs: [''] }, '/inputs/0'],
      [{ inputs: [3] }, '/inputs/0'],
      [{ inputs: [{}] }, '/inputs/0'],
      [{ inputs: Array(1001).fill('a') }, '/inputs'],
    ] as const)
      expect((await api.post('/v1/predictions', body)).body).toMatchObject({ errors: [{ pointer }] });
  });
});

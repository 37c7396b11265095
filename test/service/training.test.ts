// Trainings and predictions over HTTP, with real processes, a real worker and the smallest of models.
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningServer, startServer } from '../../service/server.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { temporaryStoreFolder } from './shared-server.js';
import { type Client, client, jobEnd, readStream, type Schemas } from './test-server.js';

type Job = Schemas['FineTuningJob'];
type Predicted = Schemas['PredictionResult'];

const dataDir = temporaryStoreFolder();
let server: RunningServer;
let api: Client;
let study: string;
let first: Job;

/** Far more steps than there is time for: only for jobs that are stopped. */
const ENDLESS = { ...TINY_TRAINING, steps: 1_000_000 };

beforeAll(async () => {
  server = await startServer(
    { port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none', streamHeartbeatMs: 50 },
    {},
  );
  api = client(server.url);
  study = (await api.makeStudy(['loss', 'time'])).id;
  await api.addTrials(
    study,
    Array.from({ length: 24 }, (_, i) => ({ x: { level: i, kind: i % 2 ? 'a' : 'b' }, y: { loss: i * 3, time: -i } })),
  );
  await api.addTrials(study, [{ x: { level: 99 }, status: 'infeasible' }]);
  first = await train({ studies: [study], parent: 'none' });
  return () => server.close();
});

async function train(request: Record<string, unknown>): Promise<Job> {
  return jobEnd(api.url, (await startJob(request)).id);
}

async function startJob(request: Record<string, unknown>): Promise<Job> {
  const { status, headers, body } = await api.post<Job>('/v1/fine-tuning-jobs', {
    hyperparameters: TINY_TRAINING,
    ...request,
  });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/fine-tuning-jobs/${body.id}`);
  return body;
}

const getJob = async (id: string) => (await api.get<Job>(`/v1/fine-tuning-jobs/${id}`)).body;

/** Follows the job until it has made its first step. */
function firstStep(id: string) {
  return readStream(`${api.url}/v1/fine-tuning-jobs/${id}/events`, {}, ({ event }) => event === 'step');
}

// Generous: other work on the machine slows trainings down, and says nothing about them.
vi.setConfig({ testTimeout: 120_000 });

describe('a training', () => {
  it('registers its model and cleans up after itself', async () => {
    expect(first).toMatchObject({
      status: 'succeeded',
      outcome: 'published',
      attempt: 1,
      trial_count: 25,
      parent: null,
      error: null,
    });
    expect(first.hyperparameters).toMatchObject({ ...TINY_TRAINING, beta2: expect.any(Number) });
    const model = (await api.get<Schemas['Model']>(`/v1/models/${first.fine_tuned_model}`)).body;
    expect(model).toMatchObject({ job_id: first.id, study_ids: [study], published: true, metrics: first.metrics });
    expect(existsSync(join(dataDir, 'models', model.id, 'model.safetensors'))).toBe(true);
    await expect.poll(() => readdir(join(dataDir, 'jobs'))).not.toContain(first.id);
  });

  it('trains an adapter beside its parent, which answers for its study alone', async () => {
    const own = (await api.makeStudy(['loss'])).id;
    await api.addTrials(
      own,
      Array.from({ length: 20 }, (_, i) => ({ x: { level: i }, y: { loss: -i } })),
    );
    const hyperparameters = { ...TINY_TRAINING, lora_rank: 2, lora_targets: ['q', 'wo'], validation: 0 };
    const job = await train({ studies: [own], hyperparameters });
    expect(job).toMatchObject({ status: 'succeeded', outcome: 'published', parent: first.fine_tuned_model });
    const model = (await api.get<Schemas['Model']>(`/v1/models/${job.fine_tuned_model}`)).body;
    expect(model).toMatchObject({ parent: first.fine_tuned_model, base: first.fine_tuned_model });
    const ask = async (id: string, model?: string) =>
      (await api.post<Predicted>(`/v1/studies/${id}/predictions`, { queries: [{ level: 3 }], ...(model && { model }) }))
        .body;
    const chosen = await ask(own);
    expect(chosen.model).toMatchObject({ id: model.id, chosen_by: 'trained_on_study' });
    const further = await train({ studies: [own], hyperparameters, parent: model.id });
    const second = (await api.get<Schemas['Model']>(`/v1/models/${further.fine_tuned_model}`)).body;
    expect(second).toMatchObject({ parent: model.id, base: first.fine_tuned_model });
    expect((await ask(study)).model).toMatchObject({ id: first.fine_tuned_model });
    expect(
      (await api.post('/v1/fine-tuning-jobs', { studies: [own], hyperparameters: { lora_rank: -1 } })).status,
    ).toBe(400);
  });

  it('tells its story in events that can be read again from any place', async () => {
    const path = `/v1/fine-tuning-jobs/${first.id}/events`;
    const { data } = (await api.get<Schemas['FineTuningJobEventList']>(`${path}?limit=1000`)).body;
    expect(data.map(({ seq }) => seq)).toEqual(data.map((_, i) => i + 1));
    const statuses = data.filter(({ type }) => type === 'status').map((event) => event.data.status);
    expect(statuses).toEqual(['queued', 'running', 'succeeded']);
    expect(data.find(({ type }) => type === 'step')).toMatchObject({
      data: { steps: 2, learning_rate: expect.any(Number) },
    });
    const page = (await api.get<Schemas['FineTuningJobEventList']>(`${path}?limit=2&after=1`)).body;
    expect(page).toEqual({ object: 'list', data: data.slice(1, 3), has_more: true });
    const streamed = await readStream(api.url + path, { 'last-event-id': '2' });
    expect(streamed.slice(0, -1).map(({ id, event, data }) => [id, event, JSON.parse(data)])).toEqual(
      data.slice(2).map((event) => [String(event.seq), event.type, event]),
    );
    expect(streamed.at(-1)).toMatchObject({ event: 'end', id: undefined, data: JSON.stringify(first) });
  });

  it('starts from the newest model unless told otherwise, and one that is not better has the weights of its parent', async () => {
    const job = await train({ studies: 'all' });
    expect(job).toMatchObject({ status: 'succeeded', parent: first.fine_tuned_model });
    expect(['published', 'kept_parent']).toContain(job.outcome);
    expect(job.fine_tuned_model).toMatch(/^model_/);
    expect(job.reason).toMatch(/\S/);
  });

  it('can be cancelled while it runs, and while it waits', async () => {
    const running = await startJob({ studies: [study], hyperparameters: ENDLESS });
    await firstStep(running.id);
    const waiting = await startJob({ studies: [study] });
    expect(await getJob(waiting.id)).toMatchObject({ status: 'queued' });
    const health = await api.get('/healthz');
    expect(health.body).toMatchObject({ status: 'ok', jobs: { running: 1, queued: 1 } });
    expect((await api.post(`/v1/fine-tuning-jobs/${waiting.id}:cancel`)).body).toMatchObject({
      status: 'cancelled',
      started_at: null,
    });
    await api.post(`/v1/fine-tuning-jobs/${running.id}:cancel`);
    expect(await jobEnd(api.url, running.id)).toMatchObject({ status: 'cancelled', fine_tuned_model: null });
    await expect.poll(() => existsSync(join(dataDir, 'jobs', running.id))).toBe(false);
    const again = await api.post(`/v1/fine-tuning-jobs/${running.id}:cancel`);
    expect(again).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    const ended = await api.post(`/v1/fine-tuning-jobs/${first.id}:cancel`);
    expect(ended).toMatchObject({ status: 409, body: { code: 'job_already_finished' } });
  });

  it('says why it failed', async () => {
    const folder = join(dataDir, 'models', first.fine_tuned_model!);
    const missing = async (path: string) => {
      await rename(path, `${path}.away`);
      const job = await train({ studies: [study], parent: first.fine_tuned_model });
      await rename(`${path}.away`, path);
      return job;
    };
    expect(await missing(folder)).toMatchObject({
      status: 'failed',
      error: { code: 'model_missing', message: expect.stringContaining(first.fine_tuned_model!) },
    });
    // An error of the trainer's own, with its own code.
    expect(await missing(join(folder, 'config.json'))).toMatchObject({
      status: 'failed',
      error: { code: 'model_files', message: expect.stringContaining('config.json') },
    });
  });

  it.runIf(existsSync('/proc/self/task'))('says so when its process is killed', async () => {
    const job = await startJob({ studies: [study], parent: 'none', hyperparameters: ENDLESS });
    await firstStep(job.id);
    const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    const commands = children
      .trim()
      .split(' ')
      .map((pid) => ({ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }));
    const training = commands.find(({ command }) => command.includes('run-job'))!;
    process.kill(Number(training.pid), 'SIGKILL');
    const failed = await jobEnd(api.url, job.id);
    expect(failed).toMatchObject({
      status: 'failed',
      error: { code: 'training_crashed', message: expect.stringContaining('SIGKILL') },
    });
  });
});

describe('a prediction', () => {
  const queries = [
    { level: 3, kind: 'a' },
    { level: 5.5, kind: 'b', more: 'text 🙂' },
  ];

  it('answers for every objective and every query', async () => {
    const { status, body } = await api.post<Predicted>(`/v1/studies/${study}/predictions`, {
      queries,
      intervals: [0.5, 0.9],
      include: ['experts'],
      model: first.fine_tuned_model,
    });
    expect(status).toBe(200);
    expect(body.model).toEqual({ id: first.fine_tuned_model, chosen_by: 'request', reason: 'named in the request' });
    expect(body.predictions).toHaveLength(queries.length);
    expect(Object.keys(body.calibration)).toEqual(['loss', 'time']);
    for (const { objectives, p_infeasible } of body.predictions) {
      expect(Object.keys(objectives)).toEqual(['loss', 'time']);
      expect(p_infeasible).toBeGreaterThanOrEqual(0);
      expect(p_infeasible).toBeLessThanOrEqual(1);
      for (const { median, intervals, experts } of Object.values(objectives)) {
        expect(Number.isFinite(median)).toBe(true);
        const [half, most] = intervals;
        expect([half!.level, most!.level]).toEqual([0.5, 0.9]);
        expect(most!.lower).toBeLessThanOrEqual(half!.lower);
        expect(most!.upper).toBeGreaterThanOrEqual(half!.upper);
        expect(experts!.length).toBeGreaterThan(1);
      }
    }
  });

  it('knows what is given of a query, and answers for the rest', async () => {
    const ask = async (body: object) =>
      (await api.post<Predicted>(`/v1/studies/${study}/predictions`, { queries, ...body })).body;
    const plain = await ask({});
    const { predictions, calibration } = await ask({ given: [{ loss: 30 }, null] });
    const [known, unknown] = predictions;
    expect(Object.keys(known!.objectives)).toEqual(['time']);
    expect(known!.p_infeasible).toBe(0);
    expect(known!.calibration).toMatchObject({ time: { calibrated: true, trials: 24 } });
    expect(unknown).toEqual(plain.predictions[1]);
    expect(calibration).toEqual(plain.calibration);
    // time = −loss / 3 in the study's trials: whatever has been learned, the evidence follows.
    const [less, more] = (await ask({ given: [{ loss: 9 }, { loss: 60 }], queries: [queries[0], queries[0]] }))
      .predictions;
    expect(less!.objectives.time!.median).toBeGreaterThan(more!.objectives.time!.median);
    expect((await ask({ given: [{ loss: 9 }, { time: -3 }] })).calibration).toEqual({});
  });

  it('says what the objectives measure together', async () => {
    const ask = async () =>
      (
        await api.post<Predicted>(`/v1/studies/${study}/predictions`, {
          queries: [queries[0], queries[0]],
          given: [null, { loss: 30 }],
          include: ['joint'],
        })
      ).body.predictions;
    const [both, one] = await ask();
    expect(both!.joint!.objectives).toEqual(['loss', 'time']);
    expect(both!.joint!.draws).toHaveLength(64);
    for (const draw of both!.joint!.draws) expect(draw.every(Number.isFinite) && draw.length === 2).toBe(true);
    const [[self, rank], [back]] = both!.joint!.rank_correlation as [[number, number], [number]];
    expect(self).toBe(1);
    expect(back).toBeCloseTo(rank, 12);
    // time = −loss / 3 in the study's trials.
    expect(rank).toBeLessThan(-0.1);
    expect(one!.joint).toMatchObject({ objectives: ['time'], rank_correlation: [[1]] });
    expect(await ask()).toEqual([both, one]);
  });

  it('is the same when asked again, and sees new trials at once', async () => {
    const other = (await api.makeStudy()).id;
    const ask = async () => (await api.post<Predicted>(`/v1/studies/${other}/predictions`, { queries })).body;
    const empty = await ask();
    expect(empty.model.chosen_by).toBe('newest');
    expect(empty.predictions[0]!.objectives.y!.intervals).toMatchObject([{ level: 0.9 }]);
    expect((await ask()).predictions).toEqual(empty.predictions);
    // One trial, then the same again, then a constant study: each is a study like any other.
    for (const level of [1, 1, 2, 3]) {
      await api.addTrials(other, [{ x: { level }, y: 1000 }]);
      const answer = await ask();
      expect(answer.predictions).not.toEqual(empty.predictions);
      expect(Number.isFinite(answer.predictions[0]!.objectives.y!.median)).toBe(true);
    }
  });

  it('chooses a model that was trained on the study', async () => {
    const { body } = await api.post<Predicted>(`/v1/studies/${study}/predictions`, { queries });
    expect(body.model.chosen_by).toBe('trained_on_study');
  });

  it('leaves the HTTP thread free', async () => {
    const many = Array.from({ length: 100 }, (_, level) => ({ level }));
    const slow = api.post<Predicted>(`/v1/studies/${study}/predictions`, { queries: many });
    let done = false;
    void slow.then(() => {
      done = true;
    });
    let answered = 0;
    while (!done) {
      expect((await api.get('/healthz')).status).toBe(200);
      answered++;
      await sleep(5);
    }
    expect((await slow).body.predictions).toHaveLength(many.length);
    expect(answered).toBeGreaterThan(2);
  });

  it('is withdrawn when its time is up', async () => {
    const many = Array.from({ length: 500 }, (_, level) => ({ level }));
    const late = await api.post(`/v1/studies/${study}/predictions`, { queries: many, timeout_ms: 1 });
    expect(late).toMatchObject({ status: 504, body: { code: 'deadline_exceeded' } });
    expect((await api.post(`/v1/studies/${study}/predictions`, { queries })).status).toBe(200);
  });

  it('is the same whoever asks at the same time', async () => {
    const asked = [...queries, { level: 7 }, { level: 11, kind: 'b' }].map((query) => [query]);
    const ask = async (list: unknown[]) =>
      (await api.post<Predicted>(`/v1/studies/${study}/predictions`, { queries: list })).body.predictions;
    const together = await Promise.all(asked.map(ask));
    for (const [i, list] of asked.entries()) {
      const [alone] = await ask(list);
      for (const [name, { median }] of Object.entries(together[i]![0]!.objectives))
        expect(median / alone!.objectives[name]!.median).toBeCloseTo(1, 3);
    }
  });

  it('is refused with 429 when too many wait', async () => {
    const narrow = await startServer(
      { port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none', maxWaitingQueries: 2 },
      {},
    );
    const there = client(narrow.url);
    const replies = await Promise.all([1, 2, 3].map(() => there.post(`/v1/studies/${study}/predictions`, { queries })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    const refused = replies.find(({ status }) => status === 429)!;
    expect(refused.body.code).toBe('too_many_predictions');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await narrow.close();
  });
});

// Last: it closes the server.
describe('closing', () => {
  it('ends streams, keeps the job, and a new server goes on with it', async () => {
    const job = await startJob({
      studies: [study],
      parent: 'none',
      hyperparameters: { ...ENDLESS, checkpoint_seconds: 1 },
    });
    await firstStep(job.id);
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const stream = readStream(`${api.url}/v1/fine-tuning-jobs/${job.id}/events`, {}, () => {
      open();
      return false;
    });
    await opened;
    await server.close();
    expect((await stream).at(-1)!.event).not.toBe('end');
    server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none' }, {});
    api = client(server.url);
    await readStream(`${api.url}/v1/fine-tuning-jobs/${job.id}/events`, {}, ({ data }) =>
      data.includes('Going on from step'),
    );
    expect(await getJob(job.id)).toMatchObject({ status: 'running', attempt: 2 });
    await api.post(`/v1/fine-tuning-jobs/${job.id}:cancel`);
    expect(await jobEnd(api.url, job.id)).toMatchObject({ status: 'cancelled' });
  });
});

// Evaluations over HTTP: a real server, its job's process and the processes that predict, on the smallest of models.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from '../../service/server.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { temporaryStoreFolder } from './shared-server.js';
import { type Client, client, jobEnd, readStream, type Schemas } from './test-server.js';

type Evaluation = Schemas['Evaluation'];
type Report = Schemas['EvaluationReport'];

const dataDir = temporaryStoreFolder();
let api: Client;
let studies: string[];
let close: () => Promise<void>;

/** Three studies of two objectives each. */
beforeAll(async () => {
  const server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none' }, {});
  close = () => server.close();
  api = client(server.url);
  studies = [];
  for (let s = 0; s < 3; s++) {
    const { id } = await api.makeStudy(['loss', 'time']);
    const trials = Array.from({ length: 40 }, (_, i) => {
      const level = (i * 17) % 40;
      return {
        x: { level, kind: i % 2 ? 'a' : 'b' },
        y: { loss: level * (s + 1) + (i % 2), time: Math.sin(level / 6) },
      };
    });
    await api.addTrials(id, [...trials, { x: { level: 99 }, status: 'infeasible' }]);
    studies.push(id);
  }
  return () => close();
});

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const small = { local_trials: [0, 6], test_trials: 8 };

async function start(request: object): Promise<Evaluation> {
  const { status, headers, body } = await api.post<Evaluation>('/v1/evaluations', { studies, ...small, ...request });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/evaluations/${body.id}`);
  return body;
}

/** Events, and the evaluation as it ended. */
async function follow(id: string) {
  const events = await readStream(`${api.url}/v1/evaluations/${id}/events`);
  return { events, ended: JSON.parse(events.at(-1)!.data) as Evaluation };
}

it('is refused while there is no model', async () => {
  const reply = await api.post('/v1/evaluations', { studies });
  expect(reply).toMatchObject({ status: 409, body: { code: 'no_model' } });
});

describe('with a model', () => {
  let model: string;

  beforeAll(async () => {
    const request = { studies: [studies[0]!], parent: 'none', hyperparameters: TINY_TRAINING };
    const { body } = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', request);
    model = (await jobEnd(api.url, body.id)).fine_tuned_model!;
  });

  it('reports every objective of every study, out of and in distribution', async () => {
    const families = { [studies[0]!]: 'first', [studies[1]!]: 'others', [studies[2]!]: 'others' };
    const made = await start({
      families,
      protocols: ['in_distribution', 'out_of_distribution'],
      training: TINY_TRAINING,
    });
    expect(made).toMatchObject({ model, trial_count: 123, studies });
    const early = await api.get(`/v1/evaluations/${made.id}/report`);
    expect(early).toMatchObject({ status: 409, body: { code: 'evaluation_unfinished' } });

    const { events, ended } = await follow(made.id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      error: null,
      reason: expect.stringContaining('best local baseline'),
    });
    // Six tasks at two sizes; in distribution also those of families that have other studies.
    expect(ended.progress!.done).toBe(ended.progress!.total);
    const named = (type: string) => events.filter(({ event }) => event === type).map(({ data }) => JSON.parse(data));
    expect(named('progress').at(-1).data).toMatchObject({ done: ended.progress!.total, eta_seconds: 0 });
    expect(named('log')).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining(studies[0]!) }),
    );

    const { status, body: report } = await api.get<Report>(`/v1/evaluations/${made.id}/report`);
    expect(status).toBe(200);
    expect(report).toMatchObject({ evaluation: made.id, ...small, seed: 0 });
    const first = ['loss', 'time'].map((objective) => `${studies[0]}/${objective}`);
    expect(report.seen).toEqual(first);
    // Another objective of the same study is nobody to learn from.
    expect(report.skipped).toEqual(first.map((study) => ({ study, reason: expect.stringContaining('"first"') })));
    expect(report.trainings).toHaveLength(2);
    const rows = report.rows.filter(({ protocol, trials }) => protocol === 'out_of_distribution' && trials === 6);
    expect(new Set(rows.map(({ study }) => study)).size).toBe(6);
    expect(rows).toHaveLength(6 * 7);
    expect(rows.find(({ study }) => study === `${studies[1]}/time`)!.family).toBe('others');
    expect(report.rows.some(({ method }) => method === 'pooled_boosting')).toBe(true);
    // The summary over families is the mean of the families' rows.
    const errors = (family: string | null) =>
      report.summary.find(
        (row) =>
          row.protocol === 'out_of_distribution' &&
          row.trials === 6 &&
          row.method === 'median' &&
          row.family === family,
      )!.error;
    expect(errors(null)).toBeCloseTo((errors('first') + errors('others')) / 2, 12);

    const events2 = await api.get<Schemas['EvaluationEventList']>(`/v1/evaluations/${made.id}/events?limit=1000`);
    expect(events2.body.data.map(({ seq }) => seq)).toEqual(events.slice(0, -1).map(({ id }) => Number(id)));
    await vi.waitFor(() => expect(existsSync(join(dataDir, 'jobs', made.id))).toBe(false));
  });

  it('is listed apart from trainings, and neither is found as the other', async () => {
    const evaluations = await api.get<Schemas['EvaluationList']>('/v1/evaluations');
    expect(evaluations.body.data.map(({ object }) => object)).toEqual(['evaluation']);
    const jobs = await api.get<Schemas['FineTuningJobList']>('/v1/fine-tuning-jobs');
    expect(jobs.body.data.map(({ object }) => object)).toEqual(['fine_tuning_job']);
    const [evaluation, job] = [evaluations.body.data[0]!.id, jobs.body.data[0]!.id];
    expect(await api.get(`/v1/fine-tuning-jobs/${evaluation}`)).toMatchObject({ status: 404 });
    expect(await api.post(`/v1/fine-tuning-jobs/${evaluation}:cancel`)).toMatchObject({ status: 404 });
    expect(await api.get(`/v1/evaluations/${job}`)).toMatchObject({ status: 404 });
  });

  it('can be cancelled in the middle', async () => {
    const made = await start({ local_trials: Array.from({ length: 20 }, (_, i) => i), seed: 5 });
    await readStream(`${api.url}/v1/evaluations/${made.id}/events`, {}, ({ event }) => event === 'progress');
    expect((await api.post<Evaluation>(`/v1/evaluations/${made.id}:cancel`)).status).toBe(200);
    const { ended } = await follow(made.id);
    expect(ended.status).toBe('cancelled');
    expect(ended.progress!.done).toBeLessThan(ended.progress!.total);
    expect(await api.get(`/v1/evaluations/${made.id}/report`)).toMatchObject({
      body: { code: 'evaluation_unfinished' },
    });
  });

  it('says why it failed', async () => {
    const { id } = await api.makeStudy();
    await api.addTrials(id, [
      { x: { a: 1 }, y: 1 },
      { x: { a: 2 }, y: 2 },
    ]);
    const { ended } = await follow((await start({ studies: [id] })).id);
    expect(ended).toMatchObject({
      status: 'failed',
      error: { code: 'evaluation', message: expect.stringContaining('15 are needed') },
    });
  });

  it('goes on after a restart, and reports the same', async () => {
    const request = { seed: 3, local_trials: [0, 4, 6, 8] };
    const whole = await follow((await start(request)).id);
    const made = await start(request);
    await readStream(`${api.url}/v1/evaluations/${made.id}/events`, {}, ({ event }) => event === 'progress');
    await close();
    const again = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none' }, {});
    close = () => again.close();
    api = client(again.url);
    const { ended } = await follow(made.id);
    expect(ended).toMatchObject({ status: 'succeeded', attempt: 2 });
    const reports = await Promise.all(
      [whole.ended.id, made.id].map((id) => api.get<Report>(`/v1/evaluations/${id}/report`)),
    );
    expect(reports[1]!.body.rows).toEqual(reports[0]!.body.rows);
    expect(reports[1]!.body.summary).toEqual(reports[0]!.body.summary);
  });
});

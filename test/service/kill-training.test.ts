// kill -9 of the server during a fine-tune: the job goes on from its checkpoint, to the very weights of an uninterrupted run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../store/temporary-store.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { startProcess } from './server-process.js';
import { client, jobEnd, readStream, type Schemas } from './test-server.js';

const KILLS = 20;
const REQUEST = {
  studies: 'all',
  parent: 'none',
  seed: 3,
  // Six windows of examples, so that kills fall between, in and while making them.
  hyperparameters: { ...TINY_TRAINING, episodes: 12, window_episodes: 2, steps: 6000, checkpoint_seconds: 0.05 },
};

it(`reaches the same weights after ${KILLS} kills`, async () => {
  const dataDir = temporaryFolder();
  // A short lease, so that the next server takes over soon.
  const settings = { OMNIREG_JOB_LEASE_MS: '600' };
  let server = await startProcess(dataDir, settings);
  onTestFinished(() => server.kill());
  const { id } = await client(server.url).makeStudy();
  await client(server.url).addTrials(
    id,
    Array.from({ length: 30 }, (_, i) => ({ x: { level: i }, y: Math.sin(i) })),
  );
  const start = async () =>
    (await client(server.url).post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', REQUEST)).body;
  const weights = (job: Schemas['FineTuningJob']) =>
    readFileSync(join(dataDir, 'models', job.fine_tuned_model!, 'model.safetensors'));

  const whole = await jobEnd(server.url, (await start()).id);
  expect(whole).toMatchObject({ status: 'succeeded', attempt: 1 });

  const job = await start();
  for (let kill = 0; kill < KILLS; kill++) {
    // Behind a checkpoint of this very attempt, at a random moment of the steps after it.
    let attempt = 0;
    const events = await readStream(`${server.url}/v1/fine-tuning-jobs/${job.id}/events`, {}, ({ event, data }) => {
      const { data: fields } = JSON.parse(data) as Schemas['FineTuningJobEvent'];
      if (event === 'status') attempt = Number(fields.attempt);
      return event === 'checkpoint' && attempt === kill + 1;
    });
    expect(events.at(-1)!.event, 'the training ended before it could be killed').toBe('checkpoint');
    await sleep(Math.random() * 60);
    await server.kill();
    // What is added meanwhile is not in the job's snapshot.
    server = await startProcess(dataDir, settings);
    await client(server.url).addTrials(id, [{ x: { level: 100 + kill }, y: 1000 }]);
  }
  const resumed = await jobEnd(server.url, job.id);
  expect(resumed).toMatchObject({ status: 'succeeded', attempt: KILLS + 1, trial_count: 30 });
  const { data } = (
    await client(server.url).get<Schemas['FineTuningJobEventList']>(`/v1/fine-tuning-jobs/${job.id}/events?limit=1000`)
  ).body;
  expect(data.filter(({ message }) => message.startsWith('Going on from step'))).toHaveLength(KILLS);
  expect(weights(resumed).equals(weights(whole))).toBe(true);
}, 300_000);

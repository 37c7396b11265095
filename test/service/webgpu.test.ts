// A server on WebGPU: its job trains there, its worker thread predicts there, and it ends in good order.
import { describe, expect, it, onTestFinished } from 'vitest';
import { webgpuIsThere } from '../require-webgpu.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { startProcess } from './server-process.js';
import { client, jobEnd, type Schemas } from './test-server.js';

describe.skipIf(!(await webgpuIsThere()))('a server on WebGPU', () => {
  it('trains, predicts as the CPU does, and stops', { timeout: 180_000 }, async () => {
    const dataDir = temporaryFolder();
    const { device: _, ...hyperparameters } = TINY_TRAINING;
    let server = await startProcess(dataDir, { OMNIREG_DEVICE: 'webgpu' });
    onTestFinished(() => server.kill());
    const api = client(server.url);
    const { id } = await api.makeStudy();
    const trials = Array.from({ length: 12 }, (_, i) => ({ x: { level: i }, y: Math.sin(i) }));
    await api.addTrials(id, trials);
    const request = { studies: [id], parent: 'none', hyperparameters };
    const { body: created } = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', request);
    const job = await jobEnd(server.url, created.id);
    expect(job).toMatchObject({ status: 'succeeded', hyperparameters: { device: 'webgpu' } });
    const events = await api.get<Schemas['FineTuningJobEventList']>(`/v1/fine-tuning-jobs/${job.id}/events?limit=100`);
    expect(events.body.data.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^device webgpu: /));

    const medians = async () => {
      const body = { queries: [{ level: 2.5 }, { level: 7 }, { level: 40 }] };
      const { status, body: answer } = await client(server.url).post<Schemas['PredictionResult']>(
        `/v1/studies/${id}/predictions`,
        body,
      );
      expect(status).toBe(200);
      return answer.predictions.map((p) => Object.values(p.objectives)[0]!.median);
    };
    const onGpu = await medians();
    expect(await server.stop()).toBe(0);

    server = await startProcess(dataDir);
    const onCpu = await medians();
    // The outcomes lie between −1 and 1.
    onCpu.forEach((median, i) => expect(Math.abs(median - onGpu[i]!)).toBeLessThan(2e-3));
  });
});

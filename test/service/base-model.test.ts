// A server that was given a stock T5: trainings without a parent start from it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { startServer } from '../../service/server.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { STOCK_CONFIG, STOCK_TOKENS, writeStockT5 } from '../trainer/hugging-face/stock-t5.js';
import { temporaryStoreFolder } from './shared-server.js';
import { client, jobEnd, type Schemas } from './test-server.js';

vi.setConfig({ testTimeout: 120_000 });

it('starts trainings without a parent from its base model, and says so where that is missing', async () => {
  const dataDir = temporaryStoreFolder();
  const baseModel = join(dataDir, 'stock');
  await writeStockT5(baseModel);
  const trainOnce = async (base: string) => {
    const server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: base }, {});
    try {
      const api = client(server.url);
      const { id } = await api.makeStudy(['loss']);
      await api.addTrials(
        id,
        Array.from({ length: 24 }, (_, i) => ({ x: { level: i }, y: { loss: i * 3 } })),
      );
      const request = { studies: [id], parent: 'none', hyperparameters: TINY_TRAINING };
      const { body } = await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', request);
      return await jobEnd(server.url, body.id);
    } finally {
      await server.close();
    }
  };

  const job = await trainOnce(baseModel);
  expect(job).toMatchObject({ status: 'succeeded', outcome: 'published', parent: null });
  const config = JSON.parse(await readFile(join(dataDir, 'models', job.fine_tuned_model!, 'config.json'), 'utf8'));
  expect(config).toMatchObject({ d_model: STOCK_CONFIG.d_model, number_token_begin: STOCK_TOKENS });

  const missing = await trainOnce(join(dataDir, 'nowhere'));
  expect(missing).toMatchObject({ status: 'failed', error: { code: 'model_files' } });
});

// A trained model that is as small as models get, to be a server's base model: what starts from it is as small.
import { join } from 'node:path';
import { OmniReg } from '../clients/sdk/index.js';
import { startServer } from '../service/server.js';
import { temporaryStoreFolder } from './service/shared-server.js';
import { TINY_TRAINING } from './tiny-training.js';

/** @returns its folder, which goes after the tests of the file */
export async function tinyBaseModel(): Promise<string> {
  const dataDir = temporaryStoreFolder();
  const server = await startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none' }, {});
  try {
    const { studies, fineTuningJobs } = new OmniReg({ baseUrl: server.url });
    const study = await studies.create({ name: 'made up' });
    const rows = Array.from({ length: 24 }, (_, a) => ({ x: { a }, y: a / 2 }));
    await studies.trials.createBatch(study.id, rows);
    const job = await fineTuningJobs.create({ studies: [study.id], parent: 'none', hyperparameters: TINY_TRAINING });
    const { fine_tuned_model: model, error } = await fineTuningJobs.events(job.id).final();
    if (model === null) throw new Error(error?.message);
    return join(dataDir, 'models', model);
  } finally {
    await server.close();
  }
}

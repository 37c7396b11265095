// The bench of many clients, short: nothing that was acknowledged is lost, nothing is there twice, no 5xx.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compareWithDatabase, quantile, runClients } from '../bench/many-clients.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { startProcess } from './server-process.js';

it('serves forty clients that read, write, retry and hang up', async () => {
  const dataDir = temporaryFolder();
  const server = await startProcess(dataDir);
  try {
    const options = { clients: 40, seconds: 4, rampSeconds: 0.5, seed: 1, pauseMs: 50, writes: 0.4, predictions: 0.02 };
    const tally = await runClients({ ...options, url: server.url });
    expect(await server.stop()).toBe(0);
    expect(compareWithDatabase(join(dataDir, 'omnireg.sqlite'), tally)).toEqual([]);
    expect(tally.kept.size).toBeGreaterThan(300);
    expect([...tally.statuses.keys()]).toEqual(expect.arrayContaining(['read 200', 'write 201', 'write 409']));
    // Without a model each is told so, at once.
    expect(tally.statuses.get('prediction 409')).toBeGreaterThan(0);
    expect(quantile(tally.ms.read, 0.5)).toBeLessThan(1000);
  } finally {
    await server.kill();
  }
});

// kill -9 of the server in the middle of an import: what was acknowledged is there, and nothing is there twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../store/temporary-store.js';
import { type ServerProcess, startProcess } from './server-process.js';
import { client, type Schemas } from './test-server.js';

const KILLS = 10;
const BATCH = 50;

it(`loses and doubles no acknowledged trial over ${KILLS} kills at random moments`, async () => {
  const dataDir = temporaryFolder();
  let server: ServerProcess = await startProcess(dataDir);
  onTestFinished(() => server.kill());
  const { id } = await client(server.url).makeStudy();
  const acknowledged = new Map<number, string>();
  let row = 0;
  let batches = 0;
  let unanswered = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    // Some batches in, at a random moment of the next: a number of batches, so that a busy machine changes nothing.
    let untilKill = 1 + Math.floor(Math.random() * 6);
    let killed: Promise<void> | undefined;
    // Imports batch after batch; after a lost answer the same batch is sent again with the same key.
    for (;;) {
      if (untilKill-- === 0) killed = sleep(Math.random() * 20).then(() => server.kill());
      const trials = Array.from({ length: BATCH }, (_, i) => ({ x: { row: row + i }, y: row + i }));
      const headers = { 'content-type': 'application/json', 'idempotency-key': `batch-${row}` };
      let answer: Schemas['TrialBatchResult'];
      try {
        const reply = await fetch(`${server.url}/v1/studies/${id}/trials:batch`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ trials }),
        });
        answer = (await reply.json()) as Schemas['TrialBatchResult'];
      } catch {
        unanswered++;
        break;
      }
      expect(answer.created).toHaveLength(BATCH);
      for (const trial of answer.created) acknowledged.set(row + trial.row, trial.id);
      row += BATCH;
      batches++;
    }
    await killed;
    server = await startProcess(dataDir);
  }
  const stored = new Map<string, number>();
  let after = '';
  for (;;) {
    const query = `limit=1000${after && `&after=${after}`}`;
    const page = await client(server.url).get<Schemas['TrialList']>(`/v1/studies/${id}/trials?${query}`);
    for (const trial of page.body.data) stored.set(trial.id, Number(trial.x.row));
    if (!page.body.has_more) break;
    after = page.body.last_id!;
  }
  for (const [n, trialId] of acknowledged) expect(stored.get(trialId), `row ${n}`).toBe(n);
  // At most the last batch, of which the answer was lost, is there beyond what was acknowledged; and that whole.
  const rows = [...stored.values()];
  expect(new Set(rows).size).toBe(rows.length);
  expect([0, BATCH]).toContain(rows.length - acknowledged.size);
  const { body } = await client(server.url).get<Schemas['Study']>(`/v1/studies/${id}`);
  expect(body.trial_counts.completed).toBe(rows.length);
  expect(unanswered).toBe(KILLS);
  expect(batches).toBeGreaterThan(KILLS);
  expect(await server.stop()).toBe(0);
}, 120_000);

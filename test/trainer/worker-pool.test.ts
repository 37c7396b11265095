// Worker threads that are asked ahead: answers in order while the asking thread is blocked, and failures that are heard.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WorkerPool } from '../../trainer/worker-pool.js';
import { temporaryFolder } from '../store/temporary-store.js';

const WORKER = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', (n) => {
  if (n < 0) throw new Error('below zero');
  parentPort.postMessage({ square: n * n, at: Date.now() });
});`;

function start(size: number): WorkerPool<number, { square: number; at: number }> {
  const file = join(temporaryFolder(), 'worker.mjs');
  writeFileSync(file, WORKER);
  const pool = new WorkerPool<number, { square: number; at: number }>(file, size);
  onTestFinished(() => pool.close());
  return pool;
}

it('answers in the order of the requests, also while the thread that asks is blocked', async () => {
  const pool = start(2);
  await pool.ask(0, 0);
  const asked = [1, 2, 3, 4].map((n) => pool.ask(n % 2, n));
  const until = Date.now() + 500;
  while (Date.now() < until);
  const replies = await Promise.all(asked);
  expect(replies.map(({ square }) => square)).toEqual([1, 4, 9, 16]);
  expect(replies[1]!.at).toBeLessThan(until);
});

it('rejects what was asked of a worker that fails, and everything after; and what was open when it is closed', async () => {
  const failing = start(2);
  const lost = [failing.ask(0, -1), failing.ask(0, 2)];
  for (const request of lost) await expect(request).rejects.toThrow('below zero');
  await expect(failing.ask(1, 3)).rejects.toThrow('below zero');
  const closing = start(1);
  const open = closing.ask(0, 5);
  const heard = expect(open).rejects.toThrow('The workers were stopped');
  await closing.close();
  await heard;
});

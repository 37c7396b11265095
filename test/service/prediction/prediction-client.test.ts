// The queue in front of the prediction worker: its bound, deadlines, and places that become free. Requests wait for a device.
import { expect, it } from 'vitest';
import { PredictionClient } from '../../../service/prediction/prediction-client.js';
import { Throughput } from '../../../service/prediction/throughput.js';
import type { Device } from '../../../trainer/devices/device.js';

function queueOf(maxWaitingQueries: number, makeThroughput?: () => Throughput) {
  let fail: (error: Error) => void = () => {};
  const device = new Promise<Device>((_, reject) => {
    fail = reject;
  });
  const worker = {
    mayFallBack: false,
    databaseFile: 'none',
    cacheFolder: 'none',
    loadedModels: 1,
    maxContextTrials: 1,
    maxContextCharacters: 1e6,
    threads: 1,
  };
  const client = new PredictionClient({ ...worker, device, maxWaitingQueries }, makeThroughput);
  const ask = (queries: number, { signal = new AbortController().signal, timeoutMs = 60_000 } = {}) => {
    const input = { modelId: 'm', modelDir: 'm', studyId: 's', queries: [], levels: [], includeExperts: false };
    const answer = client.ask('predict', input, { queries, signal, timeoutMs });
    answer.catch(() => {});
    return answer;
  };
  return { client, ask, fail };
}

it('holds a bounded number of queries, and says when to come again', async () => {
  const { ask, fail } = queueOf(1000);
  const first = ask(900);
  await expect(ask(101)).rejects.toMatchObject({
    code: 'too_many_predictions',
    message: expect.stringMatching(/^900 queries are waiting, 1000 may; try again in \d+ s$/),
    details: { headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) } },
  });
  const second = ask(100);
  await expect(ask(1)).rejects.toMatchObject({ code: 'too_many_predictions' });
  fail(new Error('no device'));
  for (const answer of [first, second])
    await expect(answer).rejects.toMatchObject({ code: 'prediction_failed', message: 'no device' });
  // Their places are free again.
  await expect(ask(1000)).rejects.toMatchObject({ code: 'prediction_failed' });
});

it('lets a request in that is larger than the whole queue when nothing else waits', async () => {
  const { ask, fail } = queueOf(10);
  const answer = ask(50);
  await expect(ask(1)).rejects.toMatchObject({ code: 'too_many_predictions' });
  fail(new Error('no device'));
  await expect(answer).rejects.toMatchObject({ code: 'prediction_failed' });
});

it('frees the place of a request whose client has gone', async () => {
  const { ask } = queueOf(10);
  const gone = new AbortController();
  const answer = ask(10, { signal: gone.signal });
  await expect(ask(1)).rejects.toMatchObject({ code: 'too_many_predictions' });
  gone.abort();
  await expect(answer).rejects.toMatchObject({ code: 'request_cancelled' });
  await expect(ask(10, { signal: gone.signal })).rejects.toMatchObject({ code: 'request_cancelled' });
  await expect(ask(10, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

it('waits no longer than it was told to, and frees the place then', async () => {
  const { ask } = queueOf(10);
  await expect(ask(10, { timeoutMs: 5 })).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: expect.stringContaining('within 5 ms'),
  });
  await expect(ask(10, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

/** One that has measured 100 queries a second. */
function measured(): Throughput {
  let now = 0;
  const throughput = new Throughput(() => now);
  for (; now < 200_000; now += 1000) throughput.answered(100);
  return throughput;
}

it('refuses at once what is not likely to be answered in time; short requests wait in a line of their own', async () => {
  const { ask } = queueOf(10_000, measured);
  void ask(2000);
  // Two fifths of the time count: 20 s are enough for 2000 queries.
  await expect(ask(3000, { timeoutMs: 50_000 })).rejects.toMatchObject({
    code: 'too_many_predictions',
    message: expect.stringMatching(/^no answer is likely within 50000 ms, .* try again in 20 s$/),
  });
  const outcomes: string[] = [];
  for (const answer of [ask(3000, { timeoutMs: 130_000 }), ask(1, { timeoutMs: 100 })])
    void answer.catch(({ code }: { code: string }) => outcomes.push(code));
  await expect.poll(() => outcomes).toEqual(['deadline_exceeded']);
});

it('refuses what waits once it has become too slow for it, and not what is worked on', async () => {
  let now = 0;
  const slower = () => {
    const throughput = new Throughput(() => now);
    for (; now < 200_000; now += 1000) throughput.answered(100);
    return throughput;
  };
  const made: Throughput[] = [];
  const { ask, fail } = queueOf(10_000, () => {
    const throughput = slower();
    made.push(throughput);
    return throughput;
  });
  const outcomes = new Map<number, string>();
  // At 100 a second all would be answered within 20 s, of the 60 that they have.
  for (let i = 0; i < 6; i++) {
    ask(i === 5 ? 100 : 400).catch(({ code, message }) => outcomes.set(i, `${code}: ${message}`));
  }
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(outcomes.size).toBe(0);
  for (const throughput of made) {
    for (let i = 0; i < 20; i++) {
      now += 10_000;
      throughput.answered(390);
    }
  }
  // At 39 a second 2000 queries take 51 s, which is more than four fifths of the 59 that are left. Then the last has only 1700 before it.
  await expect.poll(() => [...outcomes.keys()], { timeout: 3000 }).toEqual([4]);
  expect(outcomes.get(4)).toMatch(/^too_many_predictions: no answer is likely within 60000 ms, .* try again in \d+ s$/);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(outcomes.size).toBe(1);
  fail(new Error('no device'));
});

it('takes nothing more when the server stops', async () => {
  const { client, ask } = queueOf(10);
  await client.close();
  await expect(ask(1)).rejects.toMatchObject({ code: 'shutting_down' });
});

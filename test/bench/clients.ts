// 200 clients for two minutes against a server in a process of its own: nothing lost, nothing doubled, no 5xx, reads in time.
// Usage: npm run bench:clients -- [--clients 200] [--seconds 120] [--model DIR] [--pause 500] [--seed 1]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { startProcess } from '../service/server-process.js';

import { TINY_TRAINING } from '../tiny-training.js';
import { LoadClient } from './load-client.js';
import { compareWithDatabase, type Kind, quantile, runClients } from './many-clients.js';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '120' },
    /** Directory of a trained model; `tiny`: one of two steps is trained first. */
    model: { type: 'string', default: 'shipped' },
    /** Mean pause of a client between two requests, in ms. */
    pause: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
  },
});
/** What is promised of reads. */
const READ_P99_MS = 100;

const dataDir = mkdtempSync(join(tmpdir(), 'omnireg-clients-'));
const tiny = values.model === 'tiny';
const server = await startProcess(dataDir, { OMNIREG_BASE_MODEL: tiny ? 'none' : values.model! });
try {
  console.log(
    `${cpus()[0]!.model}, ${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} at the start`,
  );
  if (tiny) await trainTiny(server.url);
  const seconds = Number(values.seconds);
  const rampSeconds = Math.min(5, seconds / 4);
  const options = { clients: Number(values.clients), seconds, rampSeconds, pauseMs: Number(values.pause) };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const tally = await runClients({
    ...options,
    url: server.url,
    seed: Number(values.seed),
    writes: 0.35,
    predictions: 0.05,
  });
  const resident = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]);
  const inside = serverSide(await fetch(`${server.url}/metrics`).then((it) => it.text()));
  const exit = await server.stop();
  const faults = compareWithDatabase(join(dataDir, 'omnireg.sqlite'), tally);
  const requests = [...tally.statuses.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${options.clients} clients, ${options.seconds} s: ${requests} requests, ${(requests / options.seconds).toFixed(0)} a second`,
  );
  console.log(
    [...tally.statuses]
      .sort()
      .map(([key, count]) => `${count} × ${key}`)
      .join(', '),
  );
  for (const kind of ['read', 'write', 'prediction'] as Kind[]) {
    const times = tally.ms[kind];
    console.log(
      `${kind}: ms p50 / p95 / p99 / max ${[0.5, 0.95, 0.99, 1].map((p) => quantile(times, p).toFixed(1)).join(' / ')}`,
    );
  }
  console.log(`in the server alone, reads: ${inside}`);
  const held = [99, 100].map((percentile) => (delay.percentile(percentile) / 1e6).toFixed(0));
  console.log(
    `the clients' own process was held up, ms p99 / max ${held.join(' / ')}, load ${loadavg()[0]!.toFixed(1)} at the end`,
  );
  console.log(
    `${tally.kept.size} trials acknowledged, ${tally.sent.size} sent; the server's peak was ${(resident / 1024).toFixed(0)} MB, it ended with ${exit}`,
  );
  for (const fault of faults.slice(0, 20)) console.log(`FAULT: ${fault}`);
  const late = quantile(tally.ms.read, 0.99);
  if (late >= READ_P99_MS) console.log(`FAULT: p99 of reads is ${late.toFixed(1)} ms, ${READ_P99_MS} are promised`);
  process.exitCode = faults.length > 0 || late >= READ_P99_MS || exit !== 0 ? 1 : 0;
} finally {
  await server.kill();
  rmSync(dataDir, { recursive: true, force: true });
}

/** What of the reads was over within which time, as the server saw it: the clients share the machine, and wait for it too. */
function serverSide(metrics: string): string {
  const within = new Map<string, number>();
  const series =
    /^omnireg_http_request_duration_seconds_bucket\{le="([^"]+)",method="GET",route="\/v1\/[^"]*"\} (\d+)$/gm;
  for (const [, end, count] of metrics.matchAll(series)) within.set(end!, (within.get(end!) ?? 0) + Number(count));
  const all = within.get('+Inf') ?? 0;
  const share = (end: string) =>
    `${((100 * (within.get(end) ?? 0)) / all).toFixed(2)}% within ${1000 * Number(end)} ms`;
  return ['0.01', '0.1', '1'].map(share).join(', ');
}

async function trainTiny(url: string): Promise<void> {
  const client = new LoadClient(url);
  const study = JSON.parse((await client.send('/v1/studies', { name: 'to train on' })).body) as { id: string };
  const trials = Array.from({ length: 24 }, (_, level) => ({ x: { level }, y: level }));
  await client.send(`/v1/studies/${study.id}/trials:batch`, { trials });
  const asked = { studies: [study.id], hyperparameters: TINY_TRAINING };
  const job = JSON.parse((await client.send('/v1/fine-tuning-jobs', asked)).body) as { id: string };
  // Streams end with the job.
  await fetch(`${url}/v1/fine-tuning-jobs/${job.id}/events`, { headers: { accept: 'text/event-stream' } }).then((it) =>
    it.text(),
  );
  client.close();
}

// A server under load, as a process of its own: cold start, warm latency, throughput, then a minute of more than it can do.
// Usage: npm run bench:load -- --model <directory of a trained model> [--seconds 60] [--warm 10]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { JsonObject, StudyData } from '../../trainer/types.js';
import { type ServerProcess, startProcess } from '../service/server-process.js';
import { compressionStudies } from './demo-data.js';
import { LoadClient, type Sent } from './load-client.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    /** Seconds of each measurement without load. */
    warm: { type: 'string', default: '10' },
  },
});
if (!options.model) throw new Error('--model: name the directory of a trained model, such as one of `npm run demo`');

const LARGE = 256;
/** Clients of the load: those of single queries, of 256, and those that go away before they are answered. */
const CLIENTS = { single: 48, large: 20, leaving: 2 };
/** After this long a client of the last kind goes away, in ms. */
const PATIENCE_MS = 200;
/** A refused client tries again after this long, and not when it was told to: the queue is to stay full. In ms. */
const PAUSE_MS = 100;
const HEALTH_MS = 20;
const STUDY_SIZES = [20, 50, 100, 160];
const SETTINGS = { OMNIREG_BASE_MODEL: options.model };

interface Asked {
  id: string;
  /** Parameters that its trials do not have. */
  xs: JsonObject[];
}

const quantile = (values: readonly number[], p: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? Number.NaN;
const ms = (values: readonly number[], ...ps: number[]) => ps.map((p) => quantile(values, p).toFixed(1)).join(' / ');
const mb = (kilobytes: number) => (kilobytes / 1024).toFixed(0);

function residentKilobytes({ process: child }: ServerProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]);
}

async function upload(client: LoadClient, { metadata, objective, trials }: StudyData, size: number): Promise<Asked> {
  const { name, ...rest } = metadata;
  const study = { name: `${name} ${size}`, metadata: rest, objectives: [objective] };
  const { body } = await client.send('/v1/studies', study);
  const { id } = JSON.parse(body) as { id: string };
  const sent = trials.slice(0, size).map(({ x, y }) => (y === null ? { x, status: 'infeasible' } : { x, y }));
  await client.send(`/v1/studies/${id}/trials:batch`, { trials: sent });
  return { id, xs: trials.slice(size).map(({ x }) => x) };
}

let turn = 0;
function predict(client: LoadClient, { id, xs }: Asked, count: number, signal?: AbortSignal, more = {}): Promise<Sent> {
  const queries = Array.from({ length: count }, () => xs[turn++ % xs.length]!);
  return client.send(`/v1/studies/${id}/predictions`, { queries, ...more }, signal);
}

/** Calls until the time is up; the times that the calls took, in ms. */
async function repeat(seconds: number, call: () => Promise<Sent>): Promise<number[]> {
  const times: number[] = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const { status, ms: took, body } = await call();
    if (status !== 200) throw new Error(`without load an answer was ${status}: ${body}`);
    times.push(took);
  }
  return times;
}

/** From the start of the process to its first answer, on a data folder with a study in it. */
async function coldStart(
  dataDir: string,
  study: Asked,
  which: string,
): Promise<{ server: ServerProcess; client: LoadClient }> {
  const begun = performance.now();
  const server = await startProcess(dataDir, SETTINGS);
  const listening = performance.now() - begun;
  const client = new LoadClient(server.url);
  const { status } = await predict(client, study, 1);
  const answered = performance.now() - begun;
  console.log(
    `cold start, ${which}: listens after ${listening.toFixed(0)} ms, first answer (${status}) after ${answered.toFixed(0)} ms`,
  );
  return { server, client };
}

interface Tally {
  statuses: Map<string, number>;
  singleMs: number[];
  answeredQueries: number;
  left: number;
  healthMs: number[];
  residentKb: number[];
}

/** Everybody asks as fast as they are answered. */
async function saturate(server: ServerProcess, client: LoadClient, studies: Asked[], seconds: number): Promise<Tally> {
  const tally: Tally = { statuses: new Map(), singleMs: [], answeredQueries: 0, left: 0, healthMs: [], residentKb: [] };
  const over = performance.now() + 1000 * seconds;
  const each = (count: number, kind: string, queries: number, leaves = false) =>
    Array.from({ length: count }, async (_, i) => {
      while (performance.now() < over) {
        const study = studies[(i + turn) % studies.length]!;
        const signal = leaves ? AbortSignal.timeout(PATIENCE_MS) : undefined;
        const sent = await predict(client, study, queries, signal).catch((error: unknown) => {
          if (signal?.aborted) return undefined;
          throw error;
        });
        if (!sent) {
          tally.left++;
          continue;
        }
        const key = `${sent.status} ${kind}`;
        tally.statuses.set(key, (tally.statuses.get(key) ?? 0) + 1);
        if (sent.status === 429) await sleep(PAUSE_MS);
        if (sent.status !== 200) continue;
        tally.answeredQueries += queries;
        if (kind === 'single') tally.singleMs.push(sent.ms);
      }
    });
  const watch = async () => {
    for (let at = 0; performance.now() < over; at++) {
      const { status, ms: took } = await client.get('/healthz');
      if (status !== 200) throw new Error(`/healthz answered ${status}`);
      tally.healthMs.push(took);
      if (at % 25 === 0) tally.residentKb.push(residentKilobytes(server));
      await sleep(HEALTH_MS);
    }
  };
  await Promise.all([
    watch(),
    ...each(CLIENTS.single, 'single', 1),
    ...each(CLIENTS.large, `of ${LARGE}`, LARGE),
    ...each(CLIENTS.leaving, 'leaving', LARGE, true),
  ]);
  return tally;
}

/** Fills the queue, lets one large request go, and measures how soon its place is given to somebody else. */
async function freedPlace(client: LoadClient, study: Asked): Promise<void> {
  const patient = { timeout_ms: 600_000 };
  const over = new AbortController();
  const going = new AbortController();
  for (let i = 0; i < 4; i++) {
    const signal = i === 3 ? going.signal : over.signal;
    predict(client, study, 1000, signal, patient).catch(() => undefined);
  }
  await sleep(500);
  const refused = await predict(client, study, LARGE, over.signal, patient);
  going.abort();
  const begun = performance.now();
  for (let tries = 1; ; tries++) {
    const answer = predict(client, study, LARGE, over.signal, patient);
    answer.catch(() => undefined);
    // Who is not refused at once is in the queue.
    const sent = await Promise.race([answer, sleep(200)]);
    if (sent?.status === 429) continue;
    const took = performance.now() - begun - (sent ? 0 : 200);
    console.log(
      `full queue: ${refused.status}; a request was cancelled, and another taken in at try ${tries}, after ${took.toFixed(0)} ms`,
    );
    break;
  }
  over.abort();
}

console.log(
  `${cpus()[0]!.model}, ${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} at the start`,
);
const dataDir = mkdtempSync(join(tmpdir(), 'omnireg-load-'));
try {
  const first = await startProcess(dataDir, SETTINGS);
  const uploads = new LoadClient(first.url);
  const sources = await compressionStudies((name) => /logs|prose|source/.test(name));
  const studies: Asked[] = [];
  for (const [i, study] of sources.entries())
    studies.push(await upload(uploads, study, STUDY_SIZES[i % STUDY_SIZES.length]!));
  uploads.close();
  await first.stop();

  const once = await coldStart(dataDir, studies[0]!, 'a study that was never asked about');
  once.client.close();
  await once.server.stop();
  const { server, client } = await coldStart(dataDir, studies[0]!, 'one that was');
  for (const study of studies) await predict(client, study, 1);
  const warm = await repeat(Number(options.warm), () => predict(client, studies[1]!, 1));
  console.log(`one prediction, warm: ${warm.length} calls, ms p50 / p95 ${ms(warm, 0.5, 0.95)}`);
  const batches = await repeat(Number(options.warm), () => predict(client, studies[1]!, LARGE));
  const rate = (1000 * LARGE * batches.length) / batches.reduce((sum, took) => sum + took, 0);
  console.log(
    `batch of ${LARGE}: ${batches.length} calls, ms p50 ${ms(batches, 0.5)}, ${rate.toFixed(0)} predictions a second`,
  );

  const tally = await saturate(server, client, studies, Number(options.seconds));
  const counts = [...tally.statuses].sort().map(([key, count]) => `${count} × ${key}`);
  console.log(`${options.seconds} s of load, ${studies.length} studies: ${counts.join(', ')}; ${tally.left} went away`);
  console.log(
    `  ${(tally.answeredQueries / Number(options.seconds)).toFixed(0)} queries a second; single ones ms p50 / p95 ${ms(tally.singleMs, 0.5, 0.95)}`,
  );
  console.log(`  /healthz: ${tally.healthMs.length} calls, ms p50 / p99 / max ${ms(tally.healthMs, 0.5, 0.99, 1)}`);
  const thirds = [0, 1, 2].map((third) => {
    const { residentKb } = tally;
    return mb(Math.max(...residentKb.slice((third * residentKb.length) / 3, ((third + 1) * residentKb.length) / 3)));
  });
  console.log(`  resident MB, most in each third: ${thirds.join(', ')}`);
  await freedPlace(client, studies[1]!);
  client.close();
  const exit = await server.stop();
  console.log(`the server ended with ${exit}`);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

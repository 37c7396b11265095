// A job's events as server-sent events (WHATWG HTML, 9.2): those so far, then each new one, then `end` with the job.

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { Store } from '../../store/store.js';
import type { Job, JobEvent } from '../../store/types.js';
import type { StreamAnswer } from '../contract/handlers.js';
import { ServiceError } from '../errors.js';
import type { JobRunner, Services } from '../services.js';

interface EventStreamOptions {
  store: Store;
  jobs: JobRunner;
  jobId: string;
  /** Seq of the last event already known. */
  after: number;
  heartbeatMs: number;
  /** The job and its events in the contract's words. */
  present: { job: (job: Job) => object; event: (event: JobEvent) => object };
  /** Aborted when the server closes: the stream ends without `end`, and its reader comes back later. */
  closing: AbortSignal;
}

const PAGE = 500;
/** Another server may be running the job, and its events come without a call: so look at least this often, in ms. */
const POLL_MS = 1000;

/** Seq of the last event that the reader has: what a stream that broke off says comes first. */
export function firstEvent(query: { after?: number }, raw: FastifyRequest): number {
  return Number(raw.headers['last-event-id'] ?? query.after ?? 0);
}

export const wantsStream = (raw: FastifyRequest): boolean => raw.headers.accept?.includes('text/event-stream') ?? false;

/** The answer to who asks for a stream. @throws too_many_streams */
export function streamAnswer(
  { store, jobs, config, closing, streams }: Services,
  jobId: string,
  after: number,
  present: EventStreamOptions['present'],
): StreamAnswer {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  if (streams.open >= config.maxEventStreams) {
    const detail = `${streams.open} are open, and each looks into the database again and again; try again in 10 s, or read pages`;
    throw new ServiceError('too_many_streams', detail, { headers: { 'retry-after': '10' } });
  }
  const heartbeatMs = config.streamHeartbeatMs;
  const stream = eventStream({ store, jobs, jobId, after, heartbeatMs, present, closing });
  streams.open++;
  stream.once('close', () => streams.open--);
  return { status: 200, headers, stream };
}

/** Ends after the job has ended, or when the reader goes away. Reads no faster than the reader does. */
function eventStream(options: EventStreamOptions): Readable {
  return Readable.from(frames(options), { objectMode: false });
}

async function* frames({
  store,
  jobs,
  jobId,
  after,
  heartbeatMs,
  present,
  closing,
}: EventStreamOptions): AsyncGenerator<string> {
  let wake = new AbortController();
  const wakeUp = () => wake.abort();
  const unsubscribe = jobs.subscribe(jobId, wakeUp);
  closing.addEventListener('abort', wakeUp);
  try {
    let silentSince = performance.now();
    // Something at once, so that the reader knows that the connection stands.
    yield ': open\n\n';
    while (!closing.aborted) {
      // The order matters: an event that comes while we read aborts this controller, and so the wait below.
      wake = new AbortController();
      const job = await store.getJob(jobId);
      const { data, hasMore } = await store.listEvents(jobId, { after, limit: PAGE });
      for (const event of data) yield frame(event.type, present.event(event), event.seq);
      if (data.length > 0) {
        after = data.at(-1)!.seq;
        silentSince = performance.now();
      }
      if (hasMore) continue;
      if (job === null) return;
      // Read before the events were: if it had ended by then, these were all.
      if (job.finishedAt !== null) {
        yield frame('end', present.job(job));
        return;
      }
      if (performance.now() - silentSince >= heartbeatMs) {
        yield ': still here\n\n';
        silentSince = performance.now();
      }
      await sleep(Math.min(POLL_MS, heartbeatMs), undefined, { signal: wake.signal }).catch(() => {});
    }
  } finally {
    unsubscribe();
    closing.removeEventListener('abort', wakeUp);
  }
}

function frame(event: string, data: object, id?: number): string {
  // JSON holds no raw line breaks, so one data line is enough.
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

// Follows a fine-tuning job live over server-sent events, through lost connections and restarts of the service.
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ApiError, errorFromResponse } from './errors.js';
import type { HttpClient } from './http.js';
import type { FineTuningJob, FineTuningJobEvent } from './types.js';

export interface FollowOptions {
  signal?: AbortSignal;
  onEvent: (event: FineTuningJobEvent) => void;
}

/** A stream that says nothing for this long is dead: the service sends a comment every 15 seconds. */
const SILENCE_MS = 45_000;
/** A connection that stood this long was a good one, even if nothing happened meanwhile. */
const GOOD_CONNECTION_MS = 5_000;

/**
 * Reports every event of a job once, in order, until the job has ended.
 * @returns The job as it ended.
 * @throws ApiError where the service refuses, or stays away longer than the client's `retryForMs`; the signal's AbortError.
 */
export async function followJob(client: HttpClient, jobId: string, options: FollowOptions): Promise<FineTuningJob> {
  const path = `/v1/fine-tuning-jobs/${encodeURIComponent(jobId)}/events`;
  let lastSeq = 0;
  const attempt = async (): Promise<FineTuningJob | undefined> => {
    const before = lastSeq;
    const opened = performance.now();
    try {
      const job = await readStream(client, path, lastSeq, options.signal, (event) => {
        if (event.seq <= lastSeq) return;
        lastSeq = event.seq;
        options.onEvent(event);
      });
      if (job) return job;
      throw new ApiError('connection_failed', `The events of ${jobId} broke off before the job had ended.`);
    } catch (error) {
      const good = lastSeq > before || performance.now() - opened > GOOD_CONNECTION_MS;
      // Not thrown on: the patience of `retrying` is for connections that bring nothing, one after another.
      if (good && error instanceof ApiError && error.retryable) return undefined;
      throw error;
    }
  };
  for (;;) {
    const ended = await client.retrying(attempt, `GET ${path}`, options.signal);
    if (ended) return ended;
  }
}

/** One connection: undefined where it was closed before the job had ended. */
async function readStream(
  client: HttpClient,
  path: string,
  lastSeq: number,
  signal: AbortSignal | undefined,
  onEvent: (event: FineTuningJobEvent) => void,
): Promise<FineTuningJob | undefined> {
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(client.options.url + path, {
      headers: { accept: 'text/event-stream', ...(lastSeq > 0 ? { 'last-event-id': String(lastSeq) } : {}) },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    if (!response.ok) throw await errorFromResponse(response, `GET ${path}`);
    if (!response.body) return undefined;
    const messages = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream({ onComment: () => void watchdog.refresh() }));
    for await (const message of messages) {
      watchdog.refresh();
      if (message.event === 'end') return JSON.parse(message.data) as FineTuningJob;
      onEvent(JSON.parse(message.data) as FineTuningJobEvent);
    }
    return undefined;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw client.asApiError(error, `GET ${path}`);
  } finally {
    clearTimeout(watchdog);
  }
}

// Follows a fine-tuning job or an evaluation live over server-sent events, through lost connections and restarts of the service.
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ApiError, errorFromResponse } from './errors.js';
import type { HttpClient } from './http.js';
import type { Evaluation, EvaluationEvent, FineTuningJob, FineTuningJobEvent } from './types.js';

export interface FollowOptions<Event> {
  signal?: AbortSignal;
  onEvent: (event: Event) => void;
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
export function followJob(
  client: HttpClient,
  jobId: string,
  options: FollowOptions<FineTuningJobEvent>,
): Promise<FineTuningJob> {
  return follow(client, `/v1/fine-tuning-jobs/${encodeURIComponent(jobId)}/events`, options);
}

/** As `followJob`, for an evaluation. */
export function followEvaluation(
  client: HttpClient,
  id: string,
  options: FollowOptions<EvaluationEvent>,
): Promise<Evaluation> {
  return follow(client, `/v1/evaluations/${encodeURIComponent(id)}/events`, options);
}

async function follow<Event extends { seq: number }, Ended>(
  client: HttpClient,
  path: string,
  options: FollowOptions<Event>,
): Promise<Ended> {
  let lastSeq = 0;
  const attempt = async (): Promise<Ended | undefined> => {
    const before = lastSeq;
    const opened = performance.now();
    try {
      const job = await readStream<Event, Ended>(client, path, lastSeq, options.signal, (event) => {
        if (event.seq <= lastSeq) return;
        lastSeq = event.seq;
        options.onEvent(event);
      });
      if (job) return job;
      throw new ApiError('connection_failed', `The events of ${path.split('/').at(-2)} broke off before it had ended.`);
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
async function readStream<Event, Ended>(
  client: HttpClient,
  path: string,
  lastSeq: number,
  signal: AbortSignal | undefined,
  onEvent: (event: Event) => void,
): Promise<Ended | undefined> {
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
      if (message.event === 'end') return JSON.parse(message.data) as Ended;
      onEvent(JSON.parse(message.data) as Event);
    }
    return undefined;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw client.asApiError(error, `GET ${path}`);
  } finally {
    clearTimeout(watchdog);
  }
}

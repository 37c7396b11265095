// The events of a job, live: an async iterator that opens its connection again, behind the last event, until the job has ended.
import { APIConnectionError, OmniRegError } from './errors.js';
import type { Retry } from './options.js';
import { ServerSentParser } from './sse.js';
import type { RequestOptions, Transport } from './transport.js';

/** How events are followed; `timeout` is for how long the stream may be silent. */
export interface EventOptions extends Omit<RequestOptions, 'idempotencyKey' | 'ifMatch'> {
  /** The `seq` of the last event already known. */
  after?: number | undefined;
}

export const eventDefaults = {
  /** The service sends a comment every 15 s: a stream that brings nothing for this long, in ms, is dead. */
  timeout: 45_000,
  /** Connections that bring nothing, one after another, or what the client is set to where that is more: about a minute, so that a restart is survived. */
  maxRetries: 10,
};

/** A connection that stood this long, in ms, was a good one, even if nothing happened meanwhile. */
const GOOD_CONNECTION_MS = 5_000;

/**
 * Every event once, in order, until the job has ended; `final()` gives the job as it ended. Leaving the loop closes the connection.
 * @throws APIError | APIConnectionError where the service refuses or stays away; the signal's reason
 */
export class EventStream<Event extends { seq: number }, Ended> implements AsyncIterable<Event> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #options: EventOptions & typeof eventDefaults;
  readonly #events: AsyncGenerator<Event, Ended, undefined>;
  #ended: { value: Ended } | undefined;

  constructor(transport: Transport, path: string, options: EventOptions) {
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    this.#transport = transport;
    this.#path = path;
    const maxRetries = Math.max(eventDefaults.maxRetries, transport.settings.maxRetries);
    this.#options = { ...eventDefaults, maxRetries, ...given };
    this.#events = this.#follow();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    try {
      for (let next = await this.#events.next(); ; next = await this.#events.next()) {
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await this.#events.return(undefined as Ended);
    }
  }

  /** Passes over the events that nobody has read, and gives the job as it ended. */
  async final(): Promise<Ended> {
    for await (const _ of this);
    if (this.#ended) return this.#ended.value;
    throw new OmniRegError('invalid_option', 'The events were left before the job had ended. Follow it anew.');
  }

  async *#follow(): AsyncGenerator<Event, Ended, undefined> {
    const { after = 0, maxRetries, signal } = this.#options;
    let last = after;
    for (let failures = 0; ; ) {
      const opened = performance.now();
      let error: unknown;
      try {
        for await (const message of this.#connection(last)) {
          if (message.event === 'end') {
            this.#ended = { value: JSON.parse(message.data) as Ended };
            return this.#ended.value;
          }
          const event = JSON.parse(message.data) as Event;
          if (event.seq <= last) continue;
          last = event.seq;
          failures = 0;
          yield event;
        }
        error = new APIConnectionError(`The events of ${this.#path} broke off before the job had ended.`);
      } catch (thrown) {
        if (signal?.aborted) throw signal.reason;
        error = thrown instanceof OmniRegError ? thrown : this.#transport.connectionError(thrown);
      }
      if (performance.now() - opened > GOOD_CONNECTION_MS) failures = 0;
      const delay = this.#transport.delayBefore(++failures, error);
      if (delay === undefined || failures > maxRetries) throw error;
      await this.#transport.pause({ error: error as Retry['error'], attempt: failures, delay }, signal);
    }
  }

  /** The messages of one connection, until it is closed. */
  async *#connection(last: number) {
    const { timeout, signal, headers } = this.#options;
    const silence = new AbortController();
    const abort = () => silence.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => silence.abort(), timeout);
    };
    const resume: Record<string, string> = last > 0 ? { 'last-event-id': String(last) } : {};
    const request = {
      method: 'GET' as const,
      path: this.#path,
      accept: 'text/event-stream',
      headers: { ...headers, ...resume },
      signal: silence.signal,
      timeout,
    };
    try {
      signal?.throwIfAborted();
      const init = { method: 'GET', headers: this.#transport.headers(request) };
      const { data: response } = await this.#transport.once(request, init, (answer) => answer, true);
      if (!response.body) return;
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new ServerSentParser();
      try {
        for (alive(); ; alive()) {
          const { done, value } = await reader.read();
          if (done) return;
          yield* parser.push(decoder.decode(value, { stream: true }));
        }
      } finally {
        reader.cancel().catch(() => undefined);
      }
    } finally {
      clearTimeout(watchdog);
      signal?.removeEventListener('abort', abort);
    }
  }
}

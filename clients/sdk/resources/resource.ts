// What the resources share: how a call becomes a request.
import { APIPromise } from '../api-promise.js';
import { type EventOptions, EventStream } from '../event-stream.js';
import { type PageBody, PagePromise } from '../page.js';
import type { ApiRequest, RequestOptions, Transport } from '../transport.js';
import type { Rows } from '../types.js';

export interface ListParams {
  /** How many a page holds, 1 to 1,000; by default 100. */
  limit?: number | undefined;
  /** The id of the last one already known. */
  after?: string | undefined;
  /** By time of creation. */
  order?: 'asc' | 'desc' | undefined;
}

export interface EventListParams {
  /** How many to return at most, 1 to 1,000; by default 100. */
  limit?: number | undefined;
  /** The `seq` of the last event already known. */
  after?: number | undefined;
}

/** Models are given longer than the database. */
const ASKING_TIMES = 5;

export class Resource {
  protected readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  protected read<T>(path: string, query: ApiRequest['query'], options: RequestOptions = {}): APIPromise<T> {
    return new APIPromise(this.transport.json<T>({ ...options, method: 'GET', path, query }));
  }

  protected write<T>(path: string, body: unknown, options: RequestOptions = {}): APIPromise<T> {
    return new APIPromise(this.transport.json<T>({ ...options, method: 'POST', path, body }));
  }

  protected change<T>(path: string, body: unknown, options: RequestOptions = {}): APIPromise<T> {
    return new APIPromise(this.transport.json<T>({ ...options, method: 'PATCH', path, body }));
  }

  protected sendRows<T>(
    rows: Rows,
    contentType: string,
    request: Pick<ApiRequest, 'method' | 'path' | 'query'>,
    options: RequestOptions,
  ): APIPromise<T> {
    const isStream = typeof rows === 'object' && 'getReader' in rows;
    const once = isStream ? { maxRetries: 0 } : {};
    return new APIPromise(this.transport.json<T>({ ...options, ...once, ...request, rows, contentType }));
  }

  protected remove(path: string, options: RequestOptions = {}): APIPromise<void> {
    return new APIPromise(this.transport.json<void>({ ...options, method: 'DELETE', path }));
  }

  /** A POST that changes nothing, and so is repeated without a key. */
  protected ask<T>(path: string, body: unknown, options: RequestOptions = {}): APIPromise<T> {
    const timeout = options.timeout ?? ASKING_TIMES * this.transport.settings.timeout;
    return new APIPromise(this.transport.json<T>({ ...options, timeout, method: 'POST', path, body, writes: false }));
  }

  protected page<T>(path: string, params: ListParams & ApiRequest['query'], options: RequestOptions = {}) {
    return new PagePromise<T>(
      (after) => this.transport.json<PageBody<T>>({ ...options, method: 'GET', path, query: { ...params, after } }),
      params.after,
    );
  }

  protected follow<Event extends { seq: number }, Ended>(path: string, options: EventOptions = {}) {
    return new EventStream<Event, Ended>(this.transport, path, options);
  }
}

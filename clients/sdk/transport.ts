// One request of the API over fetch: keys, timeouts, and repetition of what may succeed later.
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  errorFrom,
  NotFoundError,
  OmniRegError,
} from './errors.js';
import { type ClientOptions, type Retry, type Settings, settingsFrom, type WithProcess } from './options.js';
import type { Rows } from './types.js';
import { VERSION } from './version.js';

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** How long one try may take, in ms; Infinity: as long as it takes. */
  timeout?: number | undefined;
  maxRetries?: number | undefined;
  /** For POST: the same request sent again with it is done once. Default: a new one for every write. */
  idempotencyKey?: string | undefined;
  /** Only where the resource still has this `ETag`; else the service answers with 412. */
  ifMatch?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

export interface ApiRequest extends RequestOptions {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash; its parts are encoded, see `path`. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as they are, in place of `body`. */
  rows?: Rows;
  /** Of `rows`. */
  contentType?: string;
  /** Whether the request changes anything, and so needs a key to be repeated. Default: true for POST. */
  writes?: boolean;
  /** Of the answer: JSON unless told otherwise. */
  accept?: string;
}

export class Transport {
  readonly settings: Settings;

  constructor(options: ClientOptions) {
    this.settings = settingsFrom(options);
  }

  /**
   * Sends a request and reads its answer as JSON; undefined where it has no content.
   * @throws APIError | APIConnectionError after the last try; the signal's reason
   */
  json<T>(request: ApiRequest): Promise<{ data: T; response: Response }> {
    return this.#repeated(request, async (response) => {
      const text = await response.text();
      if (text === '' && (response.status === 204 || response.status === 205)) return undefined as T;
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        const message = `${request.method} ${request.path} was answered with something that is not JSON. Is ${this.settings.baseUrl} an OmniReg service?`;
        throw new OmniRegError('unexpected_response', message, { cause });
      }
    });
  }

  /** Sends a request whose answer's body is for the caller to read; once it has begun, only the signal ends it. */
  raw(request: ApiRequest): Promise<{ data: Response; response: Response }> {
    return this.#repeated({ ...request, accept: request.accept ?? '*/*' }, (response) => response, true);
  }

  async #repeated<T>(request: ApiRequest, read: (response: Response) => T | Promise<T>, open = false) {
    const init = this.#init(request);
    const { maxRetries = this.settings.maxRetries, signal } = request;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(request, init, read, open);
      } catch (error) {
        // It was deleted by the try before, whose answer was lost.
        if (attempt > 1 && request.method === 'DELETE' && error instanceof NotFoundError) {
          const response = new Response(null, { status: 204, headers: error.headers });
          return { data: await read(response), response };
        }
        const delay = attempt <= maxRetries ? this.delayBefore(attempt, error) : undefined;
        if (delay === undefined) throw error;
        await this.pause({ error: error as Retry['error'], attempt, delay }, signal);
      }
    }
  }

  /**
   * One try.
   * @param open Whether the connection stands after `read`, until the signal ends it.
   */
  async once<T>(
    request: ApiRequest,
    init: RequestInit,
    read: (response: Response) => T | Promise<T>,
    open = false,
  ): Promise<{ data: T; response: Response }> {
    const { signal, method, path, timeout = this.settings.timeout } = request;
    signal?.throwIfAborted();
    const where = `${method} ${path}`;
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    let timedOut = false;
    const timer = Number.isFinite(timeout)
      ? setTimeout(() => {
          timedOut = true;
          controller.abort();
        }, timeout)
      : undefined;
    let done = false;
    try {
      const response = await this.#fetch(this.#url(request), { ...init, signal: controller.signal });
      if (!response.ok) throw errorFrom(response, await response.text(), where);
      const data = await read(response);
      done = true;
      return { data, response };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof OmniRegError) throw error;
      if (timedOut)
        throw new APIConnectionTimeoutError(`${where} was not answered within ${timeout} ms.`, { cause: error });
      throw this.connectionError(error);
    } finally {
      clearTimeout(timer);
      if (!(open && done)) signal?.removeEventListener('abort', abort);
    }
  }

  /** How long to wait before the next try, in ms; undefined where there should be none. */
  delayBefore(attempt: number, error: unknown): number | undefined {
    if (!(error instanceof OmniRegError) || !error.retryable) return undefined;
    const { initialRetryDelay, maxRetryDelay, maxRetryAfter } = this.settings;
    const asked = error instanceof APIError ? (error.retryAfter ?? 0) : 0;
    if (asked > maxRetryAfter) return undefined;
    const backoff = Math.min(maxRetryDelay, initialRetryDelay * 2 ** (attempt - 1));
    return Math.max(asked, backoff * (1 - 0.25 * Math.random()));
  }

  /** Tells of the repetition and waits. @throws the signal's reason */
  async pause(retry: Retry, signal: AbortSignal | undefined): Promise<void> {
    this.settings.onRetry?.(retry);
    await new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, retry.delay);
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  connectionError(error: unknown): APIConnectionError {
    return new APIConnectionError(`${this.settings.baseUrl} could not be reached (${reasonOf(error)}).`, {
      cause: error,
    });
  }

  headers(request: Pick<ApiRequest, 'accept' | 'headers'>): Record<string, string> {
    const { apiKey, headers } = this.settings;
    return {
      accept: request.accept ?? 'application/json',
      // A browser says who it is by itself, and this header would cost it a question to the service before each request.
      ...(inNode() && { 'user-agent': `omnireg-sdk/${VERSION}` }),
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      ...lowered(headers),
      ...lowered(request.headers),
    };
  }

  #init(request: ApiRequest): RequestInit {
    const { method, body, rows, contentType, idempotencyKey, ifMatch, writes = method === 'POST' } = request;
    const type = rows === undefined ? (body === undefined ? undefined : 'application/json') : contentType;
    const key = idempotencyKey ?? (writes && method === 'POST' ? randomKey() : undefined);
    const headers = {
      ...(type !== undefined && { 'content-type': type }),
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      ...this.headers(request),
    };
    if (rows === undefined) return { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    // A stream is sent as it comes only where it is said that the answer waits for its end.
    return { method, headers, body: rows as string, duplex: 'half' } as RequestInit;
  }

  #url({ path, query = {} }: ApiRequest): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
    }
    const text = search.toString();
    return `${this.settings.baseUrl}${path}${text === '' ? '' : `?${text}`}`;
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    // The global one wants to be called as such, and may be replaced after this client was made.
    return this.settings.fetch ? this.settings.fetch(url, init) : fetch(url, init);
  }
}

/** A path with its parts encoded, so that no id can reach another path: path\`/v1/studies/${id}\`. */
export function path(texts: TemplateStringsArray, ...ids: readonly string[]): string {
  return texts.reduce((whole, text, i) => {
    const id = ids[i - 1]!;
    // "." and ".." would be taken for steps in the path, encoded or not.
    if (typeof id !== 'string' || /^\.{0,2}$/.test(id)) {
      throw new OmniRegError('invalid_option', `${JSON.stringify(id)} is no id. Take ids from answers of the service.`);
    }
    return whole + encodeURIComponent(id) + text;
  });
}

function inNode(): boolean {
  return (globalThis as WithProcess).process?.versions?.node !== undefined;
}

/** 128 random bits in hexadecimal; unlike randomUUID also to be had on pages that came over plain HTTP. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function lowered(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** What fetch hides in the cause of its "fetch failed", such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as unknown) : undefined;
  const first = (cause as { errors?: unknown[] } | undefined)?.errors?.[0];
  if (first !== undefined) return reasonOf(first);
  for (const candidate of [cause, error]) {
    const code = (candidate as { code?: unknown } | undefined)?.code;
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.message : String(error);
}

// The client against a server that misbehaves on purpose: busy, broken off, slow, not ours.
import { describe, expect, test } from 'vitest';
import * as sdk from '../../../clients/sdk/index.js';
import { OmniReg, type Retry } from '../../../clients/sdk/index.js';
import { breakOff, json, problem, serverWith } from './misbehaving-server.js';

const study = { id: 'study_1', object: 'study', name: 'a' };

describe('repetition', () => {
  test('a write is sent again with the same key until it is answered', async () => {
    const { seen, client } = await serverWith(breakOff, problem(503, 'shutting_down'), json(201, study));
    await expect(client().studies.create({ name: 'a' })).resolves.toEqual(study);
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /v1/studies'));
    const keys = new Set(seen.map(({ headers }) => headers['idempotency-key']));
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(seen.map(({ body }) => body))).toEqual(new Set(['{"name":"a"}']));
  });

  test('two writes have two keys, one’s own is sent as it is, and what changes nothing has none', async () => {
    const { seen, client } = await serverWith(json(201, study));
    const { studies } = client();
    await studies.create({ name: 'a' });
    await studies.create({ name: 'a' });
    await studies.create({ name: 'a' }, { idempotencyKey: 'mine' });
    await studies.predict('study_1', { queries: [{ a: 1 }] });
    await studies.get('study_1');
    const keys = seen.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys.slice(0, 2)).size).toBe(2);
    expect(keys.slice(2)).toEqual(['mine', undefined, undefined]);
  });

  test.each([408, 429, 502, 503, 504])('status %i is tried again, as often as it is told', async (status) => {
    const { seen, client } = await serverWith(problem(status, 'some_code'));
    await expect(client().studies.get('x')).rejects.toMatchObject({ status, code: 'some_code' });
    expect(seen).toHaveLength(3);
    await expect(client({ maxRetries: 0 }).studies.get('x')).rejects.toMatchObject({ status });
    expect(seen).toHaveLength(4);
    await expect(client().studies.get('x', { maxRetries: 4 })).rejects.toMatchObject({ status });
    expect(seen).toHaveLength(9);
  });

  test.each([400, 401, 403, 404, 409, 412, 413, 418, 422, 500, 501, 507])('status %i is not', async (status) => {
    const { seen, client } = await serverWith(problem(status, 'some_code'));
    await expect(client().studies.get('x')).rejects.toMatchObject({ status, message: 'detail of some_code' });
    expect(seen).toHaveLength(1);
  });

  test('what a lost answer had deleted counts as deleted; what was never there does not', async () => {
    const gone = problem(404, 'model_not_found');
    const { seen, client } = await serverWith(breakOff, gone);
    await expect(client().models.delete('model_1')).resolves.toBeUndefined();
    expect(seen).toHaveLength(2);
    const never = await serverWith(gone);
    await expect(never.client().models.delete('model_1')).rejects.toBeInstanceOf(sdk.NotFoundError);
    const read = await serverWith(breakOff, gone);
    await expect(read.client().models.get('model_1')).rejects.toBeInstanceOf(sdk.NotFoundError);
  });

  test('pauses double up to the longest, less a quarter at most', async () => {
    const retries: Retry[] = [];
    const { client } = await serverWith(problem(503, 'shutting_down'));
    const options = {
      maxRetries: 6,
      initialRetryDelay: 8,
      maxRetryDelay: 60,
      onRetry: (retry: Retry) => retries.push(retry),
    };
    await expect(client(options).health()).rejects.toThrow();
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    [8, 16, 32, 60, 60, 60].forEach((most, i) => {
      expect(retries[i]!.delay).toBeLessThanOrEqual(most);
      expect(retries[i]!.delay).toBeGreaterThanOrEqual(0.75 * most);
    });
    expect(new Set(retries.map(({ delay }) => delay)).size).toBe(6);
  });

  test('Retry-After is obeyed, in seconds and as a date, unless it asks for too long', async () => {
    const busy = (after: string) => problem(429, 'too_many_predictions', { 'retry-after': after });
    const { client } = await serverWith(busy('1'), json(200, study));
    const started = performance.now();
    await client().studies.get('study_1');
    expect(performance.now() - started).toBeGreaterThan(990);

    const soon = new Date(Date.now() + 30_000).toUTCString();
    const dated = await serverWith(busy(soon));
    const error = await dated
      .client({ maxRetryAfter: 10_000 })
      .health()
      .catch((thrown: unknown) => thrown);
    expect(dated.seen).toHaveLength(1);
    expect(error).toBeInstanceOf(sdk.RateLimitError);
    expect((error as sdk.RateLimitError).retryAfter).toBeGreaterThan(27_000);
    expect((error as sdk.RateLimitError).retryAfter).toBeLessThanOrEqual(30_000);
  });

  test('onRetry can put an end to it', async () => {
    const { seen, client } = await serverWith(problem(503, 'shutting_down'));
    const enough = new Error('enough');
    const onRetry = () => {
      throw enough;
    };
    await expect(client({ onRetry }).health()).rejects.toBe(enough);
    expect(seen).toHaveLength(1);
  });
});

describe('errors', () => {
  const classes = {
    400: sdk.BadRequestError,
    401: sdk.AuthenticationError,
    403: sdk.PermissionDeniedError,
    404: sdk.NotFoundError,
    409: sdk.ConflictError,
    412: sdk.PreconditionFailedError,
    413: sdk.ContentTooLargeError,
    418: sdk.APIError,
    422: sdk.UnprocessableEntityError,
    429: sdk.RateLimitError,
    500: sdk.InternalServerError,
    507: sdk.InternalServerError,
  };
  test.each(Object.entries(classes))('%s has its class', async (status, Class) => {
    const { client } = await serverWith(problem(Number(status), 'some_code', { 'x-request-id': 'req_7' }));
    const error = await client({ maxRetries: 0 })
      .health()
      .catch((thrown: unknown) => thrown as sdk.APIError);
    expect(error).toBeInstanceOf(sdk.OmniRegError);
    expect(error).toMatchObject({ name: Class.name, status: Number(status), code: 'some_code', requestId: 'req_7' });
    expect((error as object).constructor).toBe(Class);
  });

  test('each field that is wrong is listed with its pointer and fix', async () => {
    const errors = [{ pointer: '/metdata', code: 'unknown_field', detail: 'is not known', fix: 'Did you mean …' }];
    const { client } = await serverWith(
      json(400, { type: 'x', title: 'x', status: 400, code: 'invalid_request', detail: 'x', errors }),
    );
    await expect(client().studies.create({ name: '' })).rejects.toMatchObject({ code: 'invalid_request', errors });
  });

  test('nobody there', async () => {
    const client = new OmniReg({ baseUrl: 'http://127.0.0.1:2', initialRetryDelay: 1 });
    const error = await client.health().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(sdk.APIConnectionError);
    expect(error).toMatchObject({ code: 'connection_failed', message: expect.stringContaining('ECONNREFUSED') });
  });

  test('an answer that breaks off in the middle', async () => {
    const { client } = await serverWith((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"id":', () => response.socket?.destroy());
    });
    await expect(client().health()).rejects.toMatchObject({ code: 'connection_failed' });
  });

  test('a server that is not ours is named as such', async () => {
    const { client, url, seen } = await serverWith(
      (response) => void response.writeHead(200).end('<html>'),
      (response) => void response.writeHead(404).end('<html>'),
    );
    await expect(client().health()).rejects.toMatchObject({
      code: 'unexpected_response',
      message: expect.stringContaining(url),
    });
    await expect(client().health()).rejects.toMatchObject({
      code: 'unexpected_response',
      status: 404,
      message: expect.stringContaining('<html>'),
    });
    expect(seen).toHaveLength(2);
  });
});

describe('time', () => {
  test('a request that takes too long is given up, be it the answer’s head or its body', async () => {
    for (const handler of [
      () => undefined,
      (response: { writeHead: (n: number) => { write: (s: string) => void } }) => response.writeHead(200).write('{'),
    ]) {
      const { client } = await serverWith(handler as () => void);
      const error = await client({ timeout: 30, maxRetries: 0 })
        .health()
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(sdk.APIConnectionTimeoutError);
      expect(error).toBeInstanceOf(sdk.APIConnectionError);
      expect(error).toMatchObject({ code: 'request_timeout', message: 'GET /healthz was not answered within 30 ms.' });
    }
  });

  test('an abort ends a request, and the waiting between two, with the signal’s own reason', async () => {
    const { client } = await serverWith(problem(503, 'shutting_down', { 'retry-after': '30' }));
    const hanging = await serverWith(() => undefined);
    for (const one of [client(), hanging.client()]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 50);
      const error = await one.health({ signal: abort.signal }).catch((thrown: unknown) => thrown);
      expect(error).toBe(abort.signal.reason);
      expect(error).toMatchObject({ name: 'AbortError' });
    }
    const { seen, client: never } = await serverWith(json(200, {}));
    await expect(never().health({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toHaveLength(0);
  });
});

describe('what is sent', () => {
  test('the key, headers of the client and of the call, the path in front', async () => {
    const { url, seen } = await serverWith(json(200, study));
    const client = new OmniReg({ baseUrl: `${url}/omnireg/`, apiKey: 'ork_1', headers: { 'X-Team': 'a', 'X-B': '1' } });
    await client.studies.get('study_1', { headers: { 'x-b': '2' }, ifMatch: '"7"' });
    expect(seen[0]).toMatchObject({
      path: '/omnireg/v1/studies/study_1',
      headers: {
        authorization: 'Bearer ork_1',
        'x-team': 'a',
        'x-b': '2',
        'if-match': '"7"',
        'user-agent': `omnireg-sdk/${sdk.VERSION}`,
      },
    });
  });

  test('no id reaches another path', async () => {
    const { seen, client } = await serverWith(json(200, study));
    await client().studies.get('../models?x=1#y');
    expect(seen[0]!.path).toBe('/v1/studies/..%2Fmodels%3Fx%3D1%23y');
    for (const id of ['', '.', '..', undefined as unknown as string]) {
      expect(() => client().studies.get(id)).toThrow(/is no id/);
    }
    expect(seen).toHaveLength(1);
  });

  test('only what is set goes into the query', async () => {
    const { seen, client } = await serverWith(json(200, { data: [], has_more: false }));
    await client().studies.list({ limit: 5, after: undefined, name: 'a b&c' });
    expect(seen[0]!.path).toBe('/v1/studies?limit=5&name=a+b%26c');
  });

  test('settings come from the environment where the program says nothing', async () => {
    const { url, seen } = await serverWith(json(200, study));
    process.env.OMNIREG_URL = url;
    process.env.OMNIREG_API_KEY = 'ork_env';
    try {
      await new OmniReg().studies.get('a');
      await new OmniReg({ apiKey: 'ork_own' }).studies.get('a');
    } finally {
      delete process.env.OMNIREG_URL;
      delete process.env.OMNIREG_API_KEY;
    }
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer ork_env', 'Bearer ork_own']);
  });

  test('options that cannot be used are refused', () => {
    expect(() => new OmniReg({ baseURL: 'http://a' } as object)).toThrow(/Did you mean "baseUrl"\?/);
    expect(() => new OmniReg({ retries: 1 } as object)).toThrow(/Known options are baseUrl, /);
    for (const baseUrl of ['localhost:8080', 'ftp://a', 'http://', '']) {
      expect(() => new OmniReg({ baseUrl })).toThrow(/is no address/);
    }
  });

  test('an own fetch is what requests are made with', async () => {
    const urls: string[] = [];
    const client = new OmniReg({
      baseUrl: 'http://nowhere.invalid',
      fetch: async (url) => {
        urls.push(url);
        return new Response('{"status":"ok"}', { headers: { 'x-request-id': 'req_1' } });
      },
    });
    const { data, response, requestId } = await client.health().withResponse();
    expect({ data, status: response.status, requestId }).toEqual({
      data: { status: 'ok' },
      status: 200,
      requestId: 'req_1',
    });
    expect(urls).toEqual(['http://nowhere.invalid/healthz']);
  });

  test('an answer without content is nothing, not an error', async () => {
    const { client } = await serverWith((response) => void response.writeHead(204).end());
    await expect(client().request({ method: 'DELETE', path: '/v1/models/m' })).resolves.toBeUndefined();
  });
});

describe('pages', () => {
  const page = (ids: string[], more: boolean) =>
    json(200, {
      object: 'list',
      data: ids.map((id) => ({ id })),
      has_more: more,
      first_id: ids[0] ?? null,
      last_id: ids.at(-1) ?? null,
    });
  const three = () => serverWith(page(['a', 'b'], true), page(['c', 'd'], true), page(['e'], false));

  test('awaited are one page, iterated all entries', async () => {
    const { seen, client } = await three();
    const first = await client().studies.list({ limit: 2 });
    expect(first.data.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(seen).toHaveLength(1);
    const ids: string[] = [];
    for await (const { id } of first) ids.push(id);
    expect(ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(seen.map(({ path }) => path)).toEqual([
      '/v1/studies?limit=2',
      '/v1/studies?limit=2&after=b',
      '/v1/studies?limit=2&after=d',
    ]);
    expect(await (await (await first.nextPage())?.nextPage())?.nextPage()).toBeUndefined();
  });

  test('are fetched as they are needed', async () => {
    const { seen, client } = await three();
    for await (const { id } of client().studies.list()) if (id === 'c') break;
    expect(seen).toHaveLength(2);
  });

  test('can be gone through page by page', async () => {
    const { client } = await three();
    const sizes: number[] = [];
    for await (const { data } of client().studies.trials.list('study_1').pages()) sizes.push(data.length);
    expect(sizes).toEqual([2, 2, 1]);
  });
});

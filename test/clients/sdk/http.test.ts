// The client against a server that misbehaves on purpose: busy, broken off, not ours.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { HttpClient, type HttpClientOptions } from '../../../clients/sdk/http.js';
import { followJob } from '../../../clients/sdk/job-events.js';

interface Seen {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Answers the n-th request with the n-th handler, the last one from then on. */
async function serverWith(...handlers: ((response: ServerResponse, seen: Seen) => void)[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const one = { method: request.method, path: request.url, headers: request.headers, body };
    const handler = handlers[Math.min(seen.length, handlers.length - 1)]!;
    seen.push(one);
    handler(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    url,
    client: (options: Partial<HttpClientOptions> = {}) => new HttpClient({ url, firstPauseMs: 5, ...options }),
  };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(
    status,
    { type: `urn:omnireg:problem:${code}`, title: code, status, code, detail: `detail of ${code}` },
    headers,
  );
const breakOff = (response: ServerResponse) => void response.socket?.destroy();
const study = { id: 'study_1', object: 'study', name: 'a' };

test('a write is sent again with the same key until it is answered', async () => {
  const { seen, client } = await serverWith(breakOff, problem(503, 'shutting_down'), json(201, study));
  await expect(client().createStudy({ name: 'a' })).resolves.toEqual(study);
  expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('POST /v1/studies'));
  const keys = new Set(seen.map(({ headers }) => headers['idempotency-key']));
  expect(keys.size).toBe(1);
  expect([...keys][0]).toMatch(/^[\x21-\x7e]{16,}$/);
  expect(new Set(seen.map(({ body }) => body))).toEqual(new Set(['{"name":"a"}']));
});

test('two writes have two keys', async () => {
  const { seen, client } = await serverWith(json(201, study));
  await client().createStudy({ name: 'a' });
  await client().createStudy({ name: 'a' });
  expect(seen[0]!.headers['idempotency-key']).not.toBe(seen[1]!.headers['idempotency-key']);
});

test('Retry-After is obeyed', async () => {
  const { client } = await serverWith(problem(429, 'too_many_predictions', { 'retry-after': '1' }), json(200, study));
  const started = performance.now();
  await client().getStudy('study_1');
  expect(performance.now() - started).toBeGreaterThan(990);
});

test.each([400, 404, 409, 422, 500])('status %i is not tried again', async (status) => {
  const { seen, client } = await serverWith(problem(status, 'some_code'));
  await expect(client().getStudy('x')).rejects.toMatchObject({
    name: 'ApiError',
    code: 'some_code',
    status,
    message: 'detail of some_code',
  });
  expect(seen).toHaveLength(1);
});

test('patience ends: soon where nobody ever answered, later where somebody did', async () => {
  const nobody = new HttpClient({ url: 'http://127.0.0.1:2', firstPauseMs: 5, firstContactMs: 60 });
  await expect(nobody.getHealth()).rejects.toMatchObject({
    code: 'connection_failed',
    message: expect.stringContaining('omnireg serve'),
  });
  const { seen, client } = await serverWith(json(200, {}), problem(503, 'database_unavailable'));
  const patient = client({ firstContactMs: 0, retryForMs: 100 });
  await patient.getHealth();
  await expect(patient.getHealth()).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(seen.length).toBeGreaterThan(3);
});

test('a server that is not ours is named as such', async () => {
  const { client, url } = await serverWith(
    (response) => void response.writeHead(200).end('<html>'),
    (response) => void response.writeHead(404).end('<html>'),
  );
  await expect(client().getHealth()).rejects.toMatchObject({
    code: 'unexpected_response',
    message: expect.stringContaining(url),
  });
  await expect(client().getHealth()).rejects.toMatchObject({
    code: 'unexpected_response',
    status: 404,
    message: expect.stringContaining('<html>'),
  });
});

test('a request that takes too long is given up', async () => {
  const { client } = await serverWith(() => undefined);
  await expect(client({ timeoutMs: 30, firstContactMs: 0 }).getHealth()).rejects.toMatchObject({
    code: 'request_timeout',
  });
});

test('an abort ends a request and the waiting between two', async () => {
  const { client } = await serverWith(problem(503, 'shutting_down', { 'retry-after': '30' }));
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  await expect(client({ firstContactMs: 60_000 }).getHealth({ signal: abort.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('a job is followed through broken connections; every event comes once', async () => {
  const event = (seq: number) =>
    `id: ${seq}\nevent: step\ndata: ${JSON.stringify({ seq, type: 'step', data: { step: seq } })}\n\n`;
  const stream = (text: string, after: (response: ServerResponse) => void) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: hello\n\n${text}`, () => after(response));
  };
  const { seen, client } = await serverWith(
    stream(event(1) + event(2), (response) => response.socket?.destroy()),
    problem(503, 'shutting_down'),
    // This server forgot what was asked and starts from the beginning.
    stream(event(1) + event(2) + event(3), (response) => response.end()),
    stream(`${event(4)}event: end\ndata: {"id":"ftjob_1","status":"succeeded"}\n\n`, (response) => response.end()),
  );
  const steps: number[] = [];
  const job = await followJob(client(), 'ftjob_1', { onEvent: ({ seq }) => void steps.push(seq) });
  expect(job).toEqual({ id: 'ftjob_1', status: 'succeeded' });
  expect(steps).toEqual([1, 2, 3, 4]);
  expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2', '3']);
});

test('a stream that only ever breaks off is given up', async () => {
  const { client } = await serverWith(
    json(200, {}),
    (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n'),
  );
  const impatient = client({ retryForMs: 60 });
  await impatient.getHealth();
  await expect(followJob(impatient, 'ftjob_1', { onEvent: () => undefined })).rejects.toMatchObject({
    code: 'connection_failed',
  });
});

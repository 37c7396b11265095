// What surrounds the API: limits on requests, CORS, readiness, metrics, the reference page, names of requests, logs, draining, settings.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { describeSettings, resolveSettings } from '../../service/config.js';
import { entryPoint } from '../../service/entry-point.js';
import { SETTINGS } from '../../service/settings.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { documented } from './contract-check.js';
import { testServer } from './test-server.js';

describe('requests', () => {
  it('are counted by client, and refused beyond their number until the minute is over', async () => {
    const { get, post } = await testServer({ requestsPerMinute: 3 });
    const first = await get('/v1/studies');
    expect(first.headers.get('ratelimit-limit')).toBe('3');
    expect(first.headers.get('ratelimit-remaining')).toBe('2');
    expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(50);
    expect((await get('/v1/nothing')).headers.get('ratelimit-remaining')).toBe('1');
    await get('/v1/models');
    const refused = await post('/v1/studies', { name: 'n' });
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    // Who looks after the server is not counted.
    for (let i = 0; i < 5; i++) expect((await get('/readyz')).status).toBe(200);
  });

  it('keep the name that they were sent with, or get one', async () => {
    const { get } = await testServer();
    const named = await get('/v1/studies', { 'x-request-id': 'trace-01:ab/c' });
    expect(named.headers.get('x-request-id')).toBe('trace-01:ab/c');
    const [one, two] = [await get('/v1/studies'), await get('/v1/none', { 'x-request-id': 'with blank' })];
    expect(one.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(two.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

it('holds no more event streams open than it may, and counts those that closed no more', async () => {
  const { url, post, makeStudy, addTrials } = await testServer({ maxEventStreams: 2 });
  const { id } = await makeStudy();
  await addTrials(id, [
    { x: { a: 1 }, y: 1 },
    { x: { a: 2 }, y: 2 },
  ]);
  const hyperparameters = { ...TINY_TRAINING, steps: 1_000_000 };
  const job = await post<{ id: string }>('/v1/fine-tuning-jobs', { studies: [id], hyperparameters });
  const path = `/v1/fine-tuning-jobs/${job.body.id}/events`;
  const open = async () => {
    const stop = new AbortController();
    const answer = await fetch(url + path, { headers: { accept: 'text/event-stream' }, signal: stop.signal });
    return { stop, status: answer.status, answer };
  };
  const [first] = [await open(), await open()];
  const third = await open();
  expect(third.status).toBe(429);
  expect(third.answer.headers.get('retry-after')).toBe('10');
  expect(await third.answer.json()).toMatchObject({ code: 'too_many_streams' });
  expect((await fetch(url + path)).status).toBe(200);
  first.stop.abort();
  await expect.poll(async () => (await open()).status, { timeout: 5000 }).toBe(200);
  await post(`/v1/fine-tuning-jobs/${job.body.id}:cancel`);
});

describe('web pages', () => {
  const page = { origin: 'https://lab.example' };

  it('of strange origins get nothing from a server without keys', async () => {
    const { url, request } = await testServer();
    const refused = await request('POST', '/v1/studies', { name: 'n' }, page);
    expect(refused).toMatchObject({ status: 403, body: { code: 'origin_not_allowed' } });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    expect((await request('GET', '/v1/studies', undefined, { origin: url })).status).toBe(200);
    expect((await fetch(`${url}/v1/studies`, { method: 'OPTIONS', headers: page })).status).toBe(405);
  });

  it('of origins that are named may call, and read what they need', async () => {
    const { url, request } = await testServer({ corsOrigins: 'https://lab.example, https://other.example/' });
    const asked = { ...page, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'if-match' };
    const preflight = await fetch(`${url}/v1/studies/x`, { method: 'OPTIONS', headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://lab.example');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('idempotency-key');
    const answer = await request('POST', '/v1/studies', { name: 'n' }, page);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('access-control-expose-headers')).toContain('etag');
    const strange = await request('GET', '/v1/studies', undefined, { origin: 'https://evil.example' });
    expect(strange.status).toBe(403);
    expect(strange.headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('says whether it takes requests', async () => {
  const { get } = await testServer();
  expect((await get('/readyz')).body).toMatchObject({ status: 'ready', database: 'ok', model: null });
});

it('counts requests by path of the contract, and tells of jobs, database and process', async () => {
  const { get, makeStudy } = await testServer();
  const { id } = await makeStudy();
  await get(`/v1/studies/${id}`);
  await get('/v1/studies/none');
  await get('/somewhere/else');
  const { headers, body } = await get<string>('/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const value = (series: string) =>
    Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  const path = 'route="/v1/studies/{study_id}"';
  expect(value(`omnireg_http_requests_total{method="GET",${path},status="200"}`)).toBe(1);
  expect(value(`omnireg_http_requests_total{method="GET",${path},status="404"}`)).toBe(1);
  expect(value('omnireg_http_requests_total{method="GET",route="other",status="404"}')).toBe(1);
  expect(value(`omnireg_http_request_duration_seconds_count{method="GET",${path}}`)).toBe(2);
  expect(value('omnireg_jobs{status="queued"}')).toBe(0);
  expect(value('omnireg_database_bytes')).toBeGreaterThan(4096);
  expect(value('omnireg_prediction_queries_waiting{line="short"}')).toBe(0);
  expect(value('omnireg_prediction_queries_total')).toBe(0);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
});

it('shows the contract as it stands, in JSON and as a page that loads nothing', async () => {
  const { get } = await testServer();
  const { body: json } = await get<{ paths: object }>('/openapi.json');
  expect(json).toEqual(parse(readFileSync(packageFile('openapi.yaml'), 'utf8')));
  const { headers, body: html } = await get<string>('/docs');
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
  for (const { id, path } of documented) {
    expect(html).toContain(`id="${id}"`);
    expect(html).toContain(path.replaceAll('&', '&amp;'));
  }
  const anchors = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(anchors).toContain(target);
  expect(html).not.toMatch(/<script|https?:\/\/(?!127\.0\.0\.1|lab\.example)[^<]*"|src=|@import|url\(/);
});

describe('a server that is told to stop', () => {
  it('answers what was begun, refuses what comes behind it, and ends', async () => {
    const { server } = await testServer();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    let said = '';
    socket.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    await once(socket, 'connect');
    const body = JSON.stringify({ name: 'begun before' });
    const head = `host: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    socket.write(`POST /v1/studies HTTP/1.1\r\n${head}\r\n\r\n${body.slice(0, 5)}`);
    await sleep(100);
    const closed = server.close();
    await sleep(100);
    socket.write(`${body.slice(5)}GET /readyz HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
    await Promise.all([closed, once(socket, 'close')]);
    expect(said).toMatch(/^HTTP\/1\.1 201 Created/);
    expect(said).toMatch(/HTTP\/1\.1 503 Service Unavailable[\s\S]*"code":"shutting_down"/);
  });

  it('ends with 0 on SIGTERM, and names every request in its log', async () => {
    const env = { ...process.env, OMNIREG_DEVICE: 'cpu', OMNIREG_PORT: '0', OMNIREG_DATA_DIR: temporaryFolder() };
    const child = spawn(process.execPath, [entryPoint('service/main'), '--log-level', 'info'], { env });
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const headers = { 'x-request-id': 'named-by-me', authorization: 'Bearer ork_of_mine' };
    expect((await fetch(`${url}/v1/studies`, { headers })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const named = log.split('\n').filter((entry) => entry.includes('"reqId":"named-by-me"'));
    expect(named.length).toBeGreaterThanOrEqual(2);
    expect(JSON.parse(named.at(-1)!)).toMatchObject({ res: { statusCode: 200 } });
    expect(log).not.toContain('ork_of_mine');
  });
});

describe('settings', () => {
  it('come from defaults, variables and flags, in this order, and say so', () => {
    const env = { OMNIREG_PORT: '9000', OMNIREG_MAX_QUERIES: '5', OMNIREG_API_KEY: 'of the client' };
    const resolved = resolveSettings({}, env, ['--port=1', '--require-keys', '--log-level', 'info']);
    expect(resolved.config).toMatchObject({ port: 1, maxQueries: 5, requireKeys: true, logLevel: 'info' });
    const { port, maxQueries, requireKeys, host } = resolved.sources;
    expect([port, maxQueries, requireKeys, host]).toEqual(['flag', 'environment', 'flag', 'default']);
    const secret = resolveSettings({}, { OMNIREG_ADMIN_KEY: 's'.repeat(32) });
    const lines = describeSettings(secret);
    expect(lines.find(({ name }) => name === 'adminKey')).toMatchObject({ value: '(set)', source: 'environment' });
    expect(lines.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
  });

  it.each([
    [['--prot', '1'], /--prot is not a setting; did you mean --port\?/],
    [['--port'], /--port needs a value/],
    [['--port', 'x'], /--port must be an integer/],
    [['--require-keys=maybe'], /--require-keys must be true or false/],
    [['--admin-key', 'short'], /--admin-key must be at least 32 characters long$/],
  ])('refuses %j', (flags, message) => expect(() => resolveSettings({}, {}, flags)).toThrow(message));

  it('are printed by the service itself', async () => {
    const env = { PATH: process.env.PATH, OMNIREG_PORT: '9000' };
    const arguments_ = [entryPoint('service/main'), '--print-config', '--max-depth', '3'];
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, { env });
    const lines = JSON.parse(stdout) as ReturnType<typeof describeSettings>;
    expect(lines.filter(({ source }) => source !== 'default')).toMatchObject([
      { name: 'port', value: 9000, source: 'environment', variable: 'OMNIREG_PORT', flag: '--port', default: 8080 },
      { name: 'maxDepth', value: 3, source: 'flag' },
    ]);
  });
});

// What was tried against the service, and what it got. docs/security.md shows it; after a change: UPDATE_DOCS=1 npx vitest run test/service/security.test.ts
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { makeKey } from '../../service/access/api-keys.js';
import { loadContract } from '../../service/contract/load-contract.js';
import { startServer } from '../../service/server.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { holdTable, type PageRow } from '../bad-input-page.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { TINY_TRAINING } from '../tiny-training.js';
import { documented } from './contract-check.js';
import { HOSTILE_TEXTS } from './fuzz/hostile.js';
import { answerOn, openSocket, rawAnswer } from './raw-http.js';
import { type Client, client, type Reply, type Schemas, testServer } from './test-server.js';

const rows: PageRow[] = [];
const scopeOf = new Map(loadContract().operations.map(({ id, scope }) => [id as string, scope]));
/** A row of the page: what kind of attack, what was tried, what came of it. */
const row = (where: string, input: string, answer: string) => void rows.push({ where, input, answer });
const got = ({ status, body }: Pick<Reply, 'status' | 'body'>) =>
  `${status} ${(body as Partial<Schemas['Problem']>).code ?? 'as any other'}`;

async function locked(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options);
  const secret = (await server.post<Schemas['ApiKeyWithSecret']>('/v1/keys', { name: 'a', scope: 'admin' })).body.key!;
  const admin = client(server.url, secret);
  const keyOf = async (scope: string) =>
    (await admin.post<Schemas['ApiKeyWithSecret']>('/v1/keys', { name: scope, scope })).body.key!;
  return { ...server, secret, admin, keyOf };
}

describe('authentication', () => {
  it('asks everybody, and believes nobody', async () => {
    const { get, secret, url } = await locked();
    const as = (authorization: string) => get('/v1/studies', { authorization });
    row('authentication', 'no key', got(await get('/v1/studies')));
    row('authentication', 'an unknown key', got(await as(`Bearer ${makeKey('x', 'admin', null).secret}`)));
    const almost = `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`;
    row('authentication', 'a key of which the last character is wrong', got(await as(`Bearer ${almost}`)));
    row(
      'authentication',
      "a key's first 12 characters, which lists show",
      got(await as(`Bearer ${secret.slice(0, 12)}`)),
    );
    row('authentication', 'SQL as a key', got(await as(`Bearer ork_'OR'1'='1`)));
    row('authentication', 'a key of 8,000 characters', got(await as(`Bearer ${'k'.repeat(8000)}`)));
    row('authentication', 'the key as a user name (Basic)', got(await as(`Basic ${btoa(`${secret}:`)}`)));
    row('authentication', 'the key in the query', got(await get(`/v1/studies?api_key=${secret}`)));
    const two = `GET /v1/studies HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ork_wrong\r\nauthorization: Bearer ${secret}\r\n\r\n`;
    const doubled = await rawAnswer(url, two);
    row(
      'authentication',
      'two keys in one request, the second a good one',
      got({ ...doubled, body: JSON.parse(doubled.body) }),
    );
    expect(rows.every(({ answer }) => answer.startsWith('401'))).toBe(true);
  });

  it('limits guessing by address', async () => {
    const { get } = await locked({ requestsPerMinute: 20 });
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++)
      statuses.push((await get('/v1/studies', { authorization: `Bearer ork_guess${i}` })).status);
    expect(statuses.at(0)).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    row(
      'authentication',
      'guessing, a new key each time',
      '401 until the address has used up its minute, then 429 too_many_requests',
    );
  });

  it('keeps no key, and starts no server that stands open', async () => {
    const { secret, dataDir, server } = await locked();
    await server.close();
    const files = ['omnireg.sqlite', 'omnireg.sqlite-wal'].map((name) => {
      try {
        return readFileSync(join(dataDir, name), 'latin1');
      } catch {
        return '';
      }
    });
    expect(files.join('')).not.toContain(secret);
    row(
      'authentication',
      'the database in strange hands',
      'SHA-256 of 260 random bits, and the first 12 characters: no key',
    );
    const open = { host: '0.0.0.0', port: 0, dataDir: temporaryFolder(), logLevel: 'silent' } as const;
    await expect(startServer({ ...open, device: 'cpu', baseModel: 'none' }, {})).rejects.toThrow(/there is no key yet/);
    row('authentication', 'a server for others without a key', 'does not start');
  });
});

describe('scopes', () => {
  it('end where they end, for every operation', async () => {
    const { url, keyOf } = await locked();
    const tried = new Set<string>();
    for (const [scope, allowed] of [
      ['read', ['read']],
      ['write', ['read', 'write']],
    ] as const) {
      const as = client(url, await keyOf(scope));
      for (const { id, method, path } of documented) {
        const needs = scopeOf.get(id);
        if (needs === undefined || allowed.some((one) => one === needs)) continue;
        const { status, body } = await as.request(method, path.replace(/\{\w+\}/g, 'x'));
        expect({ id, status, body }).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
        tried.add(scope);
      }
    }
    expect([...tried]).toEqual(['read', 'write']);
    row(
      'scopes',
      'a key of scope read in each operation that writes or administers',
      '403 insufficient_scope, each of them',
    );
    row('scopes', 'a key of scope write in each operation on keys', '403 insufficient_scope, each of them');
  });

  it('an idempotency key of another reads nothing', async () => {
    const { url, keyOf } = await locked();
    const [one, two] = [client(url, await keyOf('write')), client(url, await keyOf('write'))];
    const once = { 'idempotency-key': 'guessable-1' };
    const first = await one.post<Schemas['Study']>('/v1/studies', { name: 'mine' }, once);
    const other = await two.post<Schemas['Study']>('/v1/studies', { name: 'mine' }, once);
    expect(other.body.id).not.toBe(first.body.id);
    row('scopes', "another's idempotency key", 'is one’s own: nothing of theirs comes back');
  });
});

describe('web pages', () => {
  it('cannot use a server without keys behind its user’s back', async () => {
    const { url, request } = await testServer();
    const page = { origin: 'https://evil.example' };
    row('web pages', 'POST from a page elsewhere', got(await request('POST', '/v1/studies', { name: 'n' }, page)));
    row(
      'web pages',
      'POST without a body, which browsers send unasked',
      got(await request('POST', '/v1/fine-tuning-jobs/x:cancel', undefined, page)),
    );
    const rebound = await rawAnswer(url, 'GET /v1/studies HTTP/1.1\r\nhost: evil.example:8080\r\n\r\n');
    row('web pages', 'DNS rebinding: a strange name in Host', got({ ...rebound, body: JSON.parse(rebound.body) }));
    const answer = await fetch(`${url}/docs`);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await fetch(`${url}/v1/studies`)).headers.get('x-content-type-options')).toBe('nosniff');
    row('web pages', 'scripts in what is shown at /docs', "none run: Content-Security-Policy default-src 'none'");
    expect(rows.slice(-4, -1).every(({ answer: said }) => said.startsWith('403'))).toBe(true);
  });
});

describe('traversal', () => {
  it('leads nowhere, in any id and any file name', async () => {
    const { url, get, post, makeStudy, addTrials } = await testServer();
    const { id } = await makeStudy();
    await addTrials(id, [{ x: { a: 1 }, y: 1 }]);
    const ways = [
      '../../etc/passwd',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e%2f%2e%2e%2fomnireg.sqlite',
      '..%5c..%5comnireg.sqlite',
      'x%00.zip',
    ];
    const statuses = new Set<number>();
    for (const way of ways)
      for (const { path } of documented.filter(
        (operation) => operation.method === 'GET' && operation.path.includes('{'),
      )) {
        const raw = await rawAnswer(url, `GET ${path.replace(/\{\w+\}/g, way)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
        expect(raw.body).not.toMatch(/root:|SQLite format/);
        statuses.add(raw.status);
      }
    expect([...statuses].every((status) => status === 404 || status === 400)).toBe(true);
    row('traversal', `${ways.join(', ')} as each id of each path`, [...statuses].sort().join(' or '));
    const model = await post(`/v1/studies/${id}/predictions`, { queries: [{ a: 1 }], model: '../../../tmp' });
    row('traversal', 'a path as the model to ask', got(model));
    row(
      'traversal',
      'a path as a fine-tuning parent',
      got(await post('/v1/fine-tuning-jobs', { studies: [id], parent: '../base' })),
    );
    expect((await get('/v1/models')).status).toBe(200);
  });
});

describe('bodies', () => {
  const timed = async (what: () => Promise<Reply>) => {
    const begun = performance.now();
    const reply = await what();
    expect(performance.now() - begun).toBeLessThan(8000);
    return got(reply);
  };

  it('are refused where they are too large, too deep or too many, in time', async () => {
    const { url, post, makeStudy, get } = await testServer();
    const { id } = await makeStudy();
    const path = `/v1/studies/${id}/trials`;
    row('large bodies', '17 MB of JSON', await timed(() => post(path, JSON.stringify({ x: { a: 'x'.repeat(17e6) } }))));
    const declared = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n{`;
    const early = await rawAnswer(url, declared);
    row('large bodies', '100 GB declared, one byte sent', got({ ...early, body: JSON.parse(early.body) }));
    row('deep bodies', '8 MB of [', await timed(() => post(path, '['.repeat(8e6))));
    row('deep bodies', '900 kB of {"a":', await timed(() => post(path, '{"a":'.repeat(1.8e5))));
    row('deep bodies', '1 MB of [, closed again', await timed(() => post(path, '['.repeat(5e5) + ']'.repeat(5e5))));
    row(
      'deep bodies',
      'x with 100,000 levels',
      await timed(() => post(path, `{"x":${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`)),
    );
    row(
      'many entries',
      '200,000 unknown fields',
      await timed(() => post(path, Object.fromEntries(Array.from({ length: 2e5 }, (_, i) => [`k${i}`, i])))),
    );
    row(
      'many entries',
      '300,000 rows in a batch',
      await timed(() => post(`${path}:batch`, { trials: Array(3e5).fill(1) })),
    );
    row('large headers', '40 kB of headers', got(await headers(url, 'x'.repeat(40_000))));
    expect((await headers(url, 'x\r\nx: '.repeat(1900))).status).toBe(200);
    row('large headers', '3,000 headers of a few bytes', got(await headers(url, `${'x\r\nxxxxx: '.repeat(3000)}`)));
    const zipped = gzipSync(Buffer.alloc(1e8));
    row(
      'decompression bombs',
      `gzip of 100 MB (${Math.round(zipped.length / 1000)} kB)`,
      got(await post(path, new Uint8Array(zipped), { 'content-encoding': 'gzip' })),
    );
    expect((await get(`/v1/studies/${id}`)).body).toMatchObject({ version: 0 });
    expect((await get('/healthz')).status).toBe(200);
  });

  async function headers(url: string, value: string) {
    const { status, body } = await rawAnswer(url, `GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${value}\r\n\r\n`);
    return { status, body: JSON.parse(body) as unknown };
  }
});

describe('slow clients', () => {
  it('are let go, and keep nobody waiting', async () => {
    const { url, get } = await testServer({ requestTimeoutMs: 400 });
    const slow = await Promise.all(Array.from({ length: 100 }, () => openSocket(url)));
    for (const socket of slow) socket.write('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-');
    const begun = performance.now();
    expect((await get('/healthz')).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(1000);
    const answers = await Promise.all(slow.map(answerOn));
    expect(answers.every(({ status, body }) => status === 408 && JSON.parse(body).code === 'request_timeout')).toBe(
      true,
    );
    row(
      'slow clients',
      '100 connections that never finish their headers',
      '408 request_timeout to each; others are answered meanwhile',
    );

    const body = await openSocket(url);
    body.write(
      'POST /v1/studies HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n',
    );
    const drip = setInterval(() => body.writable && body.write(' '), 50);
    const late = await answerOn(body).finally(() => clearInterval(drip));
    row('slow clients', 'a body that comes byte by byte', got({ ...late, body: JSON.parse(late.body) }));
  });

  it('that read nothing hold no one else', async () => {
    const { url, get, makeStudy, addTrials } = await testServer();
    const { id } = await makeStudy();
    const text = 'x'.repeat(10_000);
    await addTrials(
      id,
      Array.from({ length: 300 }, () => ({ x: { text }, y: 1 })),
    );
    const deaf = await Promise.all(Array.from({ length: 30 }, () => openSocket(url)));
    for (const socket of deaf) {
      socket.pause();
      socket.write(`GET /v1/studies/${id}/trials?limit=300 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    }
    await sleep(200);
    const begun = performance.now();
    expect((await get(`/v1/studies/${id}`)).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(2000);
    for (const socket of deaf) socket.destroy();
    row('slow clients', '30 that ask for 3 MB and do not read it', 'wait by themselves; others are answered');
  });
});

describe('injection', () => {
  it('into headers', async () => {
    const { url, post, get } = await testServer();
    const split = await rawAnswer(
      url,
      'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-request-id: a\rset-cookie: b=1\r\n\r\n',
    );
    expect(split.headers['set-cookie']).toBeUndefined();
    row('header injection', 'a bare line break in X-Request-Id', got({ ...split, body: JSON.parse(split.body) }));
    const odd = await get('/healthz', { 'x-request-id': '"><script>' });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    row('header injection', 'markup in X-Request-Id', 'the answer has a name of the server’s making');
    const name = 'a\r\nset-cookie: x=1';
    const made = await post<Schemas['Study']>('/v1/studies', { name }, { 'idempotency-key': 'k' });
    expect(made.headers.get('set-cookie')).toBeNull();
    expect((await get<Schemas['Study']>(`/v1/studies/${made.body.id}`)).body.name).toBe(name);
    row('header injection', 'line breaks in a name', 'text as any other: no header holds what was sent');
    const smuggled = await rawAnswer(
      url,
      'POST /v1/studies HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    row(
      'request smuggling',
      'Content-Length beside Transfer-Encoding',
      got({ ...smuggled, body: JSON.parse(smuggled.body) }),
    );
    expect(smuggled.status).toBe(400);
  });

  it('into event streams', async () => {
    const { url, post, makeStudy, addTrials, dataDir, get } = await testServer({ concurrentJobs: 1 });
    const { id } = await makeStudy();
    await addTrials(id, [
      { x: { a: 1 }, y: 1 },
      { x: { a: 2 }, y: 2 },
    ]);
    const job = (
      await post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', {
        studies: [id],
        hyperparameters: { ...TINY_TRAINING, steps: 1_000_000 },
      })
    ).body;
    const store = openSqliteStore({ file: join(dataDir, 'omnireg.sqlite') });
    await expect.poll(async () => (await store.getJob(job.id))!.attempt).toBe(1);
    const message = 'step\n\nevent: end\ndata: {"status": "succeeded"}\n\n\r\rid: 99\r\n\u2028';
    await store.appendEvents({ jobId: job.id, attempt: 1 }, [{ type: 'log', level: 'info', message, data: {} }]);
    await store.close();
    await post(`/v1/fine-tuning-jobs/${job.id}:cancel`);
    const text = await (
      await fetch(`${url}/v1/fine-tuning-jobs/${job.id}/events`, { headers: { accept: 'text/event-stream' } })
    ).text();
    expect(text.match(/^event: end$/gm)).toHaveLength(1);
    expect(text).not.toMatch(/^id: 99/m);
    expect(text).not.toContain('\r');
    const { body } = await get<Schemas['FineTuningJobEventList']>(`/v1/fine-tuning-jobs/${job.id}/events`);
    expect(body.data.map((event) => event.message)).toContain(message);
    row(
      'event-stream injection',
      'an event whose message holds the end of another',
      'one event, with the message as it is',
    );
  });

  it('of SQL, into every text there is', async () => {
    const api = await testServer();
    const { id } = await api.makeStudy();
    const attacks = HOSTILE_TEXTS.filter((text) => /DROP|DELETE|OR 1=1/.test(text));
    for (const sql of attacks) await everywhere(api, id, sql);
    const { body } = await api.get<Schemas['Study']>(`/v1/studies/${id}`);
    expect(body.trial_counts.completed).toBe(attacks.length);
    row(
      'SQL',
      `${attacks.join('  ')}  in names, metadata, x, ids, filters, cursors and idempotency keys`,
      'text as any other, or 404: statements are prepared, values bound',
    );
  });

  async function everywhere(api: Client, id: string, sql: string): Promise<void> {
    const body = { name: sql, metadata: { [sql]: sql } };
    const study = await api.post<Schemas['Study']>('/v1/studies', body, {
      'idempotency-key': sql.replaceAll(' ', '+'),
    });
    expect(study.body).toMatchObject(body);
    const trial = await api.post<Schemas['Trial']>(`/v1/studies/${id}/trials`, { x: { [sql]: sql }, y: 1 });
    expect(trial.body.x).toEqual({ [sql]: sql });
    const found = await api.get<Schemas['StudyList']>(`/v1/studies?name=${encodeURIComponent(sql)}`);
    expect(found.body.data.map((each) => each.id)).toEqual([study.body.id]);
    expect((await api.get(`/v1/studies/${encodeURIComponent(sql)}`)).status).toBe(404);
    expect((await api.get(`/v1/studies?after=${encodeURIComponent(sql)}`)).status).toBe(400);
    expect((await api.get(`/v1/models?parent=${encodeURIComponent(sql)}`)).status).toBe(200);
  }
});

describe('prototype pollution', () => {
  it('changes no object but the one that was sent', async () => {
    const { post, get, makeStudy } = await testServer();
    const { id } = await makeStudy();
    const path = `/v1/studies/${id}/trials`;
    row(
      'prototype pollution',
      '"__proto__" in x',
      got(await post(path, '{"x": {"__proto__": {"admin": true}}, "y": 1}')),
    );
    row('prototype pollution', '"__proto__" beside x', got(await post(path, '{"x": {"a": 1}, "__proto__": {"y": 1}}')));
    const kept = await post<Schemas['Trial']>(path, '{"x": {"constructor": {"prototype": {"admin": true}}}, "y": 1}');
    expect(kept.body.x).toEqual({ constructor: { prototype: { admin: true } } });
    row('prototype pollution', '"constructor.prototype" in x', `${kept.status}: a parameter as any other`);
    row('prototype pollution', '?__proto__[admin]=1', got(await get('/v1/studies?__proto__[admin]=1')));
    row(
      'prototype pollution',
      'an objective named __proto__',
      got(await post('/v1/studies', '{"name": "n", "objectives": [{"name": "__proto__"}]}')),
    );
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});

describe('regular expressions', () => {
  it('take no longer for being teased', async () => {
    const { get, post } = await testServer();
    const begun = performance.now();
    for (const header of ['"'.repeat(8000), 'W/'.repeat(4000), '*,'.repeat(4000), `"${'a'.repeat(8000)}`])
      await get('/v1/studies', { 'if-none-match': header.slice(0, 8000) });
    for (const key of ['!'.repeat(8000), `${'a'.repeat(8000)} `])
      await post('/v1/studies', { name: 'n' }, { 'idempotency-key': key });
    for (const text of [
      '"\\u'.repeat(1e6),
      '-'.repeat(4e6),
      `${'{"a":'.repeat(4e5)}!`,
      `"${'\\\\'.repeat(2e6)}`,
      ' '.repeat(8e6),
    ])
      expect((await post('/v1/studies', text)).status).toBe(400);
    for (const expires_at of [`2030-01-01T00:00:00.${'0'.repeat(1e6)}Z`, '2'.repeat(1e6)])
      expect((await post('/v1/keys', { name: 'n', scope: 'admin', expires_at })).status).toBe(400);
    await get('/v1/studies', { authorization: `Bearer ${' '.repeat(8000)}x` });
    expect(performance.now() - begun).toBeLessThan(10_000);
    row(
      'regular expressions',
      'megabytes of what almost matches, in JSON, tags, keys and times',
      '400, each within the time that its bytes take',
    );
  });
});

describe('what errors tell', () => {
  it('is nothing of the machine', async () => {
    const { dataDir, get } = await testServer();
    const db = new Sqlite(join(dataDir, 'omnireg.sqlite'));
    db.pragma('foreign_keys = OFF');
    db.exec('DROP TABLE studies');
    db.close();
    const reply = await get('/v1/studies');
    expect(JSON.stringify(reply.body)).not.toMatch(/sqlite|no such table|\.ts|\.js|\//i);
    row('what errors tell', 'a fault of the service', `${got(reply)}, without a word of tables, files or code`);
  });
});

it('is what docs/security.md shows', () => {
  expect(rows.length).toBeGreaterThan(45);
  holdTable('attacks', rows, { file: 'security.md', columns: 'attack | what was tried | what it got' });
});

// Keys over HTTP: made, shown once, asked for from then on, each good for its scope; and servers that would stand open refuse to start.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { createKeyIn } from '../../service/access/create-key.js';
import { startServer } from '../../service/server.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { client, type Schemas, testServer } from './test-server.js';

type WithSecret = Schemas['ApiKeyWithSecret'];

async function lockedServer() {
  const open = await testServer();
  const admin = (await open.post<WithSecret>('/v1/keys', { name: 'first', scope: 'admin' })).body;
  const as = (secret: string) => client(open.url, secret);
  const make = async (scope: string, more = {}) =>
    (await as(admin.key!).post<WithSecret>('/v1/keys', { name: scope, scope, ...more })).body;
  return { ...open, admin, as, make };
}

it('are asked for as soon as there is one, and each is good for its scope', async () => {
  const { get, post, as, admin, make } = await lockedServer();
  const unknown = await get('/v1/studies');
  expect(unknown).toMatchObject({ status: 401, body: { code: 'missing_key' } });
  expect(unknown.headers.get('www-authenticate')).toBe('Bearer realm="omnireg"');
  expect((await post('/v1/studies', { name: 'n' })).status).toBe(401);
  expect((await get('/healthz')).status).toBe(200);

  const [read, write] = [await make('read'), await make('write')];
  expect((await as(read.key!).get('/v1/studies')).status).toBe(200);
  const refused = await as(read.key!).post('/v1/studies', { name: 'n' });
  expect(refused).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
  expect(refused.headers.get('www-authenticate')).toBe(
    'Bearer realm="omnireg", error="insufficient_scope", scope="write"',
  );
  expect((await as(write.key!).post('/v1/studies', { name: 'n' })).status).toBe(201);
  expect((await as(write.key!).get('/v1/studies')).status).toBe(200);
  expect((await as(write.key!).get('/v1/keys')).status).toBe(403);
  const listed = await as(admin.key!).get<Schemas['ApiKeyList']>('/v1/keys');
  expect(listed.body.data.map(({ scope }) => scope)).toEqual(['write', 'read', 'admin']);
  expect(listed.body.data[0]!.last_used_at).toMatch(/^\d{4}-/);
  expect(JSON.stringify(listed.body)).not.toContain(read.key!);

  expect((await as(admin.key!).request('DELETE', `/v1/keys/${read.id}`)).status).toBe(204);
  expect(await as(read.key!).get('/v1/studies')).toMatchObject({ status: 401, body: { code: 'invalid_key' } });
  expect((await as(admin.key!).get(`/v1/keys/${read.id}`)).status).toBe(404);
  const last = await as(admin.key!).request('DELETE', `/v1/keys/${admin.id}`);
  expect(last).toMatchObject({ status: 409, body: { code: 'last_admin_key' } });
});

it('are kept as hashes, nowhere as they are, not even in a remembered answer', async () => {
  const { as, admin, dataDir } = await lockedServer();
  const request = { name: 'again', scope: 'read' };
  const once = { 'idempotency-key': 'k' };
  const first = await as(admin.key!).post<WithSecret>('/v1/keys', request, once);
  const again = await as(admin.key!).post<WithSecret>('/v1/keys', request, once);
  expect(first.body.key).toMatch(/^ork_[0-9a-z]{52}$/);
  expect(again).toMatchObject({ status: 201, body: { ...first.body, key: null } });
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  const db = new Sqlite(join(dataDir, 'omnireg.sqlite'));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const file = readFileSync(join(dataDir, 'omnireg.sqlite'), 'latin1');
  expect(file).toContain(first.body.prefix);
  for (const secret of [admin.key!, first.body.key!]) expect(file).not.toContain(secret);
});

it('expire, and cannot be guessed from how they begin', async () => {
  const { as, make } = await lockedServer();
  const short = await make('read', { expires_at: new Date(Date.now() + 1500).toISOString() });
  expect((await as(short.key!).get('/v1/models')).status).toBe(200);
  expect((await as(`${short.key!.slice(0, -1)}_`).get('/v1/models')).status).toBe(401);
  expect((await as(short.prefix).get('/v1/models')).status).toBe(401);
  await expect.poll(async () => (await as(short.key!).get('/v1/models')).status, { timeout: 5000 }).toBe(401);
  for (const header of ['ork_x', 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer a b'])
    expect((await as('').get('/v1/models', { authorization: header })).body.code).toBe('invalid_key');
});

it('are refused where they make no sense', async () => {
  const { post } = await testServer();
  const first = await post('/v1/keys', { name: 'n', scope: 'read' });
  expect(first).toMatchObject({ status: 400, body: { errors: [{ pointer: '/scope', code: 'conflict' }] } });
  const over = await post('/v1/keys', { name: 'n', scope: 'admin', expires_at: '2001-01-01T00:00:00Z' });
  expect(over).toMatchObject({ status: 400, body: { errors: [{ pointer: '/expires_at', code: 'out_of_range' }] } });
  for (const expires_at of ['tomorrow', '2030-01-01', '2030-13-01T00:00:00Z']) {
    const wrong = await post('/v1/keys', { name: 'n', scope: 'admin', expires_at });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ pointer: '/expires_at', code: 'bad_format' }] } });
  }
});

it('own their idempotency keys: nobody is given what another was answered', async () => {
  const { as, make } = await lockedServer();
  const [one, two] = [await make('write'), await make('write')];
  const once = { 'idempotency-key': 'same' };
  const first = await as(one.key!).post<Schemas['Study']>('/v1/studies', { name: 'n' }, once);
  const other = await as(two.key!).post<Schemas['Study']>('/v1/studies', { name: 'n' }, once);
  expect(other.status).toBe(201);
  expect(other.body.id).not.toBe(first.body.id);
});

it('are needed before a server starts that others can reach, from the database or from the environment', async () => {
  const dataDir = temporaryFolder();
  const options = { port: 0, dataDir, host: '0.0.0.0', logLevel: 'silent', device: 'cpu', baseModel: 'none' } as const;
  await expect(startServer(options, {})).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(/no key yet: make one/),
  });
  const adminKey = 'a secret of more than thirty-two characters'.replaceAll(' ', '-');
  const given = await startServer(options, { OMNIREG_ADMIN_KEY: adminKey });
  const url = given.url.replace('0.0.0.0', '127.0.0.1');
  try {
    expect((await client(url).get('/v1/studies')).status).toBe(401);
    expect((await client(url, adminKey).get('/v1/keys')).status).toBe(200);
  } finally {
    await given.close();
  }
  const { key } = await createKeyIn(join(dataDir, 'omnireg.sqlite'), 'ops', 'admin');
  const found = await startServer(options, {});
  try {
    expect((await client(found.url.replace('0.0.0.0', '127.0.0.1'), key).get('/v1/keys')).status).toBe(200);
  } finally {
    await found.close();
  }
});

it('are asked for on a loopback address too where that is wanted', async () => {
  const { get } = await testServer({ requireKeys: true });
  expect((await get('/v1/studies')).status).toBe(401);
});

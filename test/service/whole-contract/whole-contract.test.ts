// Every operation of the contract and every status that it documents, through real servers; each answer is held against the contract.
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { OperationId } from '../../../service/contract/load-contract.js';
import { type RunningServer, startServer } from '../../../service/server.js';
import type { ServiceConfig } from '../../../service/settings.js';
import { documented, expectContract, seen } from '../contract-check.js';
import { temporaryStoreFolder } from '../shared-server.js';
import { type Client, client, readStream, type Schemas } from '../test-server.js';
import { busyConnection } from './raw-request.js';
import { requestsOn, type Sent, type Stage, setStage } from './stage.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ADMIN = 'the-administrators-own-key-in-this-test';
const dataDir = temporaryStoreFolder();
let server: RunningServer;
let stage: Stage;
let requests: Record<OperationId, () => Promise<Sent>>;

const start = (options: Partial<ServiceConfig>) =>
  startServer({ port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none', ...options }, {});

beforeAll(async () => {
  server = await start({ adminKey: ADMIN, maxBodyBytes: 50_000 });
  stage = await setStage(client(server.url, ADMIN));
  requests = requestsOn(stage);
});
afterAll(() => server.close());

const ids = documented.map(({ id }) => id as OperationId);
const answering = (status: number) =>
  documented.filter(({ responses }) => status in responses).map(({ id }) => id as OperationId);
const send = (api: Client, { method, path, body, headers }: Sent) => api.request(method, path, body, headers);
/** The operation's good request, changed. */
async function changed(id: OperationId, change: Partial<Sent>): Promise<Sent> {
  const sent = await requests[id]();
  return { ...sent, ...change, headers: { ...sent.headers, ...change.headers } };
}
const withQuery = (path: string) => `${path}${path.includes('?') ? '&' : '?'}unknown_parameter=1`;

describe('success', () => {
  // The model goes last: others need it.
  it.each([...ids.filter((id) => id !== 'deleteModel')])('%s', async (id) => {
    const [status] = Object.keys(documented.find((operation) => operation.id === id)!.responses);
    expect((await send(stage.api, await requests[id]())).status).toBe(Number(status));
  });

  it.each(answering(304))('%s, known already', async (id) => {
    const answer = await send(stage.api, await changed(id, { headers: { 'if-none-match': '*' } }));
    expect(answer).toMatchObject({ status: 304, body: '' });
  });
});

describe('400', () => {
  it.each(answering(400))('%s with an unknown parameter', async (id) => {
    const sent = await requests[id]();
    const answer = await send(stage.api, { ...sent, path: withQuery(sent.path) });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: 'unknown_field' }] } });
  });
});

describe('401 and 403', () => {
  let write: Client;
  let read: Client;
  beforeAll(async () => {
    const keyOf = async (scope: string) =>
      (await stage.api.post<Schemas['ApiKeyWithSecret']>('/v1/keys', { name: scope, scope })).body.key!;
    [read, write] = [client(server.url, await keyOf('read')), client(server.url, await keyOf('write'))];
  });

  it.each(answering(401))('%s', async (id) => {
    const sent = await requests[id]();
    expect((await send(client(server.url), sent)).status).toBe(401);
    expect((await send(client(server.url, 'ork_unknown'), sent)).status).toBe(401);
    const reading = await send(read, await requests[id]());
    const writing = /Key/.test(id) ? await send(write, sent) : undefined;
    const { method } = sent;
    const isRead = method === 'GET' || ['predict', 'predictText', 'rank', 'suggest', 'explain'].includes(id);
    expect(reading.status === 403).toBe(/Key/.test(id) || !isRead);
    if (writing) expect(writing.status).toBe(403);
  });
});

describe('404', () => {
  it.each(answering(404).filter((id) => id !== 'createImport'))('%s of what is not there', async (id) => {
    const sent = await requests[id]();
    const [, first] = /^\/v1\/[\w-]+\/([^/:?]+)/.exec(sent.path)!;
    expect((await send(stage.api, { ...sent, path: sent.path.replace(first!, 'none') })).status).toBe(404);
  });

  it('createImport into a study that is not there', async () => {
    const sent = await changed('createImport', { path: '/v1/imports?study_id=study_none' });
    expect((await send(stage.api, sent)).status).toBe(404);
  });
});

describe('409', () => {
  const conflicts: Partial<Record<OperationId, () => Promise<Sent>>> = {
    updateStudy: () => changed('updateStudy', { path: `/v1/studies/${stage.study}` }),
    deleteStudy: () => changed('deleteStudy', { path: `/v1/studies/${stage.study}` }),
    deleteModel: () => changed('deleteModel', {}),
    deleteKey: () => lastAdminKey(),
    cancelFineTuningJob: () => changed('cancelFineTuningJob', { path: `/v1/fine-tuning-jobs/${stage.job}:cancel` }),
    cancelEvaluation: () => changed('cancelEvaluation', { path: `/v1/evaluations/${stage.evaluation}:cancel` }),
    getEvaluationReport: async () => {
      const { path } = await requests.cancelEvaluation();
      return { method: 'GET', path: path.replace(':cancel', '/report') };
    },
    completeTrial: () => twice('completeTrial'),
    failTrial: () => twice('failTrial'),
    appendToImport: () => changed('appendToImport', { headers: { 'upload-offset': '99' } }),
    cancelImport: async () => {
      const append = await requests.appendToImport();
      await send(stage.api, append);
      return { method: 'POST', path: `${append.path}:cancel` };
    },
    createImport: async () => {
      const sent = await changed('createImport', { headers: { 'idempotency-key': 'two-tables' } });
      await send(stage.api, { ...sent, path: `${sent.path}&on_error=abort`, body: 'a,y\n1,2\nx,z\n' });
      return { ...sent, path: `${sent.path}&on_error=abort`, body: 'b,y\n1,2\n3,4\n' };
    },
  };
  async function twice(id: OperationId): Promise<Sent> {
    const sent = await requests[id]();
    await send(stage.api, sent);
    return sent;
  }
  async function lastAdminKey(): Promise<Sent> {
    const keys = (await stage.api.get<Schemas['ApiKeyList']>('/v1/keys?limit=1000')).body.data;
    const admins = keys.filter(({ scope }) => scope === 'admin');
    for (const { id } of admins.slice(1)) await send(stage.api, { method: 'DELETE', path: `/v1/keys/${id}` });
    return { method: 'DELETE', path: `/v1/keys/${admins[0]!.id}` };
  }

  it.each(Object.keys(conflicts) as OperationId[])('%s', async (id) => {
    // A queued job needs study and model for as long as this takes.
    await send(stage.api, await requests.createFineTuningJob());
    expect((await send(stage.api, await conflicts[id]!())).status).toBe(409);
  });
});

describe('412', () => {
  it.each(answering(412))('%s of what has changed', async (id) => {
    const answer = await send(stage.api, await changed(id, { headers: { 'if-match': '"another"' } }));
    expect(answer).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
  });
});

describe('413 and 415', () => {
  const json = { 'content-type': 'application/json' };
  it.each(answering(413))('%s', async (id) => {
    const large = { body: JSON.stringify({ name: 'x'.repeat(50_000) }), headers: json };
    expect((await send(stage.api, await changed(id, large))).status).toBe(413);
  });
  it.each(answering(415))('%s', async (id) => {
    const plain = await changed(id, { body: 'x', headers: { 'content-type': 'text/plain' } });
    expect((await send(stage.api, plain)).status).toBe(415);
    const packed = await changed(id, { headers: { 'content-encoding': 'gzip' } });
    expect((await send(stage.api, packed)).status).toBe(415);
  });
});

describe('422', () => {
  beforeAll(() => stage.api.post('/v1/studies', { name: 'of another' }, { 'idempotency-key': 'taken' }));

  it.each(answering(422).filter((id) => id !== 'appendToImport'))(
    '%s with the idempotency key of another',
    async (id) => {
      const import_ = { body: JSON.stringify({ format: 'csv', study: { name: 'n' } }), path: '/v1/imports' };
      const json = { 'content-type': 'application/json', 'idempotency-key': 'taken' };
      const sent = await changed(id, {
        ...(id === 'createImport' && import_),
        headers: id === 'createImport' ? json : { 'idempotency-key': 'taken' },
      });
      expect(await send(stage.api, sent)).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    },
  );

  it('appendToImport of a table that is none', async () => {
    const sent = await changed('appendToImport', { body: 'a,a,y\n1,2,3\n' });
    expect(await send(stage.api, sent)).toMatchObject({ status: 422, body: { code: 'csv_unusable' } });
  });
});

describe('504', () => {
  it.each(answering(504))('%s without the time for it', async (id) => {
    const sent = await requests[id]();
    const body = { ...(sent.body as object), timeout_ms: 1 };
    expect(await send(stage.api, { ...sent, body })).toMatchObject({
      status: 504,
      body: { code: 'deadline_exceeded' },
    });
  });
});

describe('a server without keys and models', () => {
  it('has neither an answer for strange pages, nor one of a model', async () => {
    const open = await start({ dataDir: temporaryStoreFolder() });
    try {
      const api = client(open.url);
      const origin = { origin: 'https://strange.example' };
      for (const { method, path } of documented.filter(({ responses }) => '403' in responses)) {
        const bare = path.replace(/\{\w+\}/g, 'x');
        expect((await api.request(method, bare, undefined, origin)).status, path).toBe(403);
      }
      const study = (await api.makeStudy()).id;
      await api.addTrials(study, [
        { x: { level: 1 }, y: 1 },
        { x: { level: 2 }, y: 2 },
      ]);
      for (const id of ['predict', 'rank', 'suggest', 'explain', 'predictText', 'createEvaluation'] as const) {
        const sent = await requests[id]();
        const path = sent.path.replace(stage.study, study);
        const body = JSON.parse(JSON.stringify(sent.body).replace(stage.study, study)) as unknown;
        expect(await send(api, { ...sent, path, body }), id).toMatchObject({ status: 409, body: { code: 'no_model' } });
      }
    } finally {
      await open.close();
    }
  });
});

describe('at the end', () => {
  const prepared = new Map<OperationId, Sent>();

  beforeAll(async () => {
    for (const id of ids) prepared.set(id, await requests[id]());
    // Whatever has not ended, also what began while others were cancelled: it would still need its model later.
    for (const kind of ['fine-tuning-jobs', 'evaluations'] as const) {
      const all = (await stage.api.get<Schemas['FineTuningJobList']>(`/v1/${kind}?limit=1000`)).body.data;
      const open = all.filter(({ status }) => status === 'queued' || status === 'running');
      for (const { id } of open.reverse()) await stage.api.post(`/v1/${kind}/${id}:cancel`);
      for (const { id } of open) await readStream(`${server.url}/v1/${kind}/${id}/events`, stage.api.own);
    }
    await server.close();
  });

  async function on(options: Partial<ServiceConfig>, work: (api: Client) => Promise<void>): Promise<void> {
    server = await start(options);
    try {
      await work(client(server.url, ADMIN));
    } finally {
      await server.close();
    }
  }

  it('who has asked too often gets 429', () =>
    on({ adminKey: ADMIN, requestsPerMinute: 1 }, async (api) => {
      await api.get('/v1/studies');
      for (const id of answering(429)) expect((await send(api, prepared.get(id)!)).status, id).toBe(429);
    }));

  it('a full database gets 507, and keeps nothing', () =>
    on({ adminKey: ADMIN, maxDatabaseBytes: 1 }, async (api) => {
      for (const size of [3000, 300, 1]) {
        for (let i = 0; ; i++) {
          const key = { 'idempotency-key': `zz-${size}-${String(i).padStart(9, '0')}` };
          const { status } = await api.post('/v1/studies', { name: 'n', metadata: { fill: 'x'.repeat(size) } }, key);
          if (status === 507) break;
        }
      }
      const count = async () => (await api.get<Schemas['Study']>(`/v1/studies/${stage.study}`)).body.trial_counts;
      const before = await count();
      const rows = `a,y\n${'1,2\n'.repeat(20_000)}`;
      const text = 'x'.repeat(40_000);
      const more: Partial<Record<OperationId, unknown>> = {
        updateStudy: { metadata: { text } },
        createTrial: { x: { level: 1 }, metadata: { text } },
        createTrials: { trials: [{ x: { level: 1 }, metadata: { text } }] },
        createImport: rows,
        appendToImport: rows,
      };
      for (const id of answering(507)) {
        const sent = prepared.get(id)!;
        const headers = {
          ...sent.headers,
          ...(sent.method === 'POST' && { 'idempotency-key': `zzz-${'k'.repeat(250)}` }),
        };
        const answer = await send(api, { ...sent, body: more[id] ?? sent.body, headers });
        expect(answer, `${id}: ${JSON.stringify(answer.body)}`).toMatchObject({
          status: 507,
          body: { code: 'storage_full' },
        });
      }
      expect(await count()).toEqual(before);
    }));

  it('a server that is stopping answers 503', async () => {
    server = await start({ adminKey: ADMIN });
    const waiting = answering(503);
    const connections = await Promise.all(waiting.map(() => busyConnection(server.url, `Bearer ${ADMIN}`)));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const [i, id] of waiting.entries()) {
      const sent = prepared.get(id)!;
      const answer = await connections[i]!.ask(sent);
      expect(answer.status, id).toBe(503);
      const body: unknown = await answer.clone().json();
      expect(body).toMatchObject({ code: 'shutting_down' });
      expectContract(sent.method, sent.path, answer, body);
    }
    await closed;
  });

  it('a model that nothing needs any more goes', () =>
    on({ adminKey: ADMIN }, async (api) => {
      const { data } = (await api.get<Schemas['ModelList']>(`/v1/models?base=${stage.model}`)).body;
      expect(data).toEqual([]);
      expect((await send(api, prepared.get('deleteModel')!)).status).toBe(204);
    }));

  it('a broken database gets 500', () =>
    on({}, async (api) => {
      const db = new Sqlite(join(dataDir, 'omnireg.sqlite'));
      db.pragma('foreign_keys = OFF');
      db.exec('DROP TABLE api_keys; DROP TABLE studies;');
      db.close();
      for (const id of answering(500)) {
        const { method, path } = prepared.get(id)!;
        expect(await api.request(method, path), id).toMatchObject({ status: 500, body: { code: 'internal_error' } });
      }
    }));

  it('every documented status of every operation was seen', () => {
    const all = documented.flatMap(({ id, responses }) => Object.keys(responses).map((status) => `${id} ${status}`));
    expect(all.filter((each) => !seen.has(each))).toEqual([]);
    expect(all.length).toBeGreaterThan(400);
  });
});

// Requests made from the contract, good, nearly good and hostile: no 5xx, no status that is not documented, no answer off the contract.
// FUZZ_REQUESTS sets how many (npm run bench:fuzz: 10,000), FUZZ_SEED repeats a run.
import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { contractJson } from '../../../service/contract/load-contract.js';
import { startServer } from '../../../service/server.js';
import { expectContract } from '../contract-check.js';
import { temporaryStoreFolder } from '../shared-server.js';
import { client, type Schemas } from '../test-server.js';
import { type Stage, setStage } from '../whole-contract/stage.js';
import { Dice } from './dice.js';
import { HOSTILE_TEXTS, hostileValue, nearly } from './hostile.js';
import { type Known, type Schema, ValidValues } from './valid.js';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1200);
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 120_000 });

interface Parameter {
  $ref?: string;
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}
interface OperationObject {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
const api = parse(contractJson()) as {
  paths: Record<string, { parameters?: Parameter[] } & Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
};
const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  ['get', 'post', 'patch', 'delete']
    .filter((method) => method in item)
    .map((method) => ({
      path,
      method: method.toUpperCase(),
      body: item[method]!.requestBody?.content,
      parameters: [...(item.parameters ?? []), ...(item[method]!.parameters ?? [])].map((parameter) =>
        parameter.$ref ? api.components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter,
      ),
    })),
);

interface Built {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

/** Ids by the path parameter that takes them; `once` may be deleted, the others stay. */
type Pool = Record<string, { kept: string[]; once: string[] }>;

class Fuzzer {
  private readonly values: ValidValues;

  constructor(
    private readonly dice: Dice,
    private readonly pool: Pool,
  ) {
    const id = (name: string) => () => this.id(name, false);
    const known: Known = {
      model: (d) => d.pick(['auto', id('model_id')()]),
      parent: id('model_id'),
      base: id('model_id'),
      study_id: id('study_id'),
      studies: (d) => d.pick(['all', [id('study_id')()]]),
      // Time enough, or an answer would be late, and rightly say so.
      timeout_ms: () => 600_000,
      after: (d) => d.pick([...Object.keys(this.pool)].map((name) => this.id(name, false))),
    };
    this.values = new ValidValues(api.components.schemas, known, dice);
  }

  /** The next request. */
  build(): Built {
    const { dice } = this;
    const operation = dice.pick(operations);
    const { method } = operation;
    const kind = dice.pick(['good', 'good', 'nearly', 'nearly', 'hostile'] as const);
    const good = () => kind === 'good' || dice.chance(kind === 'nearly' ? 0.85 : 0.4);
    const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
      good() ? this.id(name, method === 'DELETE') : this.strange(),
    );
    const query = this.parametersOf(operation.parameters, 'query', good);
    if (!good()) query.push([dice.pick(HOSTILE_TEXTS), dice.pick(HOSTILE_TEXTS)]);
    const search = query.length > 0 ? `?${query.map((pair) => pair.map(escapeLoose).join('=')).join('&')}` : '';
    const headers = Object.fromEntries(this.parametersOf(operation.parameters, 'header', good).map(sendable));
    if (path.endsWith('/events') && dice.chance(0.5)) headers.accept = 'text/event-stream';
    if (kind === 'hostile') this.spoil(headers);
    return { method, path: path + search, headers, body: this.bodyOf(operation.body, method, kind, headers) };
  }

  private id(name: string, mayGo: boolean): string {
    const { kept, once } = this.pool[name] ?? { kept: [], once: [] };
    const ids = mayGo ? once : [...kept, ...once.slice(-5)];
    return ids.length > 0 ? this.dice.pick(ids) : 'none';
  }

  private strange(): string {
    return escapeLoose(this.dice.pick(HOSTILE_TEXTS)) || 'x';
  }

  private parametersOf(all: readonly Parameter[], place: string, good: () => boolean): [string, string][] {
    const { dice } = this;
    return all
      .filter((parameter) => parameter.in === place && (parameter.required || dice.chance(0.3)))
      .flatMap(({ name, schema }): [string, string][] => {
        if (!good()) return [[name, dice.pick(HOSTILE_TEXTS)]];
        const value = this.values.of(schema, name);
        return [value].flat().map((each) => [name, String(each)]);
      });
  }

  private bodyOf(content: OperationBody, method: string, kind: string, headers: Record<string, string>): Built['body'] {
    const { dice } = this;
    if (content === undefined) {
      if (method === 'GET' || dice.chance(0.9)) return undefined;
      headers['content-type'] = 'application/json';
      return JSON.stringify(hostileValue(dice));
    }
    const [type, { schema }] = dice.pick(Object.entries(content));
    headers['content-type'] ??= type;
    if (kind === 'hostile' && dice.chance(0.3)) return dice.pick(RAW);
    if (type !== 'application/json') return dice.pick(kind === 'good' ? TABLES : [...TABLES, ...RAW]);
    if (kind === 'hostile') return JSON.stringify(hostileValue(dice));
    const value = this.values.of(schema);
    if (kind === 'good') return JSON.stringify(value);
    return JSON.stringify(nearly(dice.chance(0.3) ? nearly(value, dice) : value, dice));
  }

  private spoil(headers: Record<string, string>): void {
    const { dice } = this;
    const spoilt: Record<string, string>[] = [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-encoding': 'gzip' },
      { authorization: `Bearer ${'x'.repeat(500)}` },
      { 'idempotency-key': ' ' },
      { 'if-match': '"'.repeat(50) },
      { 'if-none-match': ','.repeat(500) },
      { accept: 'text/event-stream' },
      { 'x-request-id': 'a'.repeat(3000) },
      { 'last-event-id': '-1' },
      { 'upload-offset': '999999999999999' },
    ];
    if (dice.chance(0.6)) Object.assign(headers, dice.pick(spoilt));
  }
}

type OperationBody = Record<string, { schema: Schema }> | undefined;
const TABLES = ['a,y\n1,2\n3,4\n', '{"x": {"a": 1}, "y": 2}\n', 'a;b;y\n1,5;"x";2\n', 'y\n1\n', '1,2\n3,4\n'];
const RAW: (string | Buffer)[] = [
  '',
  '{',
  '[[[[',
  '{"a": NaN}',
  '{"name": "a", "name": "b"}',
  '[1,2,3',
  '"text"',
  'null',
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0]),
  `${'['.repeat(100_000)}`,
  'a,y\n"unclosed\n1,2\n',
  'a,a\n1,1\n',
  `a,y\n${'x'.repeat(200_000)},1\n`,
];

/** Percent-encoded, but for what is encoded already, so that broken encodings get through. */
const escapeLoose = (text: string): string =>
  text.includes('%') ? text.replace(/[^\x21-\x7e]|[?#]/g, '') : encodeURIComponent(Buffer.from(text).toString());
const sendable = ([name, value]: [string, string]): [string, string] => [
  name,
  value.replace(/[^\x20-\x7e]/g, '').slice(0, 2000),
];

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

function send(url: string, { method, path, headers, body }: Built): Promise<Response> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sending = httpRequest(
      { hostname, port, agent, method, path, headers: { ...headers, ...length } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const status = answer.statusCode!;
          const received = Object.entries(answer.headers).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]);
          const content = status === 204 || status === 304 ? null : Buffer.concat(chunks);
          resolve(new Response(content, { status, headers: received }));
        });
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

const dataDir = temporaryStoreFolder();
const start = (minTrainingTrials: number) =>
  startServer(
    {
      port: 0,
      dataDir,
      logLevel: 'silent',
      device: 'cpu',
      baseModel: 'none',
      requestsPerMinute: 1e9,
      minTrainingTrials,
    },
    {},
  );
let url: string;
let stage: Stage;
let trial: string;
let imported: string;

beforeAll(async () => {
  const first = await start(2);
  const own = client(first.url);
  stage = await setStage(own);
  await own.post(`/v1/fine-tuning-jobs/${stage.endless}:cancel`);
  trial = (await own.addTrials(stage.study, [{ x: { level: 1 } }])).created[0]!.id;
  imported = (await own.post<Schemas['Import']>('/v1/imports', { format: 'csv', study: { name: 'n' } })).body.id;
  await first.close();
  // No training begins: two steps take seconds, and others say what they do.
  const server = await start(1e9);
  url = server.url;
  return () => server.close();
});

it(`survives ${REQUESTS} requests of seed ${SEED}`, async () => {
  const pool: Pool = {
    study_id: { kept: [stage.study], once: [] },
    trial_id: { kept: [trial], once: [] },
    model_id: { kept: [stage.model], once: [] },
    job_id: { kept: [stage.job], once: [] },
    evaluation_id: { kept: [stage.evaluation], once: [] },
    import_id: { kept: [imported], once: [] },
    key_id: { kept: [], once: [] },
  };
  const fuzzer = new Fuzzer(new Dice(SEED), pool);
  const statuses = new Map<number, number>();
  for (let i = 0; i < REQUESTS; i++) {
    const built = fuzzer.build();
    // A key would lock the server: keys have tests of their own.
    if (built.path.startsWith('/v1/keys') && built.method === 'POST') continue;
    const where = `request ${i} of seed ${SEED}: ${built.method} ${built.path.slice(0, 300)} ${JSON.stringify(built.headers)} ${String(built.body).slice(0, 500)}`;
    const answer = await send(url, built).catch((error: unknown) => {
      throw new Error(`${where}\n${String(error)}`);
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const text = await answer.clone().text();
    // Whoever allows a few milliseconds is told that they were not enough; all other failures are the server's.
    const tooSoon = answer.status === 504 && /"timeout_ms":\d{1,3}\b/.test(String(built.body));
    if (answer.status >= 500 && !tooSoon)
      throw new Error(`${where}\nwas answered with ${answer.status} ${text.slice(0, 500)}`);
    const body: unknown = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
    try {
      expectContract(built.method, built.path, answer, body);
    } catch (error) {
      throw new Error(`${where}\n${String(error)}`);
    }
    remember(pool, body);
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect((await client(url).get(`/v1/studies/${stage.study}`)).status).toBe(200);
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  process.stdout.write(`fuzzed with seed ${SEED}: ${counts.join(', ')}\n`);
  // Enough of them got through to matter, and enough were refused.
  const good = (statuses.get(200) ?? 0) + (statuses.get(201) ?? 0);
  expect(good).toBeGreaterThan(REQUESTS / 5);
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10);
});

/** What was made may be named by later requests. */
function remember(pool: Pool, body: unknown): void {
  const { id } = (body ?? {}) as { id?: unknown };
  if (typeof id !== 'string') return;
  const prefix = { study: 'study_id', imp: 'import_id' }[id.split('_')[0]!];
  if (prefix && !pool[prefix]!.kept.includes(id)) pool[prefix]!.once.push(id);
}

// Random bodies never make the service fail: any JSON, near-valid requests with something wrong, any bytes.
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { loadContract } from '../../../service/contract/load-contract.js';
import { startServer } from '../../../service/server.js';
import { temporaryStoreFolder } from '../shared-server.js';
import { type Client, client } from '../test-server.js';

let api: Client;
let study: string;
let trial: string;

beforeAll(async () => {
  const server = await startServer(
    {
      port: 0,
      dataDir: temporaryStoreFolder(),
      logLevel: 'silent',
      device: 'cpu',
      baseModel: 'none',
      minTrainingTrials: 1e9,
    },
    {},
  );
  api = client(server.url);
  study = (await api.makeStudy(['a', 'b'])).id;
  trial = (await api.addTrials(study, [{ x: { p: 1 } }])).created[0]!.id;
  return () => server.close();
});

const posts = loadContract().operations.filter(({ method }) => method === 'POST');
const path = fc.constantFrom(...posts.map((operation) => operation.path));
const words = [
  'x',
  'y',
  'a',
  'b',
  'name',
  'trials',
  'studies',
  'queries',
  'objectives',
  'metadata',
  'status',
  'all',
  'none',
];
const word = fc.oneof(
  fc.constantFrom(...words, 'running', 'completed', 'infeasible', '__proto__', 'constructor', 'toString'),
  fc.string({ unit: 'binary' }),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(1e31, -1e31, 1e308, 5e-324, -0));
/** JSON made of the contract's own words: gets further in than pure noise. */
const { json } = fc.letrec<{ json: unknown; object: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    word,
    fc.boolean(),
    fc.constant(null),
    tie('object'),
    fc.array(tie('json'), { maxLength: 4 }),
  ),
  object: fc.dictionary(word, tie('json'), { maxKeys: 4 }),
}));
const trialLike = fc.record(
  { x: json, y: json, status: word, metadata: json, infeasible_reason: json },
  { requiredKeys: ['x'] },
);
const batchLike = fc.record({ trials: fc.array(fc.oneof(trialLike, json), { maxLength: 4 }) });
const bytes = fc.uint8Array({ maxLength: 40 });

const fill = (template: string) =>
  template.replace('{study_id}', study).replace('{trial_id}', trial).replace('{job_id}', 'ftjob_none');

it('answers any JSON with less than 500', async () => {
  await fc.assert(
    fc.asyncProperty(path, fc.oneof(json, trialLike, batchLike), async (template, body) => {
      const reply = await api.post(fill(template), JSON.stringify(body));
      expect(reply.status).toBeLessThan(500);
    }),
    { numRuns: 600 },
  );
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

it('answers any bytes with less than 500', async () => {
  await fc.assert(
    fc.asyncProperty(path, bytes, async (template, body) => {
      expect((await api.post(fill(template), new Uint8Array(body))).status).toBeLessThan(500);
    }),
    { numRuns: 100 },
  );
});

it('answers any path and query with less than 500', async () => {
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (segment, query) => {
      for (const start of ['/v1/studies', `/v1/studies/${study}/trials`, '/v1/models', ''])
        expect((await api.get(`${start}${segment || '/'}?${query}`)).status).toBeLessThan(500);
    }),
    { numRuns: 60 },
  );
});

it('keeps every trial it acknowledges as it was sent', async () => {
  const x = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.jsonValue({ stringUnit: 'grapheme' }), {
    minKeys: 1,
    maxKeys: 5,
  });
  await fc.assert(
    fc.asyncProperty(x, fc.double({ noNaN: true, min: -1e30, max: 1e30 }), async (sent, a) => {
      const reply = await api.post<{ id: string; x: unknown; y: unknown }>(`/v1/studies/${study}/trials`, {
        x: sent,
        y: { a, b: 1 },
      });
      if ('__proto__' in sent && Object.hasOwn(sent, '__proto__')) return;
      expect(reply.status).toBe(201);
      const read = await api.get<{ x: unknown; y: unknown }>(`/v1/studies/${study}/trials/${reply.body.id}`);
      expect(JSON.stringify(read.body.x)).toBe(JSON.stringify(sent));
      expect(read.body.y).toEqual({ a: a + 0, b: 1 });
    }),
    { numRuns: 100 },
  );
});

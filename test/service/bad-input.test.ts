// A table of bad input, and what each gets: its status, its code, its place and its way out. None leaves anything behind.
// docs/bad-input.md shows it. After a change: UPDATE_DOCS=1 npx vitest run test/service/bad-input.test.ts
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../service/server.js';
import { holdTable, type PageRow } from '../bad-input-page.js';
import { temporaryStoreFolder } from './shared-server.js';
import { type Client, client, type Reply, type Schemas } from './test-server.js';

let api: Client;
let study: string;

beforeAll(async () => {
  const server = await startServer(
    { port: 0, dataDir: temporaryStoreFolder(), logLevel: 'silent', device: 'cpu', baseModel: 'none', maxBatchRows: 3 },
    {},
  );
  api = recorded(client(server.url));
  study = (await api.makeStudy()).id;
  return () => server.close();
});

const rows: PageRow[] = [];

/** The client, keeping what every refused request of these tests got. */
function recorded(plain: Client): Client {
  const record = async <T>(method: string, path: string, sending: Promise<Reply<T>>): Promise<Reply<T>> => {
    const reply = await sending;
    if (reply.status >= 400) {
      const input = expect.getState().currentTestName?.split(' > ').at(-1) ?? '';
      const where = `\`${method} ${path.replace(/study_[0-9a-z]{20,}/, '{study_id}')}\``;
      rows.push({ where, input, answer: answerOf(reply.status, reply.body as Schemas['Problem']) });
    }
    return reply;
  };
  return {
    ...plain,
    get: (path, headers) => record('GET', path, plain.get(path, headers)),
    post: (path, body, headers) => record('POST', path, plain.post(path, body, headers)),
    request: (method, path, body, headers) => record(method, path, plain.request(method, path, body, headers)),
  };
}

function answerOf(status: number, { code, detail, errors }: Schemas['Problem']): string {
  const [first] = errors ?? [];
  if (!first) return `${status} ${code}: ${detail}`;
  const more = errors!.length > 1 ? ` (and ${errors!.length - 1} more)` : '';
  return `${status} ${code}: ${first.pointer} ${first.detail} ${first.fix ?? ''}${more}`;
}

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
const wide = (keys: number) => Object.fromEntries(Array.from({ length: keys }, (_, i) => [`p${i}`, i]));
const raw = (json: string) => json;

describe('trials', () => {
  it.each<[string, unknown, string, string, RegExp]>([
    ['no body', '', '', 'missing_field', /Content-Type/],
    ['an array', [], '', 'wrong_type', /an object/],
    ['no x', { y: 1 }, '/x', 'missing_field', /Add "x"/],
    ['an empty x', { x: {}, y: 1 }, '/x', 'too_few', /Add/],
    ['x as text', { x: 'level=6', y: 1 }, '/x', 'wrong_type', /an object/],
    ['x as a list', { x: [1, 2], y: 1 }, '/x', 'wrong_type', /an object/],
    ['an unknown field', { x: { a: 1 }, z: 1 }, '/z', 'unknown_field', /Known fields are x, y/],
    ['a misspelled field', { x: { a: 1 }, statsu: 'running' }, '/statsu', 'unknown_field', /"status"/],
    ['y as text', { x: { a: 1 }, y: '12.5' }, '/y', 'wrong_type', /Send 12.5 without quotes/],
    ['y as words', { x: { a: 1 }, y: 'NaN' }, '/y', 'wrong_type', /infeasible/],
    ['y null', { x: { a: 1 }, y: null }, '/y', 'wrong_type', /Leave y out/],
    ['y true', { x: { a: 1 }, y: true }, '/y', 'wrong_type', /Send a number/],
    ['y a list', { x: { a: 1 }, y: [1] }, '/y', 'wrong_type', /Send a number/],
    ['y 1e31', { x: { a: 1 }, y: 1e31 }, '/y', 'out_of_range', /logarithm/],
    ['y -1e31', { x: { a: 1 }, y: -1e31 }, '/y', 'out_of_range', /logarithm/],
    ['y too large for a double', raw('{"x":{"a":1},"y":1e999}'), '/y', 'wrong_type', /Send a number/],
    ['x too large for a double', raw('{"x":{"a":[1,-1e999]},"y":1}'), '/x/a/1', 'out_of_range', /1\.7e308/],
    ['y empty object', { x: { a: 1 }, y: {} }, '/y/y', 'missing_objective', /"y"/],
    ['y of another objective', { x: { a: 1 }, y: { cost: 1 } }, '/y/cost', 'unknown_objective', /objectives are y/],
    ['y nested', { x: { a: 1 }, y: { y: { y: 1 } } }, '/y/y', 'wrong_type', /number/],
    ['a wrong status', { x: { a: 1 }, status: 'complete' }, '/status', 'not_allowed', /"completed"/],
    ['completed without y', { x: { a: 1 }, status: 'completed' }, '/y', 'missing_field', /Add y/],
    ['running with y', { x: { a: 1 }, y: 1, status: 'running' }, '/y', 'conflict', /Remove y/],
    ['infeasible with y', { x: { a: 1 }, y: 1, status: 'infeasible' }, '/y', 'conflict', /Remove y/],
    [
      'a reason without failure',
      { x: { a: 1 }, y: 1, infeasible_reason: 'x' },
      '/infeasible_reason',
      'conflict',
      /infeasible/,
    ],
    ['too many parameters', { x: wide(1001) }, '/x', 'too_many', /those that matter/],
    ['too many nested parameters', { x: { a: wide(600), b: wide(600) } }, '/x', 'too_many', /those that matter/],
    ['too deep', { x: deep(18) }, `/x${'/a'.repeat(16)}`, 'too_deep', /Flatten/],
    ['a long text', { x: { a: 'é'.repeat(100_001) } }, '/x/a', 'too_long', /Shorten/],
    ['a long key', { x: { ['k'.repeat(1001)]: 1 } }, '/x', 'too_long', /Shorten the key/],
    [
      'a large record',
      { x: wide(20), metadata: { a: Array(11).fill('x'.repeat(99_999)) } },
      '/metadata',
      'too_large',
      /Leave out/,
    ],
    ['half a character', raw('{"x":{"a":"\\ud83d"}}'), '/x/a', 'bad_format', /whole characters/],
    ['half a character in a key', raw('{"x":{"\\ud83d":1}}'), '/x', 'bad_format', /whole characters/],
    ['__proto__ in x', raw('{"x":{"__proto__":{"admin":true}}}'), '/x/__proto__', 'forbidden_key', /Rename/],
    ['__proto__ in depth', raw('{"x":{"a":[{"__proto__":1}]}}'), '/x/a/0/__proto__', 'forbidden_key', /Rename/],
    ['__proto__ in the body', raw('{"x":{"a":1},"__proto__":{"y":1}}'), '/__proto__', 'unknown_field', /Remove it/],
    [
      '__proto__ in y',
      raw('{"x":{"a":1},"y":{"__proto__":1}}'),
      '/y/__proto__',
      'unknown_objective',
      /objectives are y/,
    ],
    ['metadata as text', { x: { a: 1 }, metadata: 'hot day' }, '/metadata', 'wrong_type', /an object/],
  ])('%s', async (_, body, pointer, code, fix) => {
    const reply = await api.request<{ code: string; errors: unknown[] }>('POST', `/v1/studies/${study}/trials`, body, {
      'content-type': 'application/json',
    });
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(reply.body.errors[0]).toMatchObject({ pointer, code, fix: expect.stringMatching(fix) });
    expect((await api.get(`/v1/studies/${study}`)).body).toMatchObject({ version: 0 });
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});

describe('everything else', () => {
  it.each<[string, string, unknown, string, string]>([
    ['a study without a name', '/v1/studies', {}, '/name', 'missing_field'],
    ['an empty name', '/v1/studies', { name: '' }, '/name', 'too_short'],
    ['a long name', '/v1/studies', { name: 'n'.repeat(201) }, '/name', 'too_long'],
    ['half a character in a name', '/v1/studies', raw('{"name":"\\udc00"}'), '/name', 'bad_format'],
    ['no objectives', '/v1/studies', { name: 'n', objectives: [] }, '/objectives', 'too_few'],
    [
      'nine objectives',
      '/v1/studies',
      { name: 'n', objectives: Array.from({ length: 9 }, (_, i) => ({ name: `o${i}` })) },
      '/objectives',
      'too_many',
    ],
    [
      'two objectives of one name',
      '/v1/studies',
      { name: 'n', objectives: [{ name: 'a' }, { name: 'a' }] },
      '/objectives/1/name',
      'duplicate',
    ],
    [
      'an objective named __proto__',
      '/v1/studies',
      { name: 'n', objectives: [{ name: '__proto__' }] },
      '/objectives/0/name',
      'bad_format',
    ],
    [
      'a wrong goal',
      '/v1/studies',
      { name: 'n', objectives: [{ name: 'a', goal: 'minimise' }] },
      '/objectives/0/goal',
      'not_allowed',
    ],
    ['an empty batch', '/v1/studies/STUDY/trials:batch', { trials: [] }, '/trials', 'too_few'],
    ['a batch that is no list', '/v1/studies/STUDY/trials:batch', { trials: {} }, '/trials', 'wrong_type'],
    ['too large a batch', '/v1/studies/STUDY/trials:batch', { trials: [1, 2, 3, 4] }, '/trials', 'too_many'],
    ['no queries', '/v1/studies/STUDY/predictions', { queries: [] }, '/queries', 'too_few'],
    ['an empty query', '/v1/studies/STUDY/predictions', { queries: [{ a: 1 }, {}] }, '/queries/1', 'too_few'],
    [
      'too many queries',
      '/v1/studies/STUDY/predictions',
      { queries: Array(1001).fill({ a: 1 }) },
      '/queries',
      'too_many',
    ],
    [
      'an interval of 1',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], intervals: [0.9, 1] },
      '/intervals/1',
      'out_of_range',
    ],
    [
      'an interval in percent',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], intervals: [90] },
      '/intervals/0',
      'out_of_range',
    ],
    [
      'one interval twice',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], intervals: [0.5, 0.5] },
      '/intervals/1',
      'duplicate',
    ],
    [
      'an unknown include',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], include: ['expert'] },
      '/include/0',
      'not_allowed',
    ],
    [
      'an unknown model',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], model: 'model_x' },
      '/model',
      'not_found',
    ],
    [
      'an unknown objective given',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], given: [{ Y: 1 }] },
      '/given/0/Y',
      'unknown_objective',
    ],
    [
      'every objective given',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }, { a: 2 }], given: [null, { y: 1 }] },
      '/given/1',
      'conflict',
    ],
    [
      'a word given',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], given: [{ y: '1' }] },
      '/given/0/y',
      'wrong_type',
    ],
    [
      'too large a value given',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], given: [{ y: 1e31 }] },
      '/given/0/y',
      'out_of_range',
    ],
    [
      'given for some of the queries',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }, { a: 2 }], given: [null] },
      '/given',
      'too_few',
    ],
    [
      'joint for too many queries',
      '/v1/studies/STUDY/predictions',
      { queries: Array.from({ length: 101 }, (_, a) => ({ a })), include: ['joint'] },
      '/queries',
      'too_many',
    ],
    ['nothing to explain', '/v1/studies/STUDY:explain', { queries: [] }, '/queries', 'too_few'],
    [
      'too much to explain at once',
      '/v1/studies/STUDY:explain',
      { queries: Array(6).fill({ a: 1 }) },
      '/queries',
      'too_many',
    ],
    [
      'an explanation of another objective',
      '/v1/studies/STUDY:explain',
      { queries: [{ a: 1 }], objective: 'cost' },
      '/objective',
      'unknown_objective',
    ],
    [
      'an unknown part of an explanation',
      '/v1/studies/STUDY:explain',
      { queries: [{ a: 1 }], include: ['neighbors'] },
      '/include/0',
      'not_allowed',
    ],
    [
      'more neighbours than there may be',
      '/v1/studies/STUDY:explain',
      { queries: [{ a: 1 }], limits: { neighbours: 51 } },
      '/limits/neighbours',
      'out_of_range',
    ],
    ['no time', '/v1/studies/STUDY/predictions', { queries: [{ a: 1 }], timeout_ms: 0 }, '/timeout_ms', 'out_of_range'],
    [
      'a time in words',
      '/v1/studies/STUDY/predictions',
      { queries: [{ a: 1 }], timeout_ms: '5s' },
      '/timeout_ms',
      'wrong_type',
    ],
    [
      'a search space from high to low',
      '/v1/studies',
      { name: 'n', search_space: { a: { type: 'float', low: 2, high: 1 } } },
      '/search_space',
      'invalid_space',
    ],
    [
      'a search space that asks for what is not there',
      '/v1/studies',
      { name: 'n', search_space: { a: { type: 'boolean', when: { parameter: 'b', in: [1] } } } },
      '/search_space',
      'invalid_space',
    ],
    [
      'an unknown type of parameter',
      '/v1/studies',
      { name: 'n', search_space: { a: { type: 'flaot', low: 0, high: 1 } } },
      '/search_space/a/type',
      'not_allowed',
    ],
    ['no candidates', '/v1/studies/STUDY:rank', { candidates: [], goal: 'minimize' }, '/candidates', 'too_few'],
    [
      'too many candidates',
      '/v1/studies/STUDY:rank',
      { candidates: Array(1001).fill({ a: 1 }), goal: 'minimize' },
      '/candidates',
      'too_many',
    ],
    ['an objective without a goal', '/v1/studies/STUDY:rank', { candidates: [{ a: 1 }] }, '/goal', 'missing_field'],
    [
      'an unknown criterion',
      '/v1/studies/STUDY:rank',
      { candidates: [{ a: 1 }], criterion: 'thomson' },
      '/criterion',
      'not_allowed',
    ],
    [
      'a candidate outside of the space',
      '/v1/studies/STUDY:rank',
      {
        candidates: [{ a: 1 }, { a: 3, b: 1 }],
        goal: 'minimize',
        search_space: { a: { type: 'float', low: 0, high: 1 } },
      },
      '/candidates/1',
      'outside_space',
    ],
    ['a suggestion without a goal', '/v1/studies/STUDY:suggest', {}, '/goal', 'missing_field'],
    [
      'an objective that the study does not have',
      '/v1/studies/STUDY:suggest',
      { objective: 'loss', goal: 'minimize' },
      '/objective',
      'unknown_objective',
    ],
    [
      'no search space and no trials',
      '/v1/studies/STUDY:suggest',
      { goal: 'minimize' },
      '/search_space',
      'missing_field',
    ],
    ['no suggestions', '/v1/studies/STUDY:suggest', { count: 0 }, '/count', 'out_of_range'],
    ['a level of 1', '/v1/studies/STUDY:suggest', { goal: 'minimize', level: 1 }, '/level', 'out_of_range'],
    ['studies as a word', '/v1/fine-tuning-jobs', { studies: 'any' }, '/studies', 'not_allowed'],
    ['studies as a number', '/v1/fine-tuning-jobs', { studies: 1 }, '/studies', 'not_allowed'],
    ['an empty list of studies', '/v1/fine-tuning-jobs', { studies: [] }, '/studies', 'too_few'],
    ['one study twice', '/v1/fine-tuning-jobs', { studies: ['a', 'a'] }, '/studies/1', 'duplicate'],
    ['an unknown study', '/v1/fine-tuning-jobs', { studies: ['study_x'] }, '/studies/0', 'not_found'],
    ['an unknown parent', '/v1/fine-tuning-jobs', { studies: 'all', parent: 'x' }, '/parent', 'not_found'],
    [
      'an unknown hyperparameter',
      '/v1/fine-tuning-jobs',
      { studies: 'all', hyperparameters: { setps: 1 } },
      '/hyperparameters/setps',
      'unknown_field',
    ],
    [
      'half a step',
      '/v1/fine-tuning-jobs',
      { studies: 'all', hyperparameters: { steps: 1.5 } },
      '/hyperparameters/steps',
      'wrong_type',
    ],
    [
      'no steps',
      '/v1/fine-tuning-jobs',
      { studies: 'all', hyperparameters: { steps: 0 } },
      '/hyperparameters/steps',
      'out_of_range',
    ],
    [
      'beta2 of 2',
      '/v1/fine-tuning-jobs',
      { studies: 'all', hyperparameters: { beta2: 2 } },
      '/hyperparameters/beta2',
      'out_of_range',
    ],
    [
      'hyperparameters as a word',
      '/v1/fine-tuning-jobs',
      { studies: 'all', hyperparameters: 'fast' },
      '/hyperparameters',
      'not_allowed',
    ],
    ['a seed below zero', '/v1/fine-tuning-jobs', { studies: 'all', seed: -1 }, '/seed', 'out_of_range'],
    ['no study to evaluate on', '/v1/evaluations', {}, '/studies', 'missing_field'],
    ['an unknown study to evaluate on', '/v1/evaluations', { studies: ['study_x'] }, '/studies/0', 'not_found'],
    ['an unknown model', '/v1/evaluations', { studies: 'all', model: 'x' }, '/model', 'not_found'],
    ['an unknown protocol', '/v1/evaluations', { studies: 'all', protocols: ['seen'] }, '/protocols/0', 'not_allowed'],
    ['-1 local trials', '/v1/evaluations', { studies: 'all', local_trials: [-1] }, '/local_trials/0', 'out_of_range'],
    ['a single group', '/v1/evaluations', { studies: 'all', folds: 1 }, '/folds', 'out_of_range'],
    [
      'the family of a study that is not evaluated on',
      '/v1/evaluations',
      { studies: ['STUDY'], families: { study_x: 'f' } },
      '/families/study_x',
      'not_found',
    ],
    [
      'an unknown hyperparameter of its trainings',
      '/v1/evaluations',
      { studies: 'all', training: { setps: 1 } },
      '/training/setps',
      'unknown_field',
    ],
  ])('%s', async (_, path, body, pointer, code) => {
    const named = typeof body === 'string' ? body : JSON.stringify(body).replace('STUDY', study);
    const reply = await api.post(path.replace('STUDY', study), named);
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(reply.body.errors?.[0]).toMatchObject({ pointer, code, fix: expect.stringMatching(/\S/) });
  });

  it.each([
    ['limit=0', 'query/limit', 'out_of_range'],
    ['limit=1001', 'query/limit', 'out_of_range'],
    ['limit=ten', 'query/limit', 'wrong_type'],
    ['limit=1e999', 'query/limit', 'wrong_type'],
    ['limit=1&limit=2', 'query/limit', 'wrong_type'],
    ['oder=asc', 'query/oder', 'unknown_field'],
    ['order=up', 'query/order', 'not_allowed'],
    ['after=', 'query/after', 'too_short'],
  ])('?%s', async (query, pointer, code) => {
    const reply = await api.get(`/v1/studies?${query}`);
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ pointer, code }] } });
  });

  it.each(['', ' '.repeat(5), 'é', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
    // Header values are bytes: fetch would refuse "é" itself, and trims blanks, as HTTP does.
    const header = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    const reply = await api.post('/v1/studies', { name: 'n' }, header);
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: 'header/idempotency-key' }] } });
  });

  it.each<[string, string, string, number, string]>([
    ['GET', '/v1/studies/study_x', 'an unknown study', 404, 'study_not_found'],
    ['GET', '/v1/studies/study_x/trials', 'trials of an unknown study', 404, 'study_not_found'],
    ['GET', '/v1/studies/STUDY/trials/trial_x', 'an unknown trial', 404, 'trial_not_found'],
    ['GET', '/v1/fine-tuning-jobs/x', 'an unknown job', 404, 'job_not_found'],
    ['GET', '/v1/fine-tuning-jobs/x/events', 'events of an unknown job', 404, 'job_not_found'],
    ['POST', '/v1/fine-tuning-jobs/x:cancel', 'cancelling an unknown job', 404, 'job_not_found'],
    ['GET', '/v1/evaluations/x', 'an unknown evaluation', 404, 'evaluation_not_found'],
    ['GET', '/v1/evaluations/x/report', 'the report of an unknown evaluation', 404, 'evaluation_not_found'],
    ['POST', '/v1/evaluations/x:cancel', 'cancelling an unknown evaluation', 404, 'evaluation_not_found'],
    ['GET', '/v1/models/x', 'an unknown model', 404, 'model_not_found'],
    ['GET', '/v2/studies', 'an unknown path', 404, 'route_not_found'],
    ['GET', '/v1/studies/', 'an empty id', 404, 'study_not_found'],
    ['PUT', '/v1/studies/STUDY', 'an unknown method', 405, 'method_not_allowed'],
    ['DELETE', '/v1/studies/study_x', 'deleting an unknown study', 404, 'study_not_found'],
    ['DELETE', '/v1/models/model_x', 'deleting an unknown model', 404, 'model_not_found'],
    ['GET', '/v1/keys/key_x', 'an unknown key', 404, 'key_not_found'],
    ['GET', '/v1/studies/STUDY/trials:batch', 'reading what is written', 405, 'method_not_allowed'],
    ['GET', '/v1/studies/%zz', 'a path wrongly encoded', 400, 'bad_request'],
  ])('%s %s: %s', async (method, path, _, status, code) => {
    const reply = await api.request(method, path.replace('STUDY', study));
    expect(reply).toMatchObject({ status, body: { code, detail: expect.stringMatching(/\S/) } });
  });

  it('says which methods a path knows', async () => {
    expect((await api.request('PUT', '/v1/studies')).headers.get('allow')).toBe('GET, POST');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])('refuses %s', async (type) => {
    const reply = await api.post('/v1/studies', '{"name":"n"}', { 'content-type': type });
    expect(reply).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('refuses NaN with the place and the way out', async () => {
    const reply = await api.post(`/v1/studies/${study}/trials`, '{"x": {"a": 1}, "y": NaN}');
    expect(reply).toMatchObject({
      status: 400,
      body: { code: 'invalid_json', detail: expect.stringMatching(/at \/y: .*infeasible/) },
    });
  });

  it('refuses a body above the limit', async () => {
    const reply = await api.post('/v1/studies', JSON.stringify({ name: 'x'.repeat(17 * 1024 * 1024) }));
    expect(reply).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  it('lists at most fifty errors, of a hostile body one', async () => {
    const some = await api.post('/v1/studies', wide(500));
    expect(some.body.errors).toHaveLength(50);
    const hostile = await api.post('/v1/studies', wide(200_000));
    expect(hostile.body.errors).toHaveLength(1);
  });

  it('takes a body where none is meant only if it is empty', async () => {
    const reply = await api.post('/v1/fine-tuning-jobs/x:cancel', { force: true });
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: '', code: 'unknown_field' }] } });
  });

  it('asks which of several objectives is meant', async () => {
    const several = await api.makeStudy(['loss', 'time']);
    const reply = await api.post(`/v1/studies/${several.id}:suggest`, {});
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ pointer: '/objective', code: 'missing_field' }] } });
  });

  it('says how many trials a training needs', async () => {
    const reply = await api.post('/v1/fine-tuning-jobs', { studies: [study] });
    expect(reply).toMatchObject({
      status: 422,
      body: { code: 'too_few_trials', detail: expect.stringContaining('2 are needed') },
    });
  });

  it('says how to get a model', async () => {
    const reply = await api.post(`/v1/studies/${study}/predictions`, { queries: [{ a: 1 }] });
    expect(reply).toMatchObject({
      status: 409,
      body: { code: 'no_model', detail: expect.stringContaining('POST /v1/fine-tuning-jobs') },
    });
  });
});

it('is what docs/bad-input.md shows', () => {
  expect(rows.length).toBeGreaterThan(100);
  holdTable('HTTP', rows);
});

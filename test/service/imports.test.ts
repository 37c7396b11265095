// Imports over HTTP: what rows become, what is said of bad ones, and that a break at any moment loses and doubles nothing.
import { request } from 'node:http';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Schemas, testServer } from './test-server.js';

type Server = Awaited<ReturnType<typeof testServer>>;
type State = Schemas['ImportState'];

const CSV = { 'content-type': 'text/csv' };
const NDJSON = { 'content-type': 'application/x-ndjson' };

const send = (server: Server, query: string, body: string, headers: Record<string, string> = CSV) =>
  server.request<State>('POST', `/v1/imports?${query}`, body, headers);

async function trialsOf(server: Server, studyId: string) {
  const trials: Schemas['Trial'][] = [];
  for (let after = ''; ; ) {
    const path = `/v1/studies/${studyId}/trials?limit=1000${after}`;
    const { body } = await server.get<Schemas['TrialList']>(path);
    trials.push(...body.data);
    if (!body.has_more) return trials;
    after = `&after=${body.last_id}`;
  }
}

const table = (rows: number) =>
  `level,mode,loss\n${Array.from({ length: rows }, (_, i) => `${i},${i % 2 ? 'a' : '"b, c"'},${i / 8}\n`).join('')}`;

/** Sends `bytes` and breaks the connection instead of ending the body. */
function breakOff(server: Server, method: string, path: string, headers: Record<string, string>, bytes: Buffer) {
  return new Promise<void>((resolve) => {
    const sending = request(`${server.url}${path}`, { method, headers });
    sending.on('error', () => resolve());
    sending.write(bytes, () => setTimeout(() => sending.destroy(new Error('broken off')), 50));
  });
}

/** The import when it has moved on from `start` and stopped moving, or after so many looks all the same. */
async function settled(server: Server, id: string, start = -1, looks = 30): Promise<State> {
  let before = start;
  for (;;) {
    const { body } = await server.get<State>(`/v1/imports/${id}`);
    if (body.offset === before && (before !== start || looks-- <= 0)) return body;
    before = body.offset;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

describe('rows as the body', () => {
  it('become trials of a new study, in their order, with the objective and the kinds of columns found', async () => {
    const server = await testServer();
    const text = table(2500);
    const { status, body, headers } = await send(server, 'name=mine&source=t.csv', text);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'completed',
      rows: 2500,
      imported: 2500,
      rejected: 0,
      offset: text.length,
      checksum: crc32(text),
      objectives: [{ name: 'loss' }],
      columns: [
        { name: 'level', role: 'parameter', type: 'number' },
        { name: 'mode', role: 'parameter', type: 'text' },
        { name: 'loss', role: 'objective' },
      ],
      source: 't.csv',
    });
    expect(headers.get('location')).toBe(`/v1/imports/${body.id}`);
    const trials = await trialsOf(server, body.study_id!);
    expect(trials.map(({ x, y }) => [x.level, x.mode, y])).toEqual(
      Array.from({ length: 2500 }, (_, i) => [i, i % 2 ? 'a' : 'b, c', i / 8]),
    );
    const { body: study } = await server.get<Schemas['Study']>(`/v1/studies/${body.study_id}`);
    expect(study).toMatchObject({ name: 'mine', trial_counts: { completed: 2500, running: 0, infeasible: 0 } });
  });

  it('are added to a study, every status among them', async () => {
    const server = await testServer();
    const study = await server.makeStudy(['loss', 'cost']);
    const lines = [
      { x: { a: 1 }, y: { cost: 2, loss: 1 }, metadata: { host: 'b7' } },
      { x: { a: 2 }, status: 'infeasible', infeasible_reason: 'no memory' },
      { x: { a: [1, { b: null }] } },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('\n');
    const { body } = await send(server, `study_id=${study.id}`, text, NDJSON);
    expect(body).toMatchObject({ imported: 3, infeasible: 1, rejected: 0, study_id: study.id });
    const trials = await trialsOf(server, study.id);
    expect(trials).toMatchObject([
      { ...lines[0], status: 'completed' },
      { ...lines[1], y: null },
      { ...lines[2], status: 'running', y: null },
    ]);
  });

  it('that are bad are listed, by pages, with their place in the table, and the good ones are kept', async () => {
    const server = await testServer();
    const text = 'level,loss\n1,1\nnan,2\n3,none\n4,"4\n5,5\n6\n7,7\n';
    const { body } = await send(server, 'name=mine', text);
    expect(body).toMatchObject({ rows: 7, imported: 3, rejected: 4 });
    expect(body.errors.map(({ row, line, errors }) => [row, line, errors[0]!.code, errors[0]!.pointer])).toEqual([
      [1, 3, 'not_finite', '/x/level'],
      [2, 4, 'not_a_number', '/y'],
      [3, 5, 'broken_quotes', ''],
      [5, 7, 'ragged_row', ''],
    ]);
    expect(body.errors.map(({ offset, bytes }) => text.slice(offset, offset + bytes))).toEqual([
      'nan,2\n',
      '3,none\n',
      '4,"4\n',
      '6\n',
    ]);
    const path = `/v1/imports/${body.id}/errors`;
    const first = await server.get<Schemas['ImportRejectList']>(`${path}?limit=3`);
    const second = await server.get<Schemas['ImportRejectList']>(
      `${path}?limit=3&after=${first.body.data.at(-1)!.row}`,
    );
    expect([...first.body.data, ...second.body.data]).toEqual(body.errors);
    expect([first.body.has_more, second.body.has_more]).toEqual([true, false]);
  });

  it('that go beyond the limits of a trial are refused one by one', async () => {
    const server = await testServer({ maxTextLength: 10, maxParameters: 2 });
    const csv = await send(server, 'name=mine', 'a,y\nshort,1\nmuch too long,2\n');
    expect(csv.body.errors).toMatchObject([{ row: 1, errors: [{ code: 'too_long', pointer: '/x/a', column: 'a' }] }]);
    const lines = ['{"x": {"a": 1, "b": 2, "c": 3}, "y": 1}', '{"x": {"a": 1}, "y": 1}', '{', '{"x": {}, "z": 1}'];
    const ndjson = await send(server, 'name=mine', lines.join('\n'), NDJSON);
    expect(ndjson.body).toMatchObject({ imported: 1, rejected: 3 });
    expect(ndjson.body.errors.map(({ errors }) => errors.map(({ code }) => code).sort())).toEqual([
      ['too_many'],
      ['invalid_json'],
      ['too_few', 'unknown_field'],
    ]);
  });

  it('are refused as a whole where the table cannot be used', async () => {
    const server = await testServer();
    const refused = async (query: string, body: string) => {
      const answer = await server.request<Schemas['Problem']>('POST', `/v1/imports?${query}`, body, CSV);
      return [answer.status, answer.body.code];
    };
    expect(await refused('name=mine', '')).toEqual([422, 'csv_unusable']);
    expect(await refused('name=mine', 'a,a,y\n1,2,3\n')).toEqual([422, 'csv_unusable']);
    expect(await refused('name=mine&objective=z', 'a,y\n1,2\n')).toEqual([422, 'unknown_column']);
    expect(await refused('name=mine&ignore=z', 'a,y\n1,2\n')).toEqual([422, 'unknown_column']);
    expect(await refused('', 'a,y\n1,2\n')).toEqual([400, 'invalid_request']);
    expect(await refused('name=a&study_id=b', 'a,y\n1,2\n')).toEqual([400, 'invalid_request']);
    expect(await refused('study_id=study_nope', 'a,y\n1,2\n')).toEqual([404, 'study_not_found']);
    const { body } = await server.get<Schemas['ImportList']>('/v1/imports?status=failed');
    expect(body.data).toHaveLength(4);
    expect(body.data.every(({ error, study_id }) => error !== null && study_id === null)).toBe(true);
  });

  it('end the import at the first bad one where that is asked for, and go on when it is mended', async () => {
    const server = await testServer();
    const bad = 'level,loss\n1,1\n2,2\n3,x\n4,4\n';
    const answer = await server.request<Schemas['Problem']>(
      'POST',
      '/v1/imports?name=m&on_error=abort&source=s',
      bad,
      CSV,
    );
    expect(answer).toMatchObject({ status: 422, body: { code: 'row_rejected', errors: [{ pointer: '/y' }] } });
    expect(answer.body.detail).toContain('line 4');
    const { body } = await server.get<Schemas['ImportList']>('/v1/imports?source=s');
    const [failed] = body.data;
    expect(failed).toMatchObject({ status: 'failed', imported: 2, offset: bad.indexOf('3,x') });
    const mended = bad.replace('3,x', '3,3').slice(failed!.offset);
    const offset = { 'upload-offset': String(failed!.offset) };
    const done = await server.request<State>('PATCH', `/v1/imports/${failed!.id}`, mended, { ...CSV, ...offset });
    expect(done.body).toMatchObject({
      status: 'completed',
      imported: 4,
      error: null,
      checksum: crc32(bad.replace('3,x', '3,3')),
    });
    const trials = await trialsOf(server, done.body.study_id!);
    expect(trials.map(({ y }) => y)).toEqual([1, 2, 3, 4]);
  });
});

describe('an import made first', () => {
  it('takes its rows in many requests, in any pieces, and says where it is', async () => {
    const server = await testServer();
    const made = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'mine' } });
    expect(made).toMatchObject({ status: 201, body: { status: 'open', offset: 0, study_id: null } });
    const text = table(700);
    let offset = 0;
    for (let size = 1000; ; size += 777) {
      const last = offset + size >= text.length;
      const headers = { ...CSV, 'upload-offset': String(offset), 'upload-complete': last ? '?1' : '?0' };
      const piece = text.slice(offset, offset + size);
      const { body } = await server.request<State>('PATCH', `/v1/imports/${made.body.id}`, piece, headers);
      expect(body.offset).toBeGreaterThanOrEqual(offset);
      offset = body.offset;
      if (last) break;
    }
    const { body } = await server.get<State>(`/v1/imports/${made.body.id}`);
    expect(body).toMatchObject({ status: 'completed', imported: 700, offset: text.length, checksum: crc32(text) });
    const trials = await trialsOf(server, body.study_id!);
    expect(trials.map(({ x }) => x.level)).toEqual(Array.from({ length: 700 }, (_, i) => i));
  });

  it('refuses rows from another place, of another format, and after its end', async () => {
    const server = await testServer();
    const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'mine' } });
    const path = `/v1/imports/${made.id}`;
    const patch = async (body: string, headers: Record<string, string>) => {
      const answer = await server.request<Schemas['Problem']>('PATCH', path, body, headers);
      return [answer.status, answer.body.code, answer.headers.get('upload-offset')];
    };
    expect(await patch('a', { ...CSV, 'upload-offset': '5' })).toEqual([409, 'upload_offset_mismatch', '0']);
    expect(await patch('{}', NDJSON)).toEqual([415, 'unsupported_media_type', null]);
    await server.request('PATCH', path, 'a,y\n1,2\n', CSV);
    expect(await patch('3,4\n', { ...CSV, 'upload-offset': '8' })).toEqual([409, 'import_not_open', null]);
  });

  it('can be told what every column is for', async () => {
    const server = await testServer();
    const columns = [
      { name: 'params.depth', role: 'parameter', type: 'number', key: 'depth' },
      { name: 'params.tags', role: 'parameter', type: 'json', key: 'tags' },
      { name: 'metrics.rmse', role: 'objective', key: 'rmse' },
      { name: 'status', role: 'status' },
      { name: 'why', role: 'infeasible_reason' },
      { name: 'tags.user', role: 'metadata', key: 'user' },
    ];
    const csv = { columns, missing: ['NA'] };
    const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'runs' }, csv });
    const text = [
      'run,params.depth,params.tags,metrics.rmse,status,why,tags.user',
      'r1,3,"[1,""a""]",0.5,FINISHED,,ann',
      'r2,NA,{},,FAILED,,bob',
      'r3,4,[],,KILLED,by hand,',
      'r4,5,[,,RUNNING,,',
    ].join('\n');
    const { body } = await server.request<State>('PATCH', `/v1/imports/${made.id}`, text, CSV);
    expect(body).toMatchObject({ imported: 3, infeasible: 2, rejected: 1 });
    expect(body.errors).toMatchObject([{ line: 5, errors: [{ pointer: '/x/tags', code: 'not_a_json' }] }]);
    expect(await trialsOf(server, body.study_id!)).toMatchObject([
      { x: { depth: 3, tags: [1, 'a'] }, y: 0.5, metadata: { user: 'ann' } },
      { x: { tags: {} }, status: 'infeasible', infeasible_reason: 'failed', metadata: { user: 'bob' } },
      { x: { depth: 4, tags: [] }, status: 'infeasible', infeasible_reason: 'by hand', metadata: {} },
    ]);
  });

  it('can be cancelled: its rows stay, and no more are taken', async () => {
    const server = await testServer();
    const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'mine' } });
    await server.request('PATCH', `/v1/imports/${made.id}`, 'a,y\n1,2\n3', { ...CSV, 'upload-complete': '?0' });
    for (const _ of [1, 2]) {
      const { body } = await server.post<Schemas['Import']>(`/v1/imports/${made.id}:cancel`);
      expect(body).toMatchObject({ status: 'cancelled', imported: 0 });
    }
    const late = await server.request<Schemas['Problem']>('PATCH', `/v1/imports/${made.id}`, 'a,y\n1,2\n', CSV);
    expect([late.status, late.body.code]).toEqual([409, 'import_not_open']);
  });
});

it('takes no more rows where its study was deleted', async () => {
  const server = await testServer();
  const study = await server.makeStudy();
  const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study_id: study.id });
  const response = await fetch(`${server.url}/v1/studies/${study.id}`, { method: 'DELETE' });
  expect(response.status).toBe(204);
  const late = await server.request<Schemas['Problem']>('PATCH', `/v1/imports/${made.id}`, 'a,y\n1,2\n', CSV);
  expect([late.status, late.body.code]).toEqual([404, 'study_not_found']);
});

describe('a break', () => {
  it('at any moment, again and again, loses and doubles nothing', async () => {
    const server = await testServer();
    const bytes = Buffer.from(table(30_000));
    const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'mine' } });
    const path = `/v1/imports/${made.id}`;
    // Nothing is durable of the first, which ends within the header; of the others their whole rows are.
    let offset = 0;
    for (const cut of [10, 30_000, 111_111, 222_222, 300_001]) {
      const headers = { ...CSV, 'upload-offset': String(offset) };
      await breakOff(server, 'PATCH', path, headers, bytes.subarray(offset, cut));
      if (cut > 10) offset = (await settled(server, made.id, offset)).offset;
    }
    expect(offset).toBeGreaterThan(290_000);
    const headers = { ...CSV, 'upload-offset': String(offset) };
    const { body } = await server.request<State>('PATCH', path, bytes.subarray(offset).toString(), headers);
    expect(body).toMatchObject({ status: 'completed', imported: 30_000, checksum: crc32(bytes) });
    const trials = await trialsOf(server, body.study_id!);
    expect(trials.map(({ x }) => x.level)).toEqual(Array.from({ length: 30_000 }, (_, i) => i));
  });

  it('is mended by the same request again, where it has an Idempotency-Key', async () => {
    const server = await testServer();
    const bytes = Buffer.from(table(20_000));
    const headers = { ...CSV, 'idempotency-key': 'once' };
    await breakOff(server, 'POST', '/v1/imports?name=mine', headers, bytes.subarray(0, 200_000));
    const { body: list } = await server.get<Schemas['ImportList']>('/v1/imports');
    const { offset } = await settled(server, list.data[0]!.id, 0);
    expect(offset).toBeGreaterThan(100_000);
    const other = Buffer.from(bytes);
    other[offset >> 1] = 0x39;
    const refused = await server.request<Schemas['Problem']>(
      'POST',
      '/v1/imports?name=mine',
      other.toString(),
      headers,
    );
    expect([refused.status, refused.body.code]).toEqual([409, 'import_changed']);
    for (const replayed of [null, 'true']) {
      const again = await send(server, 'name=mine', bytes.toString(), headers);
      expect(again.headers.get('idempotency-replayed')).toBe(replayed);
      expect(again.body).toMatchObject({ id: list.data[0]!.id, status: 'completed', imported: 20_000 });
    }
    const reused = await server.request<Schemas['Problem']>('POST', '/v1/imports?name=yours', 'a,y\n1,2\n', headers);
    expect([reused.status, reused.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('of two that send at once one is told that the import has moved', async () => {
    const server = await testServer();
    const { body: made } = await server.post<State>('/v1/imports', { format: 'csv', study: { name: 'mine' } });
    const text = table(12_000);
    const patch = () => server.request<State | Schemas['Problem']>('PATCH', `/v1/imports/${made.id}`, text, CSV);
    const answers = await Promise.all([patch(), patch()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const { body } = await server.get<State>(`/v1/imports/${made.id}`);
    expect(body).toMatchObject({ status: 'completed', imported: 12_000 });
    expect(await trialsOf(server, body.study_id!)).toHaveLength(12_000);
  });
});

it('answers any bytes with less than 500, and says what came of each row', async () => {
  const server = await testServer();
  const part = fc.oneof(
    fc.constantFrom(
      'a,y\n',
      '1,2\n',
      '"',
      '\n',
      '\r',
      ',',
      '{"x":{"a":1},"y":2}\n',
      '{',
      '[1]\n',
      'null\n',
      '"a\n',
      '\ufeff',
      '__proto__',
    ),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const bytes = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))),
    fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.constantFrom(CSV, NDJSON), async (body, headers) => {
      const answer = await server.request<State>('POST', '/v1/imports?name=any', body, headers);
      expect(answer.status).toBeLessThan(500);
      if (answer.status !== 201) return;
      const { rows, imported, rejected, offset } = answer.body;
      expect([imported + rejected, offset]).toEqual([rows, body.length]);
    }),
    { numRuns: 150 },
  );
});

it('does not let more send at once than may', async () => {
  const server = await testServer({ maxImports: 1 });
  const slow = request(`${server.url}/v1/imports?name=slow`, { method: 'POST', headers: CSV });
  const answered = new Promise((resolve) => slow.on('response', resolve));
  slow.write('a,y\n1,2\n');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const second = await server.request<Schemas['Problem']>('POST', '/v1/imports?name=second', 'a,y\n1,2\n', CSV);
  expect([second.status, second.body.code, second.headers.get('retry-after')]).toEqual([429, 'too_many_imports', '5']);
  const { body: list } = await server.get<Schemas['ImportList']>('/v1/imports');
  expect(list.data).toHaveLength(1);
  slow.end();
  expect(await answered).toMatchObject({ statusCode: 201 });
});

it('takes as long as its rows do, where a request that is no import is let go', async () => {
  const server = await testServer({ requestTimeoutMs: 400 });
  const statusOf = (path: string, type: string, pieces: string[]) =>
    new Promise<number | undefined>((resolve) => {
      const sending = request(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': type } });
      sending.on('response', ({ statusCode }) => resolve(statusCode));
      sending.on('error', () => resolve(undefined));
      const timer = setInterval(() => {
        const piece = pieces.shift();
        if (piece !== undefined) return void sending.write(piece);
        clearInterval(timer);
        sending.end();
      }, 150);
    });
  const rows = ['a,y\n', '1,2\n', '2,3\n', '3,4\n', '4,5\n', '5,6\n'];
  const [imported, other] = await Promise.all([
    statusOf('/v1/imports?name=slow', 'text/csv', rows),
    statusOf('/v1/studies', 'application/json', ['{"na', 'me":', '"a"', ' ', ' ', '}']),
  ]);
  expect([imported, other]).toEqual([201, 408]);
});

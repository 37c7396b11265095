// Studies and trials over HTTP.
import { describe, expect, it } from 'vitest';
import { type Schemas, testServer } from './test-server.js';

type List<T> = { data: T[]; has_more: boolean; last_id: string | null };

describe('studies', () => {
  it('are created, read and listed', async () => {
    const { get, post } = await testServer();
    const body = {
      name: 'سبيكة 718 🔥',
      metadata: { note: 'x'.repeat(10_000), nested: { a: [1, null, true] } },
      objectives: [{ name: 'strength', goal: 'maximize', unit: 'MPa' }, { name: 'cost' }],
    };
    const made = await post<Schemas['Study']>('/v1/studies', body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ...body, version: 0, trial_counts: { completed: 0, running: 0, infeasible: 0 } });
    expect((await get(made.headers.get('location')!)).body).toEqual(made.body);
    const found = await get<List<Schemas['Study']>>(`/v1/studies?name=${encodeURIComponent(body.name)}`);
    expect(found.body.data).toEqual([made.body]);
  });

  it('have one objective "y" unless told otherwise', async () => {
    const { post } = await testServer();
    expect((await post('/v1/studies', { name: 'plain' })).body).toMatchObject({
      objectives: [{ name: 'y' }],
      metadata: {},
    });
  });
});

describe('trials', () => {
  it('run, then are completed, once', async () => {
    const { makeStudy, post, get } = await testServer();
    const { id } = await makeStudy();
    const made = await post<Schemas['Trial']>(`/v1/studies/${id}/trials`, { x: { level: 1 } });
    expect(made.body).toMatchObject({ status: 'running', y: null, completed_at: null });
    const path = `/v1/studies/${id}/trials/${made.body.id}`;
    const done = await post<Schemas['Trial']>(`${path}:complete`, { y: 12.5 });
    expect(done.body).toMatchObject({ status: 'completed', y: 12.5, completed_at: expect.any(String) });
    expect((await get(path)).body).toEqual(done.body);
    expect(await post(`${path}:complete`, { y: 13 })).toMatchObject({
      status: 409,
      body: { code: 'trial_already_finished' },
    });
    expect(await post(`${path}:infeasible`, {})).toMatchObject({ status: 409 });
  });

  it('run, then fail, with a reason or without a body at all', async () => {
    const { makeStudy, post } = await testServer();
    const { id } = await makeStudy();
    for (const [body, reason] of [
      [{ reason: 'too hot' }, 'too hot'],
      [undefined, null],
    ] as const) {
      const made = await post<Schemas['Trial']>(`/v1/studies/${id}/trials`, { x: { level: 1 } });
      const failed = await post(`/v1/studies/${id}/trials/${made.body.id}:infeasible`, body);
      expect(failed).toMatchObject({ status: 200, body: { status: 'infeasible', y: null, infeasible_reason: reason } });
    }
  });

  it('of several objectives are objects, of one a number', async () => {
    const { makeStudy, post } = await testServer();
    const [two, one] = [await makeStudy(['strength', 'cost']), await makeStudy(['y'])];
    const y = { cost: 2, strength: 1 };
    expect((await post(`/v1/studies/${two.id}/trials`, { x: { a: 1 }, y })).body).toMatchObject({
      y: { strength: 1, cost: 2 },
    });
    expect((await post(`/v1/studies/${one.id}/trials`, { x: { a: 1 }, y: { y: 7 } })).body).toMatchObject({ y: 7 });
    const wrong = await post(`/v1/studies/${two.id}/trials`, { x: { a: 1 }, y: { strenght: 1, cost: 2 } });
    expect(wrong.body.errors).toMatchObject([
      { pointer: '/y/strenght', code: 'unknown_objective', fix: expect.stringContaining('"strength"') },
      { pointer: '/y/strength', code: 'missing_objective' },
    ]);
    expect((await post(`/v1/studies/${two.id}/trials`, { x: { a: 1 }, y: 1 })).body.errors).toMatchObject([
      { pointer: '/y', code: 'wrong_type', fix: 'Send {"strength": …, "cost": …}.' },
    ]);
  });

  it('in a batch are judged one by one', async () => {
    const { makeStudy, addTrials, get } = await testServer();
    const { id } = await makeStudy();
    const rows = [
      { x: { a: 1 }, y: 1 },
      { x: { a: 2 }, y: '2' },
      7,
      null,
      { x: { a: 1 }, y: 1 },
      { x: {}, y: 5 },
      { y: 1 },
    ];
    const { created, errors } = await addTrials(id, rows);
    expect(created.map(({ row }) => row)).toEqual([0, 4]);
    expect(errors.map(({ row, pointer, code }) => [row, pointer, code])).toEqual([
      [1, '/trials/1/y', 'wrong_type'],
      [2, '/trials/2', 'wrong_type'],
      [3, '/trials/3', 'wrong_type'],
      [5, '/trials/5/x', 'too_few'],
      [6, '/trials/6/x', 'missing_field'],
    ]);
    const stored = await get<List<Schemas['Trial']>>(`/v1/studies/${id}/trials`);
    expect(stored.body.data.map((trial) => trial.id)).toEqual(created.map((trial) => trial.id));
    expect((await get(`/v1/studies/${id}`)).body).toMatchObject({ version: 1, trial_counts: { completed: 2 } });
  });

  it('are paged to the last one while others are added', async () => {
    const { makeStudy, addTrials, get } = await testServer();
    const { id } = await makeStudy();
    const { created } = await addTrials(
      id,
      Array.from({ length: 23 }, (_, a) => ({ x: { a }, y: a })),
    );
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const cursor: string = after === null ? '' : `&after=${after}`;
      const { body }: { body: List<Schemas['Trial']> } = await get(
        `/v1/studies/${id}/trials?limit=5&order=desc${cursor}`,
      );
      seen.push(...body.data.map((trial) => trial.id));
      after = body.has_more ? body.last_id : null;
      await addTrials(id, [{ x: { late: true }, y: 0 }]);
    } while (after !== null);
    expect(seen).toEqual(created.map((trial) => trial.id).reverse());
    const elsewhere = await get(`/v1/studies?after=${seen[0]}`);
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'cursor_not_found' } });
  });
});

describe('idempotency keys', () => {
  it('make a batch happen once, and answer the same, errors and all', async () => {
    const { makeStudy, post, get } = await testServer();
    const { id } = await makeStudy();
    const path = `/v1/studies/${id}/trials:batch`;
    const batch = {
      trials: [
        { x: { a: 1 }, y: 1 },
        { x: { a: 2 }, y: 'two' },
      ],
    };
    const key = { 'idempotency-key': 'import-1' };
    const replies = await Promise.all([1, 2, 3].map(() => post(path, batch, key)));
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(replies.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(2);
    expect((await get<List<unknown>>(`/v1/studies/${id}/trials`)).body.data).toHaveLength(1);
    const reused = await post(path, { trials: [{ x: { a: 3 }, y: 1 }] }, key);
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    // The same body for another study is another request.
    expect((await post(`/v1/studies/${(await makeStudy()).id}/trials:batch`, batch, key)).status).toBe(422);
  });

  it('do not remember what was refused', async () => {
    const { post } = await testServer();
    const key = { 'idempotency-key': 'k' };
    expect((await post('/v1/studies', { nme: 'x' }, key)).status).toBe(400);
    expect((await post('/v1/studies', { name: 'x' }, key)).status).toBe(201);
    expect((await post('/v1/studies', { name: 'x' }, key)).headers.get('location')).toMatch(/^\/v1\/studies\/study_/);
  });
});

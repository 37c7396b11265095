// Entity tags over HTTP: answers that are known are not sent again, and nobody overwrites what they have not read.
import { expect, it } from 'vitest';
import { entityTag, isFresh } from '../../service/conditional.js';
import { type Schemas, testServer } from './test-server.js';

it('name what is read, and save an answer that is known', async () => {
  const { get, makeStudy, addTrials } = await testServer();
  const { id } = await makeStudy();
  for (const path of [`/v1/studies/${id}`, '/v1/studies', `/v1/studies/${id}/trials`]) {
    const tag = (await get(path)).headers.get('etag')!;
    const known = await get(path, { 'if-none-match': tag });
    expect(known).toMatchObject({ status: 304, body: '' });
    expect(known.headers.get('etag')).toBe(tag);
    expect((await get(path, { 'if-none-match': `"other", W/${tag}` })).status).toBe(304);
    expect((await get(path, { 'if-none-match': '*' })).status).toBe(304);
    await addTrials(id, [{ x: { a: 1 }, y: 1 }]);
    const changed = await get(path, { 'if-none-match': tag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(tag);
  }
});

it('let one of two writers win, whatever the order of their requests', async () => {
  const { get, post, makeStudy } = await testServer();
  const { id } = await makeStudy();
  const trial = (await post<Schemas['Trial']>(`/v1/studies/${id}/trials`, { x: { a: 1 } })).body;
  const path = `/v1/studies/${id}/trials/${trial.id}`;
  const tag = (await get(path)).headers.get('etag')!;
  const late = await post(`${path}:complete`, { y: 1 }, { 'if-match': '"stale"' });
  expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
  expect((await post(`${path}:complete`, { y: 1 }, { 'if-match': `W/${tag}` })).status).toBe(412);
  const replies = await Promise.all([1, 2, 3].map((y) => post(`${path}:complete`, { y }, { 'if-match': tag })));
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  expect((await get<Schemas['Trial']>(path)).body).toMatchObject({ status: 'completed' });
  expect(await post(`${path}:infeasible`, {}, { 'if-match': '*' })).toMatchObject({ status: 409 });
});

it('compares tags as RFC 9110 says', () => {
  const tag = entityTag('{}');
  expect(tag).toMatch(/^"[\w-]{27}"$/);
  expect(entityTag('{} ')).not.toBe(tag);
  expect([tag, `W/${tag}`, `"a", ${tag}`, '*'].every((header) => isFresh(header, tag))).toBe(true);
  expect([undefined, '', '"a"', tag.slice(1, -1)].some((header) => isFresh(header, tag))).toBe(false);
});

// Work that ends when its client has gone, over real connections.
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { whileConnected } from '../../service/connections.js';

it('tells work that its client has gone, and of no other client', async () => {
  const app = Fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  const gone: string[] = [];
  let begun = 0;
  app.post<{ Body: { name: string } }>('/', async (request) => {
    const { name } = request.body;
    return whileConnected(request, async (signal) => {
      begun++;
      // Until the client of one of them has gone.
      while (begun < 2 || gone.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (signal.aborted) gone.push(name);
      }
      return { name, aborted: signal.aborted };
    });
  });
  const url = await app.listen({ port: 0 });
  const post = (name: string, signal?: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'content-type': 'application/json' },
      ...(signal && { signal }),
    });
  const leaving = new AbortController();
  const left = expect(post('leaves', leaving.signal)).rejects.toThrow();
  const stays = post('stays');
  await expect.poll(() => begun).toBe(2);
  leaving.abort();
  await left;
  expect(await (await stays).json()).toEqual({ name: 'stays', aborted: false });
  expect(gone).toEqual(['leaves']);
});

// Events of a job through broken, silent and forgetful connections; and the parser beside another one.

import type { ServerResponse } from 'node:http';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ServerSentMessage, ServerSentParser } from '../../../clients/sdk/sse.js';
import { problem, serverWith } from './misbehaving-server.js';

const event = (seq: number) =>
  `id: ${seq}\nevent: step\ndata: ${JSON.stringify({ seq, type: 'step', data: { step: seq } })}\n\n`;
const ended = { id: 'ftjob_1', status: 'succeeded' };
const end = `event: end\ndata: ${JSON.stringify(ended)}\n\n`;
const close = (response: ServerResponse) => void response.end();
const stream = (text: string, after: (response: ServerResponse) => void) => (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`: hello\n\n${text}`, () => after(response));
};

describe('following a job', () => {
  test('goes on through broken connections; every event comes once', async () => {
    const { seen, client } = await serverWith(
      stream(event(1) + event(2), (response) => void response.socket?.destroy()),
      problem(503, 'shutting_down'),
      // This server forgot what was asked and starts from the beginning.
      stream(event(1) + event(2) + event(3), close),
      stream(event(4) + end, close),
    );
    const events = client().fineTuningJobs.events('ftjob_1');
    const steps: number[] = [];
    for await (const { seq } of events) steps.push(seq);
    expect(steps).toEqual([1, 2, 3, 4]);
    expect(await events.final()).toEqual(ended);
    expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2', '3']);
    expect(seen.map(({ headers, path }) => `${headers.accept} ${path}`)).toEqual(
      Array(4).fill('text/event-stream /v1/fine-tuning-jobs/ftjob_1/events'),
    );
  });

  test('can begin behind what is known, and can do without the events', async () => {
    const { seen, client } = await serverWith(stream(event(7) + event(8) + end, close));
    expect(await client().evaluations.events('eval_1', { after: 7 }).final()).toEqual(ended);
    expect(seen[0]!.headers['last-event-id']).toBe('7');
  });

  test('a stream that only ever breaks off is given up', async () => {
    const { seen, client } = await serverWith(stream('', close));
    const events = client().fineTuningJobs.events('ftjob_1', { maxRetries: 3 });
    await expect(events.final()).rejects.toMatchObject({ code: 'connection_failed' });
    expect(seen).toHaveLength(4);
  });

  test('a job that is not there is said at once', async () => {
    const { seen, client } = await serverWith(problem(404, 'job_not_found'));
    await expect(client().fineTuningJobs.events('x').final()).rejects.toMatchObject({ name: 'NotFoundError' });
    expect(seen).toHaveLength(1);
  });

  test('a stream that falls silent is opened again', async () => {
    const { seen, client } = await serverWith(
      stream(event(1), () => undefined),
      stream(event(2) + end, close),
    );
    // A second, as a busy machine may take a tenth of one to connect at all.
    await client().fineTuningJobs.events('ftjob_1', { timeout: 1000 }).final();
    expect(seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1']);
  });

  test('leaving the loop, or an abort, closes the connection', async () => {
    for (const leave of ['break', 'abort'] as const) {
      let closed = (): void => undefined;
      const whenClosed = new Promise<void>((resolve) => {
        closed = resolve;
      });
      const { client } = await serverWith((response) => {
        response.on('close', closed);
        stream(event(1) + event(2), () => undefined)(response);
      });
      const abort = new AbortController();
      const events = client().fineTuningJobs.events('ftjob_1', { signal: abort.signal });
      const read = async () => {
        for await (const { seq } of events) {
          expect(seq).toBeLessThanOrEqual(2);
          if (leave === 'break') break;
          abort.abort();
        }
      };
      if (leave === 'break') {
        await read();
        await expect(events.final()).rejects.toThrow(/were left/);
      } else expect(await read().catch((error: unknown) => error)).toBe(abort.signal.reason);
      await whenClosed;
    }
  });
});

describe('the parser of server-sent events', () => {
  const field = fc.constantFrom('data', 'event', 'id', 'retry', 'dat', 'Data', '');
  const value = fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é', '\u2028', '𝒳', '{', '0', '\0', '\uFEFF') });
  const line = fc.oneof(
    fc.tuple(field, fc.constantFrom(':', ': ', ':  ', ''), value).map((parts) => parts.join('')),
    fc.constant(''),
    value.map((text) => `:${text}`),
  );
  const newline = fc.constantFrom('\n', '\r\n', '\r');
  const text = fc
    .tuple(fc.boolean(), fc.array(fc.tuple(line, newline), { maxLength: 30 }))
    .map(([bom, lines]) => (bom ? '\uFEFF' : '') + lines.flat().join(''));

  const ours = (pieces: readonly string[]): ServerSentMessage[] => {
    const parser = new ServerSentParser();
    return pieces.flatMap((piece) => parser.push(piece));
  };
  const cut = (whole: string, places: readonly number[]): string[] => {
    const at = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
    return at.slice(1).map((to, i) => whole.slice(at[i], to));
  };

  test('does not care where the text is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (whole, places) => {
        expect(ours(cut(whole, places))).toEqual(ours([whole]));
        expect(ours([...whole].flatMap((character) => character.split('')))).toEqual(ours([whole]));
      }),
    );
  });

  test('says what eventsource-parser says', () => {
    fc.assert(
      fc.property(text, (whole) => {
        const theirs: { event: string; data: string }[] = [];
        const parser = createParser({
          onEvent: ({ event, data }) => void theirs.push({ event: event || 'message', data }),
        });
        // It waits for more after a CR that ends the text, ours does not: a stream that goes on tells both.
        parser.feed(`${whole}\n`);
        expect(ours([`${whole}\n`]).map(({ event, data }) => ({ event, data }))).toEqual(theirs);
      }),
    );
  });

  test.each([
    ['data: a\n\n', [{ event: 'message', data: 'a', id: undefined }]],
    [
      'data: a\r\rdata:b\r\n\r\n',
      [
        { event: 'message', data: 'a', id: undefined },
        { event: 'message', data: 'b', id: undefined },
      ],
    ],
    [
      'id: 3\nevent: step\ndata: 1\ndata\ndata:  2\n\ndata: x\n\n',
      [
        { event: 'step', data: '1\n\n 2', id: '3' },
        { event: 'message', data: 'x', id: '3' },
      ],
    ],
    ['event: ping\n\n: comment\n\ndata: unfinished\n', []],
    ['\uFEFFdata: a\n\n', [{ event: 'message', data: 'a', id: undefined }]],
    ['id: a\0b\ndata: a\n\n', [{ event: 'message', data: 'a', id: undefined }]],
  ])('%j, as the standard says', (given, messages) => {
    expect(ours([given])).toEqual(messages);
  });
});

// A real server over HTTP on a data folder of its own, and a client that holds every answer against the contract.
import { expect, onTestFinished } from 'vitest';
import type { ServiceConfig } from '../../service/config.js';
import type { components } from '../../service/contract.generated.js';
import { startServer } from '../../service/server.js';
import { temporaryFolder } from '../store/temporary-store.js';
import { expectContract } from './contract-check.js';

export type Schemas = components['schemas'];

export interface Reply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
}

/** Starts a server that is closed after the test. */
export async function testServer(options: Partial<ServiceConfig> = {}) {
  const dataDir = options.dataDir ?? temporaryFolder();
  const server = await startServer(
    { port: 0, dataDir, logLevel: 'silent', device: 'cpu', baseModel: 'none', ...options },
    {},
  );
  onTestFinished(() => server.close());
  return { server, dataDir, ...client(server.url) };
}

/** @param key sent with every request */
export function client(url: string, key?: string) {
  const own: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  async function request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const sent =
      typeof body === 'string' || body instanceof Uint8Array ? body : body === undefined ? null : JSON.stringify(body);
    const type: Record<string, string> = sent === null ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, body: sent, headers: { ...own, ...type, ...headers } });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    const answer: unknown = isJson ? JSON.parse(text) : text;
    expectContract(method, path, response, answer);
    return { status: response.status, headers: response.headers, body: answer as T };
  }
  return {
    url,
    /** Headers that every request has. */
    own,
    get: <T = Schemas['Problem']>(path: string, headers?: Record<string, string>) =>
      request<T>('GET', path, undefined, headers),
    post: <T = Schemas['Problem']>(path: string, body?: unknown, headers?: Record<string, string>) =>
      request<T>('POST', path, body, headers),
    request,
    async makeStudy(objectives = ['y']): Promise<Schemas['Study']> {
      const study = { name: 'a study', objectives: objectives.map((name) => ({ name })) };
      return (await request<Schemas['Study']>('POST', '/v1/studies', study)).body;
    },
    async addTrials(studyId: string, trials: unknown[]): Promise<Schemas['TrialBatchResult']> {
      return (await request<Schemas['TrialBatchResult']>('POST', `/v1/studies/${studyId}/trials:batch`, { trials }))
        .body;
    },
  };
}

export type Client = ReturnType<typeof client>;

/** Waits until the job has ended, following its events. */
export async function jobEnd(
  url: string,
  jobId: string,
  headers: Record<string, string> = {},
): Promise<Schemas['FineTuningJob']> {
  const events = await readStream(`${url}/v1/fine-tuning-jobs/${jobId}/events`, headers);
  return JSON.parse(events.at(-1)!.data) as Schemas['FineTuningJob'];
}

export interface StreamEvent {
  event: string;
  id: string | undefined;
  data: string;
}

/** Reads a stream of server-sent events to its end, or until `enough` says so. */
export async function readStream(
  url: string,
  headers: Record<string, string> = {},
  enough: (event: StreamEvent) => boolean = () => false,
): Promise<StreamEvent[]> {
  const stop = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: stop.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events: StreamEvent[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop()!;
    for (const frame of frames) {
      if (frame.startsWith(':')) continue;
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1];
      events.push({ event: field('event')!, id: field('id'), data: field('data')! });
      if (enough(events.at(-1)!)) {
        stop.abort();
        return events;
      }
    }
  }
  return events;
}

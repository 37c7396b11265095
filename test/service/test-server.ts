// A real server over HTTP on a data folder of its own, and a client that holds every answer against the contract.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import type { ServiceConfig } from '../../service/config.js';
import type { components } from '../../service/contract.generated.js';
import { startServer } from '../../service/server.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { temporaryFolder } from '../store/temporary-store.js';

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

export function client(url: string) {
  async function request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const sent =
      typeof body === 'string' || body instanceof Uint8Array ? body : body === undefined ? null : JSON.stringify(body);
    const type: Record<string, string> = sent === null ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, body: sent, headers: { ...type, ...headers } });
    const answer: unknown = await response.json();
    expectContract(method, path, response, answer);
    return { status: response.status, headers: response.headers, body: answer as T };
  }
  return {
    url,
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

interface OpenApi {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  components: { schemas: object };
}

const api = parse(
  readFileSync(packageFile('openapi.yaml'), 'utf8').replaceAll('#/components/schemas/', 'api#/$defs/'),
) as OpenApi;
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', $defs: api.components.schemas });
const compiled = new Map<object, ValidateFunction>();

/** Every answer of every test is one that the contract allows. */
function expectContract(method: string, path: string, response: Response, body: unknown): void {
  const isProblem = response.status >= 400;
  expect(response.headers.get('content-type')).toMatch(
    isProblem ? /^application\/problem\+json/ : /^application\/json/,
  );
  const schema = isProblem ? { $ref: 'api#/$defs/Problem' } : successSchema(method, path, response.status);
  const key = isProblem ? api : schema;
  if (!compiled.has(key)) compiled.set(key, ajv.compile(schema));
  const validate = compiled.get(key)!;
  expect(validate(body), `${method} ${path} → ${response.status} ${ajv.errorsText(validate.errors)}`).toBe(true);
}

function successSchema(method: string, path: string, status: number): object {
  const [bare] = path.split('?');
  for (const [template, item] of Object.entries(api.paths)) {
    if (!new RegExp(`^${template.replace(/\{\w+\}/g, '[^/:]+')}$`).test(bare!)) continue;
    const schema = item[method.toLowerCase()]?.responses[String(status)]?.content?.['application/json']?.schema;
    if (schema !== undefined) return schema;
  }
  throw new Error(`the contract has no answer ${status} to ${method} ${path}`);
}

/** Waits until the job has ended, following its events. */
export async function jobEnd(url: string, jobId: string): Promise<Schemas['FineTuningJob']> {
  const events = await readStream(`${url}/v1/fine-tuning-jobs/${jobId}/events`);
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

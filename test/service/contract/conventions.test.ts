// What all operations of the contract have in common: checked on openapi.yaml itself, so that a new one cannot forget it.
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { contractJson } from '../../../service/contract/load-contract.js';

interface Parameter {
  $ref?: string;
  name?: string;
  in?: string;
  required?: boolean;
  schema?: { maxLength?: number };
}
interface Answer {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, unknown>;
}
interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: { key: string[] }[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<string, Answer>;
}
const api = parse(contractJson()) as {
  tags: { name: string }[];
  paths: Record<string, { parameters?: Parameter[] } & Record<string, Operation>>;
  components: {
    parameters: Record<string, Parameter>;
    responses: Record<string, Answer>;
    schemas: Record<string, { additionalProperties?: unknown; allOf?: unknown; type?: unknown }>;
  };
};
const byRef = <T>(all: Record<string, T>, ref: string): T => all[ref.split('/').at(-1)!]!;

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  ['get', 'post', 'patch', 'delete']
    .filter((method) => method in item)
    .map((method) => {
      const operation = item[method]!;
      const given = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      const parameters = given.map((one) => (one.$ref ? byRef(api.components.parameters, one.$ref) : one));
      return { ...operation, path, method, parameters };
    }),
);
const named = operations.map((operation) => [operation.operationId, operation] as const);

describe.each(named)('%s', (_, { path, method, parameters, responses, security, requestBody, summary, tags }) => {
  const has = (place: string, name: string) => parameters.some((one) => one.in === place && one.name === name);
  const isJsonRead =
    method === 'get' && path.startsWith('/v1/') && 'application/json' in (responses['200']?.content ?? {});

  it('is described, and placed', () => {
    expect(summary).toMatch(/\S/);
    expect(api.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(tags ?? ['none']));
    expect(responses).not.toHaveProperty('default');
  });

  it('names the scope that it needs, and what becomes of those who lack it', () => {
    expect(security).toBeDefined();
    if (path.startsWith('/v1/')) {
      expect(security![0]!.key).toHaveLength(1);
      expect(['read', 'write', 'admin']).toContain(security![0]!.key[0]);
    }
    if (security!.length > 0) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '429']));
  });

  it('can be sent again', () => {
    expect(has('header', 'Idempotency-Key')).toBe(method === 'post');
    if (method === 'post') expect(Object.keys(responses)).toEqual(expect.arrayContaining(['413', '415', '422', '507']));
  });

  it('answers conditional reads', () => {
    expect(has('header', 'If-None-Match')).toBe(isJsonRead);
    if (!isJsonRead) return;
    expect(responses).toHaveProperty('304');
    expect(responses['200']!.headers).toHaveProperty('ETag');
  });

  it('says where what it makes is', () => {
    for (const status of ['201', '202'])
      if (responses[status]) expect(responses[status].headers).toHaveProperty('Location');
  });

  it('has ids of bounded length, and pages where it lists', () => {
    for (const one of parameters.filter((each) => each.in === 'path')) {
      expect(one.schema!.maxLength).toBeLessThanOrEqual(200);
      expect(Object.keys(responses)).toContain('404');
    }
    if (/^list/.test(named.find(([, each]) => each.path === path && each.method === method)![0]))
      expect([has('query', 'limit'), has('query', 'after')]).toEqual([true, true]);
  });

  it('reads its JSON strictly, and answers errors as problems', () => {
    const ref = requestBody?.content['application/json']?.schema.$ref;
    if (ref) expect(byRef(api.components.schemas, ref).additionalProperties, ref).toBe(false);
    for (const [status, answer] of Object.entries(responses)) {
      if (Number(status) < 400) continue;
      const { content } = answer.$ref ? byRef(api.components.responses, answer.$ref) : answer;
      expect(Object.keys(content!), status).toEqual(['application/problem+json']);
    }
  });
});

it('has one name an operation', () => {
  expect(new Set(named.map(([id]) => id)).size).toBe(named.length);
});

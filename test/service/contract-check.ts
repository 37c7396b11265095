// Holds answers against openapi.yaml: status, headers, content type and body; and remembers what was seen of the contract.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { packageFile } from '../../tokenizer/package-root.js';

interface ResponseObject {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema?: object }>;
}

export interface DocumentedOperation {
  id: string;
  method: string;
  path: string;
  responses: Record<string, ResponseObject>;
}

interface OpenApi {
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, ResponseObject & { $ref?: string }> }>
  >;
  components: { schemas: Record<string, object>; responses: Record<string, ResponseObject> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const api = parse(
  readFileSync(packageFile('openapi.yaml'), 'utf8').replaceAll('#/components/schemas/', 'api#/$defs/'),
) as OpenApi;

/** Every operation of the contract, its responses written out. */
export const documented: DocumentedOperation[] = Object.entries(api.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => {
    const { operationId, responses } = item[method]!;
    const resolved = Object.entries(responses).map(([status, { $ref, ...own }]) => [
      status,
      $ref === undefined ? own : api.components.responses[$ref.split('/').at(-1)!]!,
    ]);
    return { id: operationId, method: method.toUpperCase(), path, responses: Object.fromEntries(resolved) };
  }),
);

const patterns = new Map(documented.map(({ path }) => [path, new RegExp(`^${path.replace(/\{\w+\}/g, '[^/:]+')}$`)]));

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', $defs: api.components.schemas });
const compiled = new WeakMap<object, ValidateFunction>();
/** Also of answers that belong to no operation. */
const PROBLEM = { $ref: 'api#/$defs/Problem' };

/** `operationId status` of every answer that was checked in this process. */
export const seen = new Set<string>();

export function operationOf(method: string, path: string): DocumentedOperation | undefined {
  const [bare] = path.split('?');
  return documented.find((operation) => operation.method === method && patterns.get(operation.path)!.test(bare!));
}

/** Fails the test unless the contract allows the answer. @param body as it was parsed; a text where it is not JSON */
export function expectContract(method: string, path: string, response: Response, body: unknown): void {
  const where = `${method} ${path.slice(0, 200)} → ${response.status} ${JSON.stringify(body)?.slice(0, 300)}`;
  const type = response.headers.get('content-type');
  expect(response.headers.get('x-request-id'), where).toMatch(/^[\x21-\x7e]{1,128}$/);
  const operation = operationOf(method, path);
  if (operation === undefined) {
    expect([400, 404, 405], where).toContain(response.status);
    expect(type, where).toMatch(/^application\/problem\+json/);
    expectBody(PROBLEM, body, where);
    return;
  }
  const allowed = operation.responses[response.status];
  expect(allowed, `${where}: ${operation.id} documents ${Object.keys(operation.responses)}`).toBeDefined();
  seen.add(`${operation.id} ${response.status}`);
  for (const name of Object.keys(allowed!.headers ?? {})) {
    // A stream has no tag: it is never the same twice.
    if (name === 'ETag' && type?.startsWith('text/event-stream')) continue;
    expect(response.headers.get(name), `${where}: header ${name}`).not.toBeNull();
  }
  if (allowed!.content === undefined) {
    expect(body, where).toBe('');
    return;
  }
  const content = Object.entries(allowed!.content).find(([media]) => type?.startsWith(media))?.[1];
  expect(content, `${where}: content type ${type}`).toBeDefined();
  if (content!.schema && type!.includes('json')) expectBody(content!.schema, body, where);
  if (response.status >= 400) expect((body as { status: number }).status, where).toBe(response.status);
}

function expectBody(schema: object, body: unknown, where: string): void {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  expect(validate(body), `${where}: ${ajv.errorsText(validate.errors)}`).toBe(true);
}

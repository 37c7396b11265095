// Reads openapi.yaml into plain data: one entry per operation, with the schemas that its requests are checked against.
import { readFileSync } from 'node:fs';
import type { Scope } from '../../store/types.js';
import { packageFile } from '../../tokenizer/package-root.js';
import type { operations } from '../contract.generated.js';
import { asJson } from './parsed-contract.js';

export type OperationId = keyof operations;
export type Schema = { [keyword: string]: unknown };

export interface Operation {
  id: OperationId;
  method: Uppercase<Method>;
  /** What a key must be good for; undefined: no key is asked for. */
  scope: Scope | undefined;
  /** As in the contract: `/v1/studies/{study_id}`. */
  path: string;
  /** Object schemas over the parameters of each kind; header names are lower case. */
  parameters: Record<'path' | 'query' | 'header', Schema>;
  /** Schema of the JSON body, where there may be one. */
  body: { schema: Schema; required: boolean } | null;
  /** Media types that are passed on as they come in, unread, such as `text/csv`. */
  streams: readonly string[];
  /** Statuses that it may be answered with. */
  statuses: readonly number[];
}

export interface Contract {
  operations: Operation[];
  /** `components.schemas`, which the schemas above refer to as `contract#/$defs/Name`. */
  definitions: Record<string, Schema>;
  limits: Record<string, number>;
  version: string;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

interface OperationObject {
  operationId: OperationId;
  /** None, or one of the only scheme there is. */
  security: { key: [Scope] }[];
  parameters?: Parameter[];
  responses: Record<string, unknown>;
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
}

const METHODS = ['get', 'post', 'patch', 'delete'] as const;
type Method = (typeof METHODS)[number];

interface OpenApi {
  info: { version: string };
  paths: Record<string, { parameters?: Parameter[] } & { [M in Method]?: OperationObject }>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
  'x-omnireg-limits': Record<string, number>;
}

const JSON_TYPE = 'application/json';
const SCHEMA_REF = '#/components/schemas/';
const PARAMETER_REF = '#/components/parameters/';

/** The contract of this installation, in JSON. */
export function contractJson(file: string = packageFile('openapi.yaml')): string {
  return asJson(readFileSync(file, 'utf8'));
}

/** Reads the contract of this installation. It is our own file: its shape is held by tests, not checked here. */
export function loadContract(file: string = packageFile('openapi.yaml')): Contract {
  const json = contractJson(file).replaceAll(SCHEMA_REF, 'contract#/$defs/');
  const api = JSON.parse(json) as OpenApi;
  const resolve = (parameter: Parameter | { $ref: string }): Parameter =>
    '$ref' in parameter ? api.components.parameters[parameter.$ref.slice(PARAMETER_REF.length)]! : parameter;

  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(api.paths))
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolve);
      const body = operation.requestBody;
      const json = body?.content[JSON_TYPE];
      operations.push({
        id: operation.operationId,
        method: method.toUpperCase() as Uppercase<Method>,
        path,
        scope: operation.security[0]?.key[0],
        parameters: {
          path: objectSchema(parameters, 'path'),
          query: objectSchema(parameters, 'query'),
          header: objectSchema(parameters, 'header'),
        },
        body: json ? { schema: json.schema, required: body?.required ?? false } : null,
        statuses: Object.keys(operation.responses).map(Number),
        streams: Object.keys(body?.content ?? {}).filter((type) => type !== JSON_TYPE),
      });
    }
  return {
    operations,
    definitions: api.components.schemas,
    limits: api['x-omnireg-limits'],
    version: api.info.version,
  };
}

function objectSchema(parameters: Parameter[], kind: Parameter['in']): Schema {
  const own = parameters.filter((parameter) => parameter.in === kind);
  const nameOf = ({ name }: Parameter) => (kind === 'header' ? name.toLowerCase() : name);
  return {
    type: 'object',
    // Any request has headers that are none of our business; an unknown query parameter is a slip of the pen.
    additionalProperties: kind === 'header',
    required: own.filter(({ required }) => required).map(nameOf),
    properties: Object.fromEntries(own.map((parameter) => [nameOf(parameter), parameter.schema])),
  };
}

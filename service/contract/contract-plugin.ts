// Makes Fastify serve the contract: a route per operation, requests checked before their handler sees them.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { entityTag, isFresh } from '../conditional.js';
import type { ServiceConfig } from '../config.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { parseJsonBody } from '../json-body.js';
import type { Answer, ContractRequest, Handlers } from './handlers.js';
import type { Contract, Operation, OperationId } from './load-contract.js';
import { compileChecks, missingBody, type OperationChecks } from './validators.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's bytes as they were sent, for idempotency keys. */
    rawBody: Buffer | null;
  }
}

export interface ContractOptions {
  contract: Contract;
  handlers: Handlers;
  config: ServiceConfig;
}

export const contractPlugin = fastifyPlugin(
  async (app: FastifyInstance, { contract, handlers, config }: ContractOptions) => {
    app.decorateRequest('rawBody', null);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (request: FastifyRequest, body: Buffer) => {
        request.rawBody = body;
        return body.length === 0 ? undefined : parseJsonBody(body);
      },
    );

    // Bodies that are not read here: what takes them reads them as fast as it can work, and none is too long.
    const streams = [...new Set(contract.operations.flatMap(({ streams }) => streams))];
    app.addContentTypeParser(streams, (_request: FastifyRequest, bytes: Readable, done) => done(null, bytes));

    const checksOf = compileChecks(contract, config);
    for (const operation of contract.operations) {
      const checks = checksOf(operation);
      // The table of handlers is typed by operation; seen through a union of ids TypeScript no longer knows that they fit.
      const handler = handlers[operation.id] as (request: ContractRequest<OperationId>) => Promise<Answer<OperationId>>;
      app.route({
        method: operation.method,
        url: routeOf(operation.path),
        config: {
          path: operation.path,
          streams: operation.streams,
          statuses: operation.statuses,
          ...(operation.scope !== undefined && { scope: operation.scope }),
        },
        handler: async (request, reply) => send(request, reply, await handler(checked(request, operation, checks))),
      });
    }

    const templates = contract.operations.map(({ path, method }) => ({ method, pattern: patternOf(path) }));
    app.setNotFoundHandler({ preHandler: app.rateLimit() }, async (request) => {
      const path = request.url.split('?', 1)[0]!;
      const methods = templates.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      // An id with an encoded slash fits the path as it was sent, and not as it was meant.
      if (methods.length === 0 || methods.some((method) => method === request.method)) {
        throw new ServiceError(
          'route_not_found',
          `${request.method} ${path.slice(0, 200)} is not in the contract; openapi.yaml lists all paths`,
        );
      }
      const allow = methods.join(', ');
      throw new ServiceError('method_not_allowed', `${path.slice(0, 200)} knows ${allow}, not ${request.method}`, {
        headers: { allow },
      });
    });
  },
);

/** `/v1/trials/{id}:complete` in the router's words; a colon that is no parameter is doubled there. */
function routeOf(path: string): string {
  return path.replaceAll(':', '::').replace(/\{(\w+)\}(::)?/g, (_, name: string, colons = '') =>
    // A parameter with something behind it needs an expression, or it would swallow that too.
    colons === '' ? `:${name}` : `:${name}([^/:]+)${colons}`,
  );
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/:]+')}$`);
}

/** @throws invalid_request with everything that is wrong */
function checked(
  request: FastifyRequest,
  { body: bodySpec, streams }: Operation,
  checks: OperationChecks,
): ContractRequest<OperationId> {
  const errors: FieldError[] = [
    ...checks.path(request.params, 'path'),
    ...checks.query(request.query, 'query'),
    ...checks.header(request.headers, 'header'),
  ];
  const itemErrors = new Map<number, FieldError[]>();
  const stream = streamOf(request, streams);
  const body: unknown = stream ? undefined : request.body;
  if (stream) {
    // Read by the handler.
  } else if (checks.body === null && streams.length > 0) {
    errors.push(missingBody(streams));
  } else if (checks.body === null) {
    const empty = body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);
    if (!empty) errors.push(fieldError('', 'unknown_field', 'must be empty', 'Send this request without a body.'));
  } else if (body === undefined) {
    if (bodySpec?.required) errors.push(missingBody());
  } else {
    errors.push(...checks.body(body, ''));
    if (checks.each !== null && errors.length === 0) {
      const { field, check } = checks.each;
      const items = (body as Record<string, unknown[]>)[field]!;
      items.forEach((item, i) => {
        const wrong = check(item, `/${field}/${i}`);
        if (wrong.length > 0) itemErrors.set(i, wrong);
      });
    }
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return {
    path: request.params,
    query: request.query,
    body,
    stream,
    itemErrors,
    raw: request,
  } as ContractRequest<OperationId>;
}

/** The body that is passed on unread. @throws unsupported_media_type where the operation takes none of its kind */
function streamOf(request: FastifyRequest, streams: readonly string[]): { type: string; bytes: Readable } | null {
  if (!(request.body instanceof Readable)) return null;
  const type = request.headers['content-type']!.split(';', 1)[0]!.trim().toLowerCase();
  if (streams.includes(type)) return { type, bytes: request.body };
  throw new ServiceError('unsupported_media_type', 'Send JSON, with the header Content-Type: application/json');
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer<OperationId>): FastifyReply {
  reply.code(answer.status).headers(answer.headers ?? {});
  if ('stream' in answer) return reply.send(answer.stream);
  if (answer.status === 204) return reply.send();
  const text = 'text' in answer ? answer.text : JSON.stringify((answer as { body: unknown }).body);
  if (request.method === 'GET') {
    const tag = entityTag(text);
    reply.header('etag', tag);
    if (isFresh(request.headers['if-none-match'], tag)) return reply.code(304).send();
  }
  return reply.header('content-type', 'application/json; charset=utf-8').send(text);
}

// Idempotency-Key: a write that is asked for twice is done once and answered the same.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Idempotency, StoredResponse, Written } from '../store/types.js';
import type { JsonAnswer, TextAnswer } from './contract/handlers.js';
import type { OperationId } from './contract/load-contract.js';

/**
 * Runs a write of the store under the request's idempotency key, if it has one.
 * @param answer what the contract answers to the value that was written
 */
export async function writeOnce<Id extends OperationId, T>(
  request: FastifyRequest,
  answer: (value: T) => JsonAnswer<Id>,
  write: (once?: Idempotency<T>) => Promise<Written<T>>,
): Promise<JsonAnswer<Id> | TextAnswer> {
  const written = await write(idempotencyOf(request, answer));
  if (!written.replayed) return answer(written.value);
  const { status, headers, body } = written.response;
  return { status, headers: { ...headers, 'idempotency-replayed': 'true' }, text: body };
}

function idempotencyOf<Id extends OperationId, T>(
  request: FastifyRequest,
  answer: (value: T) => JsonAnswer<Id>,
): Idempotency<T> | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  const operation = `${request.method} ${request.url}`;
  const requestHash = createHash('sha256')
    .update(`${operation}\n`)
    .update(request.rawBody ?? '')
    .digest('base64');
  const respond = (value: T): StoredResponse => {
    // The answers of one operation are a union by status; all have these parts.
    const {
      status,
      headers = {},
      body,
    } = answer(value) as { status: number; headers?: Record<string, string>; body: unknown };
    return { status, headers, body: JSON.stringify(body) };
  };
  return { key, operation, requestHash, respond };
}

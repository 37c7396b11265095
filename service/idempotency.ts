// Idempotency-Key: a write that is asked for twice is done once and answered the same.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Idempotency, StoredResponse, Written } from '../store/types.js';
import type { TextAnswer } from './contract/handlers.js';

interface AnyJsonAnswer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/**
 * Runs a write of the store under the request's idempotency key, if it has one.
 * @param answer what the contract answers to the value that was written
 */
export async function writeOnce<T, Answer extends AnyJsonAnswer>(
  request: FastifyRequest,
  answer: (value: T) => Answer,
  write: (once?: Idempotency<T>) => Promise<Written<T>>,
): Promise<Answer | TextAnswer> {
  const written = await write(idempotencyOf(request, answer));
  if (!written.replayed) return answer(written.value);
  const { status, headers, body } = written.response;
  return { status, headers: { ...headers, 'idempotency-replayed': 'true' }, text: body };
}

function idempotencyOf<T>(request: FastifyRequest, answer: (value: T) => AnyJsonAnswer): Idempotency<T> | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  const operation = `${request.method} ${request.url}`;
  const hash = createHash('sha256').update(`${operation}\n`);
  const requestHash = hash.update(request.rawBody ?? '').digest('base64');
  const respond = (value: T): StoredResponse => {
    const { status, headers = {}, body } = answer(value);
    return { status, headers, body: JSON.stringify(body) };
  };
  return { key, operation, requestHash, respond };
}

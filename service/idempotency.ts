// Idempotency-Key: a write that is asked for twice is done once and answered the same.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Store } from '../store/store.js';
import type { Idempotency, StoredResponse, Written } from '../store/types.js';
import type { Answer, ContractRequest, TextAnswer } from './contract/handlers.js';
import type { OperationId } from './contract/load-contract.js';

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
  return written.replayed ? replayed(written.response) : answer(written.value);
}

/**
 * The same for what computes and writes nothing: the answer is kept, and given again.
 * @param compute the handler, which is not called where the answer is known
 */
export function answeredOnce<Id extends OperationId>(
  store: Pick<Store, 'recall' | 'remember'>,
  compute: (request: ContractRequest<Id>) => Promise<Answer<Id>>,
): (request: ContractRequest<Id>) => Promise<Answer<Id>> {
  return async (request) => {
    const once = idempotencyOf(request.raw, (answer: Answer<Id>) => answer as AnyJsonAnswer);
    if (once === undefined) return compute(request);
    const before = await store.recall(once);
    if (before !== null) return replayed(before);
    const answer = await compute(request);
    const written = await store.remember(once, answer);
    return written.replayed ? replayed(written.response) : answer;
  };
}

function replayed({ status, headers, body }: StoredResponse): TextAnswer {
  return { status, headers: { ...headers, 'idempotency-replayed': 'true' }, text: body };
}

function idempotencyOf<T>(request: FastifyRequest, answer: (value: T) => AnyJsonAnswer): Idempotency<T> | undefined {
  const sent = request.headers['idempotency-key'];
  if (typeof sent !== 'string') return undefined;
  // Whoever has another key has other idempotency keys: nobody is given what somebody else was answered.
  const owner = request.principal?.id;
  const key = owner ? `${owner} ${sent}` : sent;
  const operation = `${request.method} ${request.url}`;
  const hash = createHash('sha256').update(`${operation}\n`);
  const requestHash = hash.update(request.rawBody ?? '').digest('base64');
  const respond = (value: T): StoredResponse => {
    const { status, headers = {}, body } = answer(value);
    return { status, headers, body: JSON.stringify(body) };
  };
  return { key, operation, requestHash, respond };
}

// Answers every error as a problem (RFC 9457), whoever threw it.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { StoreError, type StoreErrorCode } from '../store/errors.js';
import { type ProblemCode, ServiceError } from './errors.js';

export const problemsPlugin = fastifyPlugin(async (app: FastifyInstance) => {
  app.setErrorHandler(sendProblem);
});

/** Also for errors from before the routing, such as a path that cannot be decoded. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = documented(toServiceError(error), request);
  // That a client set too short a time is no fault of the service.
  if (problem.status >= 500 && problem.code !== 'deadline_exceeded') request.log.error({ err: error }, problem.message);
  reply
    .code(problem.status)
    // Errors from before the routing come past every hook.
    .header('x-request-id', request.id)
    .headers(problem.details.headers ?? {})
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.toProblem()));
}

/** Any error as the one that is answered. */
/** What the contract does not foresee of an operation, such as a disk too full to delete from, is answered as what it does. */
function documented(error: ServiceError, { routeOptions }: FastifyRequest): ServiceError {
  const { statuses } = routeOptions.config;
  if (statuses === undefined || error.status < 500 || statuses.includes(error.status)) return error;
  const code = error.code === 'storage_full' ? 'database_unavailable' : 'internal_error';
  return new ServiceError(code, error.message, { headers: { 'retry-after': '1' }, cause: error });
}

export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof StoreError) return fromStore(error);
  if (isFastifyError(error)) return fromFastify(error);
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    const detail = 'Nothing of this request was kept; free some space and send it again';
    return new ServiceError('storage_full', detail, { cause: error });
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_IOERR') || code === 'SQLITE_READONLY') {
    const detail = `Nothing of this request was kept (${code}); look at the data folder and send it again`;
    return new ServiceError('database_unavailable', detail, { headers: { 'retry-after': '1' }, cause: error });
  }
  // What went wrong inside is for the log: the answer must not tell strangers about the machine.
  return new ServiceError('internal_error', 'This is a fault of the service; its log says more', { cause: error });
}

/** The store's errors that a request can bring about; all others are faults of the service. */
const FROM_STORE: Partial<Record<StoreErrorCode, ProblemCode>> = {
  study_not_found: 'study_not_found',
  trial_not_found: 'trial_not_found',
  job_not_found: 'job_not_found',
  model_not_found: 'model_not_found',
  study_in_use: 'study_in_use',
  model_in_use: 'model_in_use',
  key_not_found: 'key_not_found',
  last_admin_key: 'last_admin_key',
  import_not_found: 'import_not_found',
  import_not_open: 'import_not_open',
  import_moved: 'upload_offset_mismatch',
  cursor_not_found: 'cursor_not_found',
  trial_already_finished: 'trial_already_finished',
  job_already_finished: 'job_already_finished',
  too_few_trials: 'too_few_trials',
  idempotency_key_reused: 'idempotency_key_reused',
};

const FIXES: Partial<Record<ProblemCode, string>> = {
  study_in_use: 'wait until it has ended, or cancel it',
  model_in_use: 'delete what stands beside it, or let the job end, and send the request again',
  last_admin_key: 'make another of scope admin before you delete it',
  import_not_open: 'make a new one with POST /v1/imports',
  upload_offset_mismatch: 'go on at the byte that Upload-Offset of GET /v1/imports/{import_id} names',
  cursor_not_found: 'take "after" from last_id of a page of the same list',
  trial_already_finished: 'a measurement is never changed; add a new trial for a new one',
  too_few_trials: 'add measured trials with POST /v1/studies/{study_id}/trials:batch',
  idempotency_key_reused: 'use a new key for every new request',
};

function fromStore(error: StoreError): ServiceError {
  const code = FROM_STORE[error.code];
  if (code === undefined) return new ServiceError('internal_error', error.message, { cause: error });
  const fix = FIXES[code];
  return new ServiceError(code, fix === undefined ? error.message : `${error.message}; ${fix}`, { cause: error });
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
}

function fromFastify(error: FastifyError): ServiceError {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ServiceError(
        'body_too_large',
        'The limit is 16 MB unless configured otherwise; send several requests',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ServiceError('unsupported_media_type', 'Send JSON, with the header Content-Type: application/json');
    default: {
      const isTheirs = (error.statusCode ?? 500) < 500;
      return new ServiceError(isTheirs ? 'bad_request' : 'internal_error', error.message, { cause: error });
    }
  }
}

// What can go wrong between a program and the service: one class a status, so that a catch can tell what it handles.
import type { FieldError, Problem } from './types.js';

/** Codes of the errors that arise on this side; the service's own codes are listed in docs/api.md. */
export const clientErrorCodes = {
  invalid_option: 'The client, or a call, was given something it cannot use',
  connection_failed: 'The service could not be reached, or broke off, and retrying did not help',
  request_timeout: 'The service took longer than the request was given',
  unexpected_response: 'The answer does not follow the contract',
} as const;

export type ClientErrorCode = keyof typeof clientErrorCodes;

/** Whatever this package throws, but for the reason of an AbortSignal, which is thrown as it is. */
export class OmniRegError extends Error {
  override readonly name: string = 'OmniRegError';
  /** Stable: the service's, or one of `clientErrorCodes`. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return false;
  }
}

/** There was no answer: the connection could not be made, or broke off. */
export class APIConnectionError extends OmniRegError {
  override readonly name: string = 'APIConnectionError';

  constructor(message: string, options?: { cause?: unknown }, code: ClientErrorCode = 'connection_failed') {
    super(code, message, options);
  }

  override get retryable(): boolean {
    return true;
  }
}

/** There was no answer within `timeout`. */
export class APIConnectionTimeoutError extends APIConnectionError {
  override readonly name = 'APIConnectionTimeoutError';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options, 'request_timeout');
  }
}

export interface APIErrorDetails {
  status: number;
  headers: Headers;
  errors?: readonly FieldError[];
  cause?: unknown;
}

/** The service answered with an error: RFC 9457 problem details, or what can be said where it sent none. */
export class APIError extends OmniRegError {
  override readonly name: string = 'APIError';
  readonly status: number;
  readonly headers: Headers;
  /** Names the request in the service's log (`X-Request-Id`). */
  readonly requestId: string | undefined;
  /** What is wrong with which field, each with a JSON pointer (RFC 6901) and a fix, where the service says so. */
  readonly errors: readonly FieldError[];

  constructor(code: string, message: string, details: APIErrorDetails) {
    super(code, message, { cause: details.cause });
    this.status = details.status;
    this.headers = details.headers;
    this.requestId = details.headers.get('x-request-id') ?? undefined;
    this.errors = details.errors ?? [];
  }

  /** Busy, restarting or behind a gateway that is. A 500 is a defect, and a defect repeats itself. */
  override get retryable(): boolean {
    return [408, 429, 502, 503, 504].includes(this.status);
  }

  /** What the service asks to be waited before the next try, in ms: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
  get retryAfter(): number | undefined {
    const header = this.headers.get('retry-after');
    if (header === null) return undefined;
    const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
    return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
  }
}

/** 400: the request does not follow the contract; `errors` lists each field. */
export class BadRequestError extends APIError {
  override readonly name = 'BadRequestError';
}
/** 401: no key, or none that is known. */
export class AuthenticationError extends APIError {
  override readonly name = 'AuthenticationError';
}
/** 403: the key may not do this. */
export class PermissionDeniedError extends APIError {
  override readonly name = 'PermissionDeniedError';
}
/** 404: nothing has this id, or the service has no such path. */
export class NotFoundError extends APIError {
  override readonly name = 'NotFoundError';
}
/** 409: what the request is about is in another state than it takes. */
export class ConflictError extends APIError {
  override readonly name = 'ConflictError';
}
/** 412: it was changed since it was read. */
export class PreconditionFailedError extends APIError {
  override readonly name = 'PreconditionFailedError';
}
/** 413: the body is larger than the service takes. */
export class ContentTooLargeError extends APIError {
  override readonly name = 'ContentTooLargeError';
}
/** 422: understood, and cannot be done. */
export class UnprocessableEntityError extends APIError {
  override readonly name = 'UnprocessableEntityError';
}
/** 429: too many requests; `retryAfter` says for how long. */
export class RateLimitError extends APIError {
  override readonly name = 'RateLimitError';
}
/** 500 and above: the service failed, is stopping, or took too long. */
export class InternalServerError extends APIError {
  override readonly name = 'InternalServerError';
}

const CLASSES: Record<number, typeof APIError> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  413: ContentTooLargeError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

/**
 * Makes the error of an answer.
 * @param text The answer's body.
 * @param where Method and path, for the message.
 */
export function errorFrom(response: Response, text: string, where: string): APIError {
  const { status, headers } = response;
  const Class = CLASSES[status] ?? (status >= 500 ? InternalServerError : APIError);
  const problem = asProblem(text);
  if (problem) return new Class(problem.code, problem.detail, { status, headers, errors: problem.errors ?? [] });
  const began = JSON.stringify(text.slice(0, 120));
  const message = `${where} was answered with status ${status} and no problem details. Is it an OmniReg service? It began: ${began}`;
  return new Class('unexpected_response', message, { status, headers });
}

function asProblem(text: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { code, detail } = value as Partial<Problem>;
    return typeof code === 'string' && typeof detail === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}

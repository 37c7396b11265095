// What can go wrong between a client and the service. Everything thrown in this folder is an ApiError or an AbortError.
import type { FieldError, Problem } from './types.js';

/** Codes of the errors that arise on this side; the service's own codes are listed in docs/api.md. */
export const clientErrorCodes = {
  connection_failed: 'The service could not be reached, or broke off, and retrying did not help',
  request_timeout: 'The service took longer than the request was given',
  unexpected_response: 'The answer does not follow the contract',
} as const;

export type ClientErrorCode = keyof typeof clientErrorCodes;

/** A request that failed: `code` is the service's, or one of `clientErrorCodes`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** What is wrong with which field, where the service says so. */
  readonly errors: readonly FieldError[];
  /** What the service asks to be waited before the next try, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    details: {
      status?: number;
      errors?: readonly FieldError[];
      retryAfterMs?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.errors = details.errors ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same request may succeed later. A 500 is a defect, and a defect repeats itself. */
  get retryable(): boolean {
    if (this.status === 0) return this.code !== 'unexpected_response';
    return [408, 429, 502, 503, 504].includes(this.status);
  }
}

/**
 * Reads an error answer: RFC 9457 problem details where the service sent them, else what can be said of the status.
 * @param where Method and path, for the message.
 */
export async function errorFromResponse(response: Response, where: string): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
  const problem = asProblem(text);
  if (problem) {
    return new ApiError(problem.code, problem.detail, {
      status: response.status,
      errors: problem.errors ?? [],
      retryAfterMs,
    });
  }
  return new ApiError(
    'unexpected_response',
    `${where} was answered with status ${response.status} and no problem details. Is it an OmniReg service? It began: ${JSON.stringify(text.slice(0, 120))}`,
    { status: response.status, retryAfterMs },
  );
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

/** `Retry-After` is a number of seconds or an HTTP date (RFC 9110, 10.2.3). */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

// Every error that the service answers with. docs/api.md explains each code; a test keeps both equal.
import type { components } from './contract.generated.js';

export type Problem = components['schemas']['Problem'];
export type FieldError = components['schemas']['FieldError'];

/** Codes of whole answers: the problem's `code`, with its status and title. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_request: { status: 400, title: 'The request does not follow the contract' },
  cursor_not_found: { status: 400, title: 'The list has no entry to go on from' },
  bad_request: { status: 400, title: 'The request cannot be read' },
  missing_key: { status: 401, title: 'A key is needed' },
  invalid_key: { status: 401, title: 'The key is not known' },
  insufficient_scope: { status: 403, title: 'The key is not good for this' },
  host_not_allowed: { status: 403, title: 'The server does not answer to this name' },
  origin_not_allowed: { status: 403, title: 'Pages of this origin may not call the API' },
  route_not_found: { status: 404, title: 'There is nothing at this path' },
  study_not_found: { status: 404, title: 'There is no such study' },
  trial_not_found: { status: 404, title: 'There is no such trial in this study' },
  job_not_found: { status: 404, title: 'There is no such fine-tuning job' },
  evaluation_not_found: { status: 404, title: 'There is no such evaluation' },
  import_not_found: { status: 404, title: 'There is no such import' },
  model_not_found: { status: 404, title: 'There is no such model' },
  key_not_found: { status: 404, title: 'There is no such key' },
  method_not_allowed: { status: 405, title: 'This path does not know this method' },
  request_timeout: { status: 408, title: 'The request came too slowly' },
  trial_already_finished: { status: 409, title: 'The trial has already ended' },
  study_in_use: { status: 409, title: 'A job works on the study' },
  model_in_use: { status: 409, title: 'The model is still needed' },
  job_already_finished: { status: 409, title: 'The job has already ended' },
  evaluation_unfinished: { status: 409, title: 'The evaluation has no report' },
  import_not_open: { status: 409, title: 'The import takes no more rows' },
  upload_offset_mismatch: { status: 409, title: 'The import is at another place' },
  import_changed: { status: 409, title: 'The table is not the one that was begun' },
  no_model: { status: 409, title: 'There is no model yet' },
  last_admin_key: { status: 409, title: 'The last key of scope admin stays' },
  precondition_failed: { status: 412, title: 'The resource has changed' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of a kind that is not taken' },
  csv_unusable: { status: 422, title: 'The CSV cannot be read as rows' },
  unknown_column: { status: 422, title: 'The CSV has no such column' },
  row_rejected: { status: 422, title: 'A row is no trial, and the import was to end there' },
  idempotency_key_reused: { status: 422, title: 'The idempotency key belongs to another request' },
  too_few_trials: { status: 422, title: 'There are too few trials to train on' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  too_many_imports: { status: 429, title: 'Too many imports are under way' },
  too_many_streams: { status: 429, title: 'Too many event streams are open' },
  too_many_predictions: { status: 429, title: 'Too many predictions are waiting' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  request_cancelled: { status: 499, title: 'The client closed the connection' },
  internal_error: { status: 500, title: 'The service failed' },
  prediction_failed: { status: 500, title: 'The model could not answer' },
  database_unavailable: { status: 503, title: 'The database does not answer' },
  shutting_down: { status: 503, title: 'The service is shutting down' },
  deadline_exceeded: { status: 504, title: 'There was no answer in time' },
  storage_full: { status: 507, title: 'The disk is full' },
} as const satisfies Record<string, { status: number; title: string }>;

/** Codes of single fields: the `code` of an entry of `errors`. */
export const FIELD_ERRORS = {
  unknown_field: 'The contract knows no such field',
  missing_field: 'A required field is absent',
  wrong_type: 'Another JSON type is wanted; nothing is converted',
  not_allowed: 'Not one of the values that are allowed',
  out_of_range: 'A number beyond its limits, or not finite',
  too_long: 'A text longer than its limit',
  too_short: 'A text shorter than its limit',
  too_many: 'More entries than the limit',
  too_few: 'Fewer entries than needed',
  too_deep: 'Nested deeper than the limit',
  too_large: 'A record that is larger, written as JSON, than the limit',
  duplicate: 'The same entry twice',
  bad_format: 'A text that is not of the form wanted',
  forbidden_key: 'A key that would be dangerous to programs',
  conflict: 'Two fields that contradict each other',
  unknown_objective: 'The study has no such objective',
  missing_objective: 'A measurement for an objective of the study is absent',
  not_found: 'The id of something that does not exist',
  invalid_space: 'A search space that contradicts itself',
  outside_space: 'An x that the search space does not hold',
} as const;

/** Codes of a failed fine-tuning job or evaluation: its `error.code`. The trainer's own codes may stand there too. */
export const JOB_ERRORS = {
  training_failed: 'The training ended with an unexpected error',
  training_crashed: 'The process of the training ended without a word, for example for want of memory',
  evaluation_failed: 'The evaluation ended with an unexpected error',
  evaluation_crashed: 'The process of the evaluation ended without a word, for example for want of memory',
  model_missing: 'The files of the model to start from are not there',
} as const;

export type ProblemCode = keyof typeof PROBLEMS;
export type FieldErrorCode = keyof typeof FIELD_ERRORS;
export type JobErrorCode = keyof typeof JOB_ERRORS;

/** An error of one field; typed, so that only codes of the table can be made. */
export function fieldError(pointer: string, code: FieldErrorCode, detail: string, fix: string): FieldError {
  return { pointer, code, detail, fix };
}

/** More errors than this are cut off: nobody reads on, and a hostile body could ask for a million. */
export const MAX_FIELD_ERRORS = 50;

/** What handlers throw to answer with a problem. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    message: string,
    readonly details: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.status = PROBLEMS[code].status;
  }

  /** The body of the answer, after RFC 9457. */
  toProblem(): Problem {
    const { status, title } = PROBLEMS[this.code];
    const { errors } = this.details;
    const problem: Problem = {
      type: `urn:omnireg:problem:${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
    };
    return errors === undefined ? problem : { ...problem, errors: errors.slice(0, MAX_FIELD_ERRORS) };
  }
}

/** The problem of a request whose fields are wrong. */
export function invalidRequest(errors: FieldError[]): ServiceError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail =
    first === undefined ? 'the request is invalid' : `${first.pointer || 'the body'} ${first.detail}${more}`;
  return new ServiceError('invalid_request', detail, { errors });
}

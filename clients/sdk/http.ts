// The service's operations as typed calls over fetch: retries with backoff, automatic idempotency keys, aborts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, errorFromResponse } from './errors.js';
import type {
  Evaluation,
  EvaluationCreate,
  EvaluationReport,
  ExplanationCreate,
  ExplanationResult,
  FineTuningJob,
  FineTuningJobCreate,
  Health,
  PredictionCreate,
  PredictionResult,
  Study,
  StudyCreate,
  StudyList,
  TrialBatchResult,
  TrialCreate,
  TrialList,
} from './types.js';

export interface HttpClientOptions {
  /** Where the service is, such as http://127.0.0.1:8080. */
  url: string;
  /** For how long a request that met a broken connection or a busy service is tried again, in ms. */
  retryForMs: number;
  /** The same while this client has never had an answer: more likely nobody is there than somebody restarts. */
  firstContactMs: number;
  /** First pause between two tries, in ms; doubled each time, with jitter. */
  firstPauseMs: number;
  /** Longest pause, in ms. */
  longestPauseMs: number;
  /** How long one try may take, in ms. */
  timeoutMs: number;
  /** Told of every failed try that will be repeated. */
  onRetry?: (error: ApiError, pauseMs: number) => void;
}

export const httpClientDefaults: Omit<HttpClientOptions, 'url'> = {
  retryForMs: 60_000,
  firstContactMs: 3_000,
  firstPauseMs: 200,
  longestPauseMs: 5_000,
  timeoutMs: 60_000,
};

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Sent as `Idempotency-Key`; by default a new one for every POST that writes. */
  idempotencyKey?: string;
  timeoutMs?: number;
}

export class HttpClient {
  readonly options: HttpClientOptions;
  #answered = false;

  constructor(options: Partial<HttpClientOptions> & Pick<HttpClientOptions, 'url'>) {
    this.options = { ...httpClientDefaults, ...options, url: options.url.replace(/\/+$/, '') };
  }

  getHealth(call: CallOptions = {}): Promise<Health> {
    return this.send('GET', '/healthz', undefined, call);
  }

  createStudy(body: StudyCreate, call: CallOptions = {}): Promise<Study> {
    return this.send('POST', '/v1/studies', body, withKey(call));
  }

  /** @param page `limit` up to 1,000; `after` the last id of the page before. */
  listStudies(page: { limit?: number; after?: string }, call: CallOptions = {}): Promise<StudyList> {
    return this.send('GET', `/v1/studies?${queryOf(page)}`, undefined, call);
  }

  getStudy(studyId: string, call: CallOptions = {}): Promise<Study> {
    return this.send('GET', `/v1/studies/${encodeURIComponent(studyId)}`, undefined, call);
  }

  /** Every row is judged for itself; bad ones are reported in the answer, not thrown. */
  createTrials(studyId: string, trials: TrialCreate[], call: CallOptions = {}): Promise<TrialBatchResult> {
    return this.send('POST', `/v1/studies/${encodeURIComponent(studyId)}/trials:batch`, { trials }, withKey(call));
  }

  /** @param page `limit` up to 1,000; `after` the last id of the page before. */
  listTrials(studyId: string, page: { limit?: number; after?: string }, call: CallOptions = {}): Promise<TrialList> {
    return this.send('GET', `/v1/studies/${encodeURIComponent(studyId)}/trials?${queryOf(page)}`, undefined, call);
  }

  /** Writes nothing, so it is tried again without a key. */
  predict(studyId: string, body: PredictionCreate, call: CallOptions = {}): Promise<PredictionResult> {
    const timeoutMs = call.timeoutMs ?? 5 * this.options.timeoutMs;
    return this.send('POST', `/v1/studies/${encodeURIComponent(studyId)}/predictions`, body, { ...call, timeoutMs });
  }

  /** Writes nothing, so it is tried again without a key. */
  explain(studyId: string, body: ExplanationCreate, call: CallOptions = {}): Promise<ExplanationResult> {
    const timeoutMs = call.timeoutMs ?? 5 * this.options.timeoutMs;
    return this.send('POST', `/v1/studies/${encodeURIComponent(studyId)}:explain`, body, { ...call, timeoutMs });
  }

  createFineTuningJob(body: FineTuningJobCreate, call: CallOptions = {}): Promise<FineTuningJob> {
    return this.send('POST', '/v1/fine-tuning-jobs', body, withKey(call));
  }

  getFineTuningJob(jobId: string, call: CallOptions = {}): Promise<FineTuningJob> {
    return this.send('GET', `/v1/fine-tuning-jobs/${encodeURIComponent(jobId)}`, undefined, call);
  }

  cancelFineTuningJob(jobId: string, call: CallOptions = {}): Promise<FineTuningJob> {
    return this.send('POST', `/v1/fine-tuning-jobs/${encodeURIComponent(jobId)}:cancel`, undefined, withKey(call));
  }

  createEvaluation(body: EvaluationCreate, call: CallOptions = {}): Promise<Evaluation> {
    return this.send('POST', '/v1/evaluations', body, withKey(call));
  }

  getEvaluation(id: string, call: CallOptions = {}): Promise<Evaluation> {
    return this.send('GET', `/v1/evaluations/${encodeURIComponent(id)}`, undefined, call);
  }

  cancelEvaluation(id: string, call: CallOptions = {}): Promise<Evaluation> {
    return this.send('POST', `/v1/evaluations/${encodeURIComponent(id)}:cancel`, undefined, withKey(call));
  }

  /** @throws ApiError `evaluation_unfinished` unless it has succeeded */
  getEvaluationReport(id: string, call: CallOptions = {}): Promise<EvaluationReport> {
    return this.send('GET', `/v1/evaluations/${encodeURIComponent(id)}/report`, undefined, call);
  }

  /**
   * One request, repeated while that makes sense.
   * @throws ApiError; or the signal's AbortError.
   */
  private async send<T>(method: 'GET' | 'POST', path: string, body: unknown, call: CallOptions): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
    const text = body === undefined ? null : JSON.stringify(body);
    const response = await this.retrying(
      () => this.fetchOnce(path, { method, headers, body: text }, call),
      `${method} ${path}`,
      call.signal,
    );
    return response as T;
  }

  private async fetchOnce(path: string, init: RequestInit, call: CallOptions): Promise<unknown> {
    const where = `${init.method} ${path}`;
    const timeout = AbortSignal.timeout(call.timeoutMs ?? this.options.timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
    try {
      const response = await fetch(this.options.url + path, { ...init, signal });
      if (!response.ok) throw await errorFromResponse(response, where);
      const text = await response.text();
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new ApiError(
          'unexpected_response',
          `${where} was answered with something that is not JSON. Is ${this.options.url} an OmniReg service?`,
          { cause },
        );
      }
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      throw this.asApiError(error, where, timeout.aborted);
    }
  }

  /** A fetch that broke off, as an ApiError that says what to do. */
  asApiError(error: unknown, where: string, timedOut = false): ApiError {
    if (error instanceof ApiError) return error;
    if (timedOut) return new ApiError('request_timeout', `${where} took too long.`, { cause: error });
    return new ApiError(
      'connection_failed',
      `${this.options.url} could not be reached (${reasonOf(error)}). Start the service with "omnireg serve", or say where it is with --url or OMNIREG_URL.`,
      { cause: error },
    );
  }

  /** Repeats what fails with a retryable error until the time for that has passed since the first failure. */
  async retrying<T>(attempt: () => Promise<T>, where: string, signal?: AbortSignal): Promise<T> {
    const { retryForMs, firstContactMs, firstPauseMs, longestPauseMs, onRetry } = this.options;
    let firstFailure: number | undefined;
    for (let tries = 0; ; tries++) {
      try {
        const result = await attempt();
        this.#answered = true;
        return result;
      } catch (thrown) {
        if (signal?.aborted) throw signal.reason;
        const error = this.asApiError(thrown, where);
        if (error.status > 0) this.#answered = true;
        firstFailure ??= performance.now();
        const patience = this.#answered ? retryForMs : firstContactMs;
        const backoff = Math.min(longestPauseMs, firstPauseMs * 2 ** tries) * (0.75 + 0.5 * Math.random());
        const pause = Math.max(backoff, error.retryAfterMs ?? 0);
        if (!error.retryable || performance.now() - firstFailure + pause > patience) throw error;
        onRetry?.(error, pause);
        await sleep(pause, undefined, signal ? { signal } : {});
      }
    }
  }
}

function queryOf(page: { limit?: number; after?: string }): URLSearchParams {
  return new URLSearchParams(Object.entries(page).map(([key, value]): [string, string] => [key, String(value)]));
}

function withKey(call: CallOptions): CallOptions {
  return { ...call, idempotencyKey: call.idempotencyKey ?? randomUUID() };
}

/** What fetch hides in the cause of its "fetch failed", such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  for (const candidate of [cause, error]) {
    if (candidate instanceof Error) {
      const code = (candidate as NodeJS.ErrnoException).code;
      if (typeof code === 'string') return code;
    }
  }
  return error instanceof Error ? error.message : String(error);
}

// How good a model is beside simple methods.
import type { APIPromise } from '../api-promise.js';
import type { EventOptions, EventStream } from '../event-stream.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type { Evaluation, EvaluationCreate, EvaluationEvent, EvaluationEventList, EvaluationReport } from '../types.js';
import { type EventListParams, type ListParams, Resource } from './resource.js';

export class Evaluations extends Resource {
  /** Predicts trials of the studies that are held back, and compares. It is answered as queued; follow it with `events`. */
  create(body: EvaluationCreate, options?: RequestOptions): APIPromise<Evaluation> {
    return this.write('/v1/evaluations', body, options);
  }

  /** Newest first. */
  list(params: ListParams = {}, options?: RequestOptions): PagePromise<Evaluation> {
    return this.page('/v1/evaluations', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<Evaluation> {
    return this.read(path`/v1/evaluations/${id}`, undefined, options);
  }

  /** A running one stops after its present step; its events say when. */
  cancel(id: string, options?: RequestOptions): APIPromise<Evaluation> {
    return this.write(path`/v1/evaluations/${id}:cancel`, undefined, options);
  }

  /** Every event once, live, until it has ended; `final()` gives the evaluation as it ended. */
  events(id: string, options?: EventOptions): EventStream<EvaluationEvent, Evaluation> {
    return this.follow(path`/v1/evaluations/${id}/events`, options);
  }

  /** The events so far. */
  listEvents(id: string, params: EventListParams = {}, options?: RequestOptions): APIPromise<EvaluationEventList> {
    return this.read(path`/v1/evaluations/${id}/events`, { ...params }, options);
  }

  /**
   * What it found.
   * @throws ConflictError `evaluation_unfinished` unless it has succeeded
   */
  report(id: string, options?: RequestOptions): APIPromise<EvaluationReport> {
    return this.read(path`/v1/evaluations/${id}/report`, undefined, options);
  }
}

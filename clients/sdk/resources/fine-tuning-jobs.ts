// Trainings and their progress.
import type { APIPromise } from '../api-promise.js';
import type { EventOptions, EventStream } from '../event-stream.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type {
  FineTuningJob,
  FineTuningJobCheckpoint,
  FineTuningJobCreate,
  FineTuningJobEvent,
  FineTuningJobEventList,
} from '../types.js';
import { type EventListParams, type ListParams, Resource } from './resource.js';

export class FineTuningJobs extends Resource {
  /** Trains on the trials that the studies hold at this moment. The job is answered as queued; follow it with `events`. */
  create(body: FineTuningJobCreate, options?: RequestOptions): APIPromise<FineTuningJob> {
    return this.write('/v1/fine-tuning-jobs', body, options);
  }

  /** Newest first. */
  list(params: ListParams = {}, options?: RequestOptions): PagePromise<FineTuningJob> {
    return this.page('/v1/fine-tuning-jobs', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<FineTuningJob> {
    return this.read(path`/v1/fine-tuning-jobs/${id}`, undefined, options);
  }

  /** A running job stops after its present step; its events say when. */
  cancel(id: string, options?: RequestOptions): APIPromise<FineTuningJob> {
    return this.write(path`/v1/fine-tuning-jobs/${id}:cancel`, undefined, options);
  }

  /** Every event once, live, until the job has ended; `final()` gives the job as it ended. */
  events(id: string, options?: EventOptions): EventStream<FineTuningJobEvent, FineTuningJob> {
    return this.follow(path`/v1/fine-tuning-jobs/${id}/events`, options);
  }

  /** Points that the job could be taken up from, oldest first. */
  listCheckpoints(
    id: string,
    params: Omit<ListParams, 'order'> = {},
    options?: RequestOptions,
  ): PagePromise<FineTuningJobCheckpoint> {
    return this.page(path`/v1/fine-tuning-jobs/${id}/checkpoints`, { ...params }, options);
  }

  /** The events so far. */
  listEvents(id: string, params: EventListParams = {}, options?: RequestOptions): APIPromise<FineTuningJobEventList> {
    return this.read(path`/v1/fine-tuning-jobs/${id}/events`, { ...params }, options);
  }
}

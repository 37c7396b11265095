// What trainings made.
import type { APIPromise } from '../api-promise.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type { Model } from '../types.js';
import { type ListParams, Resource } from './resource.js';

export class Models extends Resource {
  /** Newest first. */
  list(params: ListParams = {}, options?: RequestOptions): PagePromise<Model> {
    return this.page('/v1/models', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<Model> {
    return this.read(path`/v1/models/${id}`, undefined, options);
  }
}

// What trainings made.
import { APIPromise } from '../api-promise.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type { Model } from '../types.js';
import { type ListParams, Resource } from './resource.js';

export interface ModelListParams extends ListParams {
  /** Only models whose training started from this one. */
  parent?: string | undefined;
  /** Only adapters that stand beside this model. */
  base?: string | undefined;
}

export class Models extends Resource {
  /** Newest first. */
  list(params: ModelListParams = {}, options?: RequestOptions): PagePromise<Model> {
    return this.page('/v1/models', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<Model> {
    return this.read(path`/v1/models/${id}`, undefined, options);
  }

  /** Its files go with it; models that were trained from it stay. */
  delete(id: string, options?: RequestOptions): APIPromise<void> {
    return this.remove(path`/v1/models/${id}`, options);
  }

  /**
   * Its files as a zip: the data is the response, whose `body` is a stream. It is not gone on with after a break.
   * `timeout` is for its beginning; the rest takes as long as it takes.
   */
  download(id: string, options: RequestOptions = {}): APIPromise<Response> {
    const request = { ...options, method: 'GET' as const, path: path`/v1/models/${id}/download` };
    return new APIPromise(this.transport.raw(request));
  }
}

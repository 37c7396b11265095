// Keys that open the service, for those who hold one of scope admin.
import type { APIPromise } from '../api-promise.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type { ApiKey, ApiKeyCreate, ApiKeyWithSecret } from '../types.js';
import { type ListParams, Resource } from './resource.js';

export class Keys extends Resource {
  /** The key itself is in this answer and nowhere else. */
  create(body: ApiKeyCreate, options?: RequestOptions): APIPromise<ApiKeyWithSecret> {
    return this.write('/v1/keys', body, options);
  }

  /** Newest first. */
  list(params: ListParams = {}, options?: RequestOptions): PagePromise<ApiKey> {
    return this.page('/v1/keys', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<ApiKey> {
    return this.read(path`/v1/keys/${id}`, undefined, options);
  }

  /** It opens nothing from now on. */
  delete(id: string, options?: RequestOptions): APIPromise<void> {
    return this.remove(path`/v1/keys/${id}`, options);
  }
}

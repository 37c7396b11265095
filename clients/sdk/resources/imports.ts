// Tables of any size as trials, with breaks on the way that lose and double nothing.
import type { APIPromise } from '../api-promise.js';
import { ConflictError, OmniRegError } from '../errors.js';
import type { Retry } from '../options.js';
import type { PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type { Import, ImportCreate, ImportRejectList, ImportState, ImportStatus, Rows } from '../types.js';
import { type ListParams, Resource } from './resource.js';

export interface ImportListParams extends ListParams {
  status?: ImportStatus | undefined;
  /** Only imports from exactly this source. */
  source?: string | undefined;
}

export type TableFormat = 'csv' | 'ndjson';

/** What a CSV or NDJSON is to become, and how it is read; docs/import.md. */
export interface UploadParams {
  format: TableFormat;
  /** Study to add to; without it one is made. */
  study_id?: string | undefined;
  /** Name of the study to make. */
  name?: string | undefined;
  objective?: readonly string[] | undefined;
  source?: string | undefined;
  on_error?: 'skip' | 'abort' | undefined;
  delimiter?: string | undefined;
  header?: boolean | undefined;
  ignore?: readonly string[] | undefined;
  status_column?: string | undefined;
  infeasible?: readonly string[] | undefined;
  missing?: readonly string[] | undefined;
  decimal_comma?: boolean | undefined;
}

export interface AppendParams {
  format: TableFormat;
  /** Place in the table of the first byte sent: the import's `offset`. */
  offset?: number | undefined;
  /** Whether the table ends with these rows. Default: true. */
  complete?: boolean | undefined;
}

export interface ImportErrorParams {
  limit?: number | undefined;
  /** `row` of the last one already known. */
  after?: number | undefined;
}

const CONTENT_TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson' };
/** A table takes as long as it takes; the service closes a connection that falls silent. */
const NO_TIMEOUT = Number.POSITIVE_INFINITY;

export class Imports extends Resource {
  /** An import whose rows follow, with `send` or `append`. */
  create(body: ImportCreate, options?: RequestOptions): APIPromise<ImportState> {
    return this.write('/v1/imports', body, options);
  }

  /**
   * A table in one request. It is answered when all rows are dealt with. After a break the same rows are sent again under the same key, and
   * what was dealt with is passed over; a stream cannot be sent again, so the error is thrown.
   */
  upload(rows: Rows, { format, ...query }: UploadParams, options: RequestOptions = {}): APIPromise<ImportState> {
    const request = { method: 'POST' as const, path: '/v1/imports', query: { ...query } };
    return this.sendRows(rows, CONTENT_TYPES[format], request, { timeout: NO_TIMEOUT, ...options });
  }

  /** Rows from `offset` on. Not repeated by itself: ask the import where to go on. */
  append(id: string, rows: Rows, params: AppendParams, options: RequestOptions = {}): APIPromise<ImportState> {
    const { format, offset = 0, complete = true } = params;
    const headers = { ...options.headers, 'upload-offset': String(offset), 'upload-complete': complete ? '?1' : '?0' };
    const request = { method: 'PATCH' as const, path: path`/v1/imports/${id}` };
    const once = { timeout: NO_TIMEOUT, ...options, maxRetries: 0, headers };
    return this.sendRows(rows, CONTENT_TYPES[format], request, once);
  }

  /**
   * A table that can be read from any place (a file: `openAsBlob` of node:fs, or a page's own), from where the import is to its end,
   * through as many broken connections and restarts of the service as it takes while the import goes on; `maxRetries` counts those in a row that bring nothing.
   */
  async send(id: string, table: Blob, options: RequestOptions = {}): Promise<ImportState> {
    const { maxRetries = this.transport.settings.maxRetries, signal } = options;
    let before = -1;
    for (let failures = 0; ; ) {
      const { offset, status, format, ...rest } = await this.get(id, options);
      // One that failed can go on when its table is mended.
      if (status === 'completed' || status === 'cancelled') return { offset, status, format, ...rest };
      if (offset > before) failures = 0;
      before = offset;
      try {
        return await this.append(id, table.slice(offset), { format, offset }, options);
      } catch (error) {
        // The service may still be working off what came before the break.
        const moved = error instanceof ConflictError && error.code === 'upload_offset_mismatch';
        const delay = this.transport.delayBefore(++failures, moved ? new Moved(error) : error);
        if (delay === undefined || failures > maxRetries) throw error;
        await this.transport.pause({ error: error as Retry['error'], attempt: failures, delay }, signal);
      }
    }
  }

  /** Newest first. */
  list(params: ImportListParams = {}, options?: RequestOptions): PagePromise<Import> {
    return this.page('/v1/imports', { ...params }, options);
  }

  /** The import, and where to go on with it: `offset`. */
  get(id: string, options?: RequestOptions): APIPromise<ImportState> {
    return this.read(path`/v1/imports/${id}`, undefined, options);
  }

  /** The rows that were imported stay. */
  cancel(id: string, options?: RequestOptions): APIPromise<Import> {
    return this.write(path`/v1/imports/${id}:cancel`, undefined, options);
  }

  /** The rows that were rejected, in their order. */
  listErrors(id: string, params: ImportErrorParams = {}, options?: RequestOptions): APIPromise<ImportRejectList> {
    return this.read(path`/v1/imports/${id}/errors`, { ...params }, options);
  }
}

/** A conflict that passes. */
class Moved extends OmniRegError {
  constructor(cause: ConflictError) {
    super(cause.code, cause.message, { cause });
  }
  override get retryable(): boolean {
    return true;
  }
}

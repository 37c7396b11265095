// All that the package exports.

export { APIPromise, type WithResponse } from './api-promise.js';
export { OmniReg, OmniReg as default } from './client.js';
export * from './errors.js';
export { type EventOptions, EventStream } from './event-stream.js';
export type { ClientOptions, Fetch, Retry } from './options.js';
export { Page, PagePromise } from './page.js';
export type {
  AppendParams,
  ImportErrorParams,
  ImportListParams,
  TableFormat,
  UploadParams,
} from './resources/imports.js';
export type { ModelListParams } from './resources/models.js';
export type { EventListParams, ListParams } from './resources/resource.js';
export type { StudyListParams, TrialListParams } from './resources/studies.js';
export type { ApiRequest, RequestOptions } from './transport.js';
export * from './types.js';
export { VERSION } from './version.js';

// The client: one object a service, its resources as fields.
import { APIPromise } from './api-promise.js';
import type { ClientOptions } from './options.js';
import { Evaluations } from './resources/evaluations.js';
import { FineTuningJobs } from './resources/fine-tuning-jobs.js';
import { Imports } from './resources/imports.js';
import { Keys } from './resources/keys.js';
import { Models } from './resources/models.js';
import { Predictions } from './resources/predictions.js';
import { Studies } from './resources/studies.js';
import { type ApiRequest, type RequestOptions, Transport } from './transport.js';
import type { Health, Readiness } from './types.js';

export class OmniReg {
  readonly baseUrl: string;
  readonly studies: Studies;
  readonly imports: Imports;
  readonly predictions: Predictions;
  readonly fineTuningJobs: FineTuningJobs;
  readonly evaluations: Evaluations;
  readonly models: Models;
  readonly keys: Keys;
  readonly #transport: Transport;

  /** @throws OmniRegError invalid_option */
  constructor(options: ClientOptions = {}) {
    const transport = new Transport(options);
    this.#transport = transport;
    this.baseUrl = transport.settings.baseUrl;
    this.studies = new Studies(transport);
    this.imports = new Imports(transport);
    this.predictions = new Predictions(transport);
    this.fineTuningJobs = new FineTuningJobs(transport);
    this.evaluations = new Evaluations(transport);
    this.models = new Models(transport);
    this.keys = new Keys(transport);
  }

  /** Whether the service and its database answer. */
  health(options?: RequestOptions): APIPromise<Health> {
    return this.request({ ...options, method: 'GET', path: '/healthz' });
  }

  /** Whether the service takes requests; not while it stops. */
  ready(options?: RequestOptions): APIPromise<Readiness> {
    return this.request({ ...options, method: 'GET', path: '/readyz' });
  }

  /** Any request of the API, for what has no method here: with the same keys, retries, timeouts and errors. */
  request<T>(request: ApiRequest): APIPromise<T> {
    return new APIPromise(this.#transport.json<T>(request));
  }
}

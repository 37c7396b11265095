// Numbers from texts, where there is no study.
import type { APIPromise } from '../api-promise.js';
import type { RequestOptions } from '../transport.js';
import type { TextPredictionCreate, TextPredictionResult } from '../types.js';
import { Resource } from './resource.js';

export class Predictions extends Resource {
  /** With measurements of one's own, a study's predictions are much better: `studies.predict`. */
  create(body: TextPredictionCreate, options?: RequestOptions): APIPromise<TextPredictionResult> {
    return this.ask('/v1/predictions', body, options);
  }
}

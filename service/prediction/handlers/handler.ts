// What a kind of request gets and gives in the prediction worker. A new kind is a file beside this one and a line in index.ts.
import type { NewStudy } from '../../../store/types.js';
import type { Predictor } from '../../../trainer/prediction/predictor.js';
import type { CachedStudy } from '../study-cache.js';

/** What every kind of request names: which model is asked, about which study. */
export interface Target {
  modelId: string;
  /** Local folder of the model. */
  modelDir: string;
  /** Empty where the study is not a stored one. */
  studyId: string;
  /** A study without trials that is described in the request alone. */
  described?: NewStudy;
}

/** What the worker has ready for a request. */
export interface Asked extends CachedStudy {
  predictor: Predictor;
  /** Aborted when nobody waits for the answer any more: the client has gone, or its time is up. */
  signal: AbortSignal;
}

/** Answers one request. Input and output cross threads: plain data only. */
export type AskHandler<Input extends Target, Output> = (input: Input, asked: Asked) => Promise<Output>;

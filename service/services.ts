// What handlers work with.

import type { Store } from '../store/store.js';
import type { Study } from '../store/types.js';
import type { Artifacts } from './artifacts.js';
import type { ServiceConfig } from './config.js';
import { ServiceError } from './errors.js';
import type { ImportClient } from './imports/import-client.js';
import type { BaseModel } from './prediction/base-model.js';
import type { AskInput, AskKind, AskOutput } from './prediction/protocol.js';
import type { Purger } from './purge.js';

/** Runs fine-tuning jobs; the store holds them. */
export interface JobRunner {
  /** A job was queued: look now instead of at the next interval. */
  wake(): void;
  /** Cancelling was asked for: tell the job's process now. */
  cancel(jobId: string): void;
  /** Calls back whenever the job may have new events, until the returned function is called. */
  subscribe(jobId: string, onChange: () => void): () => void;
}

export interface AskOptions {
  /** How many queries the request comes to: they take its place in the queue. */
  queries: number;
  /** Aborted when the client has gone: the request's place is free at once, and what of it has not been run never is. */
  signal: AbortSignal;
  /** After this long the request is withdrawn, in ms. */
  timeoutMs: number;
}

/** Asks models away from the HTTP thread. */
export interface PredictionService {
  /** @throws too_many_predictions, deadline_exceeded, request_cancelled, prediction_failed, shutting_down */
  ask<Kind extends AskKind>(kind: Kind, input: AskInput<Kind>, options: AskOptions): Promise<AskOutput<Kind>>;
  /** Queries that are worked on or wait, by line. */
  waiting(): { short: number; long: number };
  /** Queries that were answered since the start. */
  answered(): number;
}

export interface Services {
  store: Store;
  jobs: JobRunner;
  predictor: PredictionService;
  /** Reads the rows of imports away from the HTTP thread. */
  imports: Pick<ImportClient, 'admit' | 'receive'>;
  artifacts: Artifacts;
  /** Told where something was deleted. */
  purger: Pick<Purger, 'wake'>;
  /** The model that the server was given, which answers where no other does. */
  base: BaseModel;
  config: ServiceConfig;
  version: string;
  /** Event streams that are open. */
  streams: { open: number };
  /** Aborted when the server begins to close. */
  closing: AbortSignal;
}

/** @throws study_not_found */
export async function existingStudy(store: Store, id: string): Promise<Study> {
  const study = await store.getStudy(id);
  if (study === null)
    throw new ServiceError('study_not_found', `${id} is not the id of a study; GET /v1/studies lists them`);
  return study;
}

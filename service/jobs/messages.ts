// What the supervisor and a training's process say to each other.
import type { Job } from '../../store/types.js';
import type { TrainEvent, TrainResult } from '../../trainer/types.js';

/** Everything that the process needs: it reads the trials itself. */
export interface JobStart {
  job: Job;
  databaseFile: string;
  /** Model to start from; null: random weights. */
  parentDir: string | null;
  outDir: string;
  workDir: string;
}

export type ToJob = { type: 'start'; start: JobStart } | { type: 'stop' };

export type FromJob =
  | { type: 'event'; event: TrainEvent }
  | { type: 'done'; result: TrainResult }
  /** Stopped when told to, with its checkpoint saved. */
  | { type: 'stopped' }
  | { type: 'failed'; code: string; message: string };

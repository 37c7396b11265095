// What the supervisor and a job's process say to each other.
import type { Job } from '../../store/types.js';
import type { DeviceRequest } from '../../trainer/devices/device.js';
import type { EvaluationEvent, EvaluationReport } from '../../trainer/evaluation/types.js';
import type { TrainResult } from '../../trainer/types.js';

/** Everything that the process needs: it reads the trials itself. */
export interface JobStart {
  job: Job;
  databaseFile: string;
  /** Model to start from, or to be judged; null: random weights. */
  parentDir: string | null;
  outDir: string;
  workDir: string;
  /** The server's, for trainings that name none. */
  device: DeviceRequest;
}

export type ToJob = { type: 'start'; start: JobStart } | { type: 'stop' };

export type FromJob =
  | { type: 'event'; event: EvaluationEvent }
  | { type: 'done'; result: TrainResult }
  | { type: 'evaluated'; report: EvaluationReport }
  /** Stopped when told to, with its checkpoint saved. */
  | { type: 'stopped' }
  | { type: 'failed'; code: string; message: string };

/**
 * Flags of Node for a training's process. Each of its threads lets short-lived objects pile up to three times this many MB
 * before it clears them away; Node's own 16 only makes the peak of memory higher.
 */
export const JOB_NODE_FLAGS = ['--max-semi-space-size=4'];

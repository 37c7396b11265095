// What the HTTP thread and the prediction worker say to each other.
import type { Device } from '../../trainer/devices/device.js';
import type { JsonObject, Prediction, PredictResult } from '../../trainer/types.js';

export interface PredictionInput {
  modelId: string;
  /** Local folder of the model. */
  modelDir: string;
  studyId: string;
  queries: JsonObject[];
  levels: number[];
  includeExperts: boolean;
}

/** What the model says, by objective, in the study's order of objectives. */
export interface PredictionOutput {
  objectives: { name: string; predictions: Prediction[]; calibration: PredictResult['calibration'] }[];
}

export interface WorkerOptions {
  device: Device;
  /** Whether a GPU that fails is given up for the CPU. */
  mayFallBack: boolean;
  databaseFile: string;
  loadedModels: number;
  maxContextTrials: number;
  threads: number;
}

export type ToWorker = { type: 'predict'; id: number; input: PredictionInput } | { type: 'close' };
export type FromWorker =
  | { type: 'done'; id: number; output: PredictionOutput }
  | { type: 'failed'; id: number; message: string };

// What the HTTP thread and the prediction worker say to each other.
import type { Device } from '../../trainer/devices/device.js';
// Types alone: the HTTP thread loads no handler.
import type { HANDLERS } from './handlers/index.js';

export type AskKind = keyof typeof HANDLERS;
export type AskInput<Kind extends AskKind> = Parameters<(typeof HANDLERS)[Kind]>[0];
export type AskOutput<Kind extends AskKind> = Awaited<ReturnType<(typeof HANDLERS)[Kind]>>;

export interface WorkerOptions {
  /** Whether a GPU that fails is given up for the CPU. */
  mayFallBack: boolean;
  databaseFile: string;
  /** For what outlasts the process and can be computed again. */
  cacheFolder: string;
  loadedModels: number;
  maxContextTrials: number;
  maxContextCharacters: number;
  threads: number;
}

/** A request with at most this many queries waits for others like it, never for long ones. */
export const SMALL_QUERIES = 16;
/** Such small requests worked on at a time: enough to fill the next batch while one runs. */
export const SMALL_PLACES = 32;
/** Long requests worked on at a time: they share the batches with each other and with small ones. */
export const LONG_PLACES = 4;

/** One request, whatever its kind; `queries` is how many x it comes to. */
export type Ask = {
  [Kind in AskKind]: { type: 'ask'; id: number; kind: Kind; queries: number; input: AskInput<Kind> };
}[AskKind];

export type ToWorker =
  /** Where models run; the first word. */
  | { type: 'device'; device: Device }
  | Ask
  /** Nobody waits for the answer any more. */
  | { type: 'cancel'; id: number }
  /** This model will be asked. */
  | { type: 'preload'; modelDir: string }
  | { type: 'close' };
export type FromWorker =
  | { type: 'done'; id: number; output: AskOutput<AskKind> }
  | { type: 'failed'; id: number; message: string };

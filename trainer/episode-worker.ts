// Worker thread: makes the episodes whose numbers it is sent, and sends the examples back.
import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { type SplitStudy, trainingEpisode, validationExamples } from './episodes.js';
import { type Example, PromptEncoder } from './prompt.js';
import type { TrainConfig } from './train-config.js';
import type { ValidationExample } from './validation.js';

export interface EpisodeWorkerData {
  studies: SplitStudy[];
  config: TrainConfig;
  tokenizerFile: string;
}

/** An episode's number, or the request for the validation examples of one study. */
export type EpisodeRequest = { kind: 'training' | 'validation'; index: number };
export type EpisodeReply =
  | { kind: 'training'; index: number; examples: Example[] }
  | { kind: 'validation'; index: number; examples: ValidationExample[] };

const { studies, config, tokenizerFile } = workerData as EpisodeWorkerData;
const encoder = new PromptEncoder(await Tokenizer.load(tokenizerFile), config);

parentPort!.on('message', (request: EpisodeRequest) => {
  const { kind, index } = request;
  const reply: EpisodeReply =
    kind === 'training'
      ? { kind, index, examples: trainingEpisode(studies, index, config, encoder) }
      : { kind, index, examples: validationExamples(studies, index, config, encoder) };
  parentPort!.postMessage(reply);
});

// Worker thread of the example pool: cross-fits history, then makes the episodes whose numbers it is sent.
import { parentPort } from 'node:worker_threads';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { type SplitStudy, trainingEpisode, validationExamples } from './episodes.js';
import { fitHistory, type HistoryRow } from './history.js';
import { type Example, PromptEncoder } from './prompt.js';
import type { TrainConfig } from './train-config.js';
import type { StudyData } from './types.js';
import type { ValidationExample } from './validation.js';

export type EpisodeRequest =
  | { kind: 'rows'; rows: HistoryRow[] }
  /** What the studies outside the fold say of every trial inside. */
  | { kind: 'history'; fold: StudyData[] }
  | { kind: 'studies'; studies: SplitStudy[]; config: TrainConfig; tokenizerFile: string }
  | { kind: 'training'; index: number }
  | { kind: 'validation'; index: number };

export type EpisodeReply =
  | { kind: 'ready' }
  /** One array a study of the fold; undefined where no other study measures the same. */
  | { kind: 'history'; values: (Float64Array | undefined)[] }
  | { kind: 'training'; examples: Example[] }
  | { kind: 'validation'; examples: ValidationExample[] };

let rows: HistoryRow[] = [];
let job: { studies: SplitStudy[]; config: TrainConfig; encoder: PromptEncoder } | undefined;

function crossFit(fold: StudyData[]): (Float64Array | undefined)[] {
  const outside = fitHistory(rows, fold[0]!, new Set(fold.map((study) => study.id)));
  return fold.map((study) =>
    outside?.(
      study,
      study.trials.map((t) => t.x),
    ),
  );
}

async function answer(request: EpisodeRequest): Promise<EpisodeReply> {
  switch (request.kind) {
    case 'rows':
      rows = request.rows;
      return { kind: 'ready' };
    case 'history':
      return { kind: 'history', values: crossFit(request.fold) };
    case 'studies': {
      const { studies, config, tokenizerFile } = request;
      job = { studies, config, encoder: new PromptEncoder(await Tokenizer.load(tokenizerFile), config) };
      return { kind: 'ready' };
    }
    case 'training':
      return { kind: 'training', examples: trainingEpisode(job!.studies, request.index, job!.config, job!.encoder) };
    case 'validation':
      return {
        kind: 'validation',
        examples: validationExamples(job!.studies, request.index, job!.config, job!.encoder),
      };
  }
}

parentPort!.on('message', async (request: EpisodeRequest) => parentPort!.postMessage(await answer(request)));

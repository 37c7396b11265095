// Worker thread of the examples: learns what other studies say, then makes the episodes whose trials it is sent.
import { parentPort } from 'node:worker_threads';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { trainingExamples, validationExamples } from './episodes.js';
import type { Observation } from './evidence.js';
import { packEpisode } from './example-codec.js';
import { fitHistory, type HistoryModel, type HistoryRow } from './history.js';
import { PromptEncoder, type PromptRules } from './prompt.js';
import type { StudyHead, Trial } from './types.js';
import type { ValidationExample } from './validation.js';

/** An episode with all that it takes: no worker holds a study. */
export interface EpisodeTask {
  study: StudyHead;
  seed: number;
  /** Fold of history that speaks of the study; absent where none does, or the episode is blind to it. */
  fold?: number;
  context: Trial[];
  queries: Trial[];
}

export type EpisodeRequest =
  | { kind: 'job'; tokenizerFile: string; limits: PromptRules }
  /** What the studies outside the fold say; fitted once, before any episode that asks. */
  | { kind: 'history'; fold: number; study: StudyHead; rows: HistoryRow[] }
  | { kind: 'training'; task: EpisodeTask }
  | { kind: 'validation'; task: EpisodeTask; frame: ValidationExample['studyFrame'] };

export type EpisodeReply =
  | { kind: 'ready' }
  | { kind: 'training'; packed: Uint32Array }
  | { kind: 'validation'; examples: ValidationExample[] };

const folds = new Map<number, HistoryModel | undefined>();
let encoder: PromptEncoder;

function observe({ study, fold }: EpisodeTask, trials: Trial[]): Observation[] {
  const model = fold === undefined ? undefined : folds.get(fold);
  const values = model?.(
    study,
    trials.map(({ x }) => x),
  );
  return values ? trials.map((trial, i) => ({ ...trial, history: values[i]! })) : trials;
}

async function answer(request: EpisodeRequest): Promise<EpisodeReply> {
  switch (request.kind) {
    case 'job':
      encoder = new PromptEncoder(await Tokenizer.load(request.tokenizerFile), request.limits);
      return { kind: 'ready' };
    case 'history':
      folds.set(request.fold, fitHistory(request.rows, request.study, new Set()));
      return { kind: 'ready' };
    case 'training': {
      const { task } = request;
      const [context, queries] = [observe(task, task.context), observe(task, task.queries)];
      return {
        kind: 'training',
        packed: packEpisode(trainingExamples(task.study, context, queries, task.seed, encoder)),
      };
    }
    case 'validation': {
      const { task, frame } = request;
      const [context, queries] = [observe(task, task.context), observe(task, task.queries)];
      const examples = validationExamples(task.study, context, queries, task.seed, encoder, frame);
      return { kind: 'validation', examples };
    }
  }
}

/** One after the other, in the order they came in. */
let last: Promise<void> = Promise.resolve();

parentPort!.on('message', (request: EpisodeRequest) => {
  last = last.then(async () => {
    const reply = await answer(request);
    parentPort!.postMessage(reply, reply.kind === 'training' ? [reply.packed.buffer as ArrayBuffer] : []);
  });
});

// Worker thread of the examples: is told what other studies measured, then makes the episodes whose trials it is sent.
import { parentPort } from 'node:worker_threads';
import { Tokenizer } from '../tokenizer/tokenizer.js';
import { trainingExamples, validationExamples } from './episodes.js';
import { packEpisode } from './example-codec.js';
import { History } from './history/history.js';
import type { KnownStudy } from './history/known-studies.js';
import type { Relatives } from './history/relatives.js';
import { PromptEncoder, type PromptRules } from './prompt.js';
import type { StudyHead, Trial } from './types.js';
import type { ValidationExample } from './validation.js';

/** An episode with all that it takes: no worker holds a study. */
export interface EpisodeTask {
  study: StudyHead;
  seed: number;
  /** The episode is told nothing of other studies, as when a study is the first of its kind. */
  blind: boolean;
  context: Trial[];
  queries: Trial[];
}

export type EpisodeRequest =
  /** `known`: what all studies have measured. */
  | { kind: 'job'; tokenizerFile: string; limits: PromptRules; known: readonly KnownStudy[] }
  | { kind: 'training'; task: EpisodeTask }
  | { kind: 'validation'; task: EpisodeTask; frame: ValidationExample['studyFrame'] };

export type EpisodeReply =
  | { kind: 'ready' }
  | { kind: 'training'; packed: Uint32Array }
  | { kind: 'validation'; examples: ValidationExample[] };

let history: History;
let encoder: PromptEncoder;

/** The study's relatives, which it is not among: its own y never reaches its history. */
function relativesOf({ study, blind, context, queries }: EpisodeTask): Relatives | undefined {
  if (blind) return undefined;
  return history.about(
    study,
    (context.length > 0 ? context : queries).map(({ x }) => x),
  );
}

async function answer(request: EpisodeRequest): Promise<EpisodeReply> {
  switch (request.kind) {
    case 'job':
      encoder = new PromptEncoder(await Tokenizer.load(request.tokenizerFile), request.limits);
      history = new History(request.known);
      return { kind: 'ready' };
    case 'training': {
      const { task } = request;
      const { study, context, queries, seed } = task;
      const examples = trainingExamples(study, { context, relatives: relativesOf(task), seed }, queries, encoder);
      return { kind: 'training', packed: packEpisode(examples) };
    }
    case 'validation': {
      const { task, frame } = request;
      const { study, context, queries, seed } = task;
      const known = { context, relatives: relativesOf(task), seed };
      return { kind: 'validation', examples: validationExamples(study, known, queries, encoder, frame) };
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

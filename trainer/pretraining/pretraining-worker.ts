// Worker thread of a pretraining: reads the families once, then makes whole episodes of which it is told the number.
import { parentPort } from 'node:worker_threads';
import { studyFrame } from '../../tokenizer/frame.js';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { trainingExamples, validationExamples } from '../episodes.js';
import { packEpisode } from '../example-codec.js';
import { PromptEncoder, type PromptRules } from '../prompt.js';
import type { ValidationExample } from '../validation.js';
import { Corpus, type CorpusOptions } from './corpus.js';

/** A validation question, and the group that it counts to. */
export interface GroupedQuestion extends ValidationExample {
  group: string;
}

export type PretrainingWork =
  | {
      kind: 'open';
      families: string | undefined;
      options: CorpusOptions;
      tokenizerFile: string;
      limits: PromptRules;
    }
  | { kind: 'training' | 'validation'; number: number };

export type PretrainingReply =
  | { kind: 'ready' }
  | { kind: 'training'; packed: Uint32Array }
  | { kind: 'validation'; questions: GroupedQuestion[] };

let corpus: Corpus;
let encoder: PromptEncoder;

async function answer(work: PretrainingWork): Promise<PretrainingReply> {
  switch (work.kind) {
    case 'open':
      corpus = await Corpus.open(work.families, work.options);
      encoder = new PromptEncoder(await Tokenizer.load(work.tokenizerFile), work.limits);
      return { kind: 'ready' };
    case 'training': {
      const episode = await corpus.training(work.number);
      return {
        kind: 'training',
        packed: packEpisode(trainingExamples(episode.study, episode, episode.queries, encoder)),
      };
    }
    case 'validation': {
      const episode = await corpus.validation(work.number);
      const { study, queries, group, outcomes } = episode;
      const frame = studyFrame(outcomes.filter((y) => !Number.isNaN(y)));
      const questions = validationExamples(study, episode, queries, encoder, frame);
      return { kind: 'validation', questions: questions.map((question) => ({ ...question, group })) };
    }
  }
}

/** One after the other, in the order they came in. */
let last: Promise<void> = Promise.resolve();

parentPort!.on('message', (work: PretrainingWork) => {
  last = last.then(async () => {
    const reply = await answer(work);
    parentPort!.postMessage(reply, reply.kind === 'training' ? [reply.packed.buffer as ArrayBuffer] : []);
  });
});

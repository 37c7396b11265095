// The corpus as a source of episodes: workers are sent numbers, and send back examples.
import { packageFile } from '../../tokenizer/package-root.js';
import type { EpisodeSource, Making } from '../example-feed.js';
import type { PromptRules } from '../prompt.js';
import { WorkerPool } from '../worker-pool.js';
import type { CorpusOptions } from './corpus.js';
import type { GroupedQuestion, PretrainingReply, PretrainingWork } from './pretraining-worker.js';

// Workers run compiled code whether this file was compiled or is run from source by the tests.
const WORKER = packageFile('dist', 'trainer', 'pretraining', 'pretraining-worker.js');

export interface PretrainingEpisodesOptions {
  families: string | undefined;
  options: CorpusOptions;
  /** Number of `Corpus.validations`. */
  validations: number;
  tokenizerFile: string;
  limits: PromptRules;
  threads: number;
}

export class PretrainingEpisodes implements EpisodeSource {
  private readonly pool: WorkerPool<PretrainingWork, PretrainingReply>;
  private readonly ready: Promise<unknown>;
  private asked: Promise<Making<GroupedQuestion[]>> | undefined;

  constructor(private readonly made: PretrainingEpisodesOptions) {
    const { families, options, tokenizerFile, limits, threads } = made;
    this.pool = new WorkerPool(WORKER, threads);
    const open: PretrainingWork = { kind: 'open', families, options, tokenizerFile, limits };
    this.ready = Promise.all(Array.from({ length: this.pool.size }, (_, worker) => this.pool.ask(worker, open)));
    this.ready.catch(() => {});
  }

  async training(
    from: number,
    to: number,
    onProgress: (done: number, total: number) => void = () => {},
  ): Promise<Making<Uint32Array>> {
    let done = 0;
    return this.post(from, to, async (worker, number) => {
      const reply = await this.pool.ask(worker, { kind: 'training', number });
      if (reply.kind !== 'training') throw new Error(`A worker answered ${reply.kind} to episode ${number}`);
      done += 1;
      onProgress(done, to - from);
      return reply.packed;
    });
  }

  /** Made once, however often they are asked for. */
  validation(): Promise<Making<GroupedQuestion[]>> {
    this.asked ??= this.post(0, this.made.validations, async (worker, number) => {
      const reply = await this.pool.ask(worker, { kind: 'validation', number });
      if (reply.kind !== 'validation') throw new Error(`A worker answered ${reply.kind} to validation`);
      return reply.questions;
    });
    return this.asked;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async post<T>(from: number, to: number, ask: (worker: number, n: number) => Promise<T>): Promise<Making<T>> {
    const results: Promise<T>[] = [];
    for (let number = from; number < to; number++) {
      const result = ask(number % this.pool.size, number);
      result.catch(() => {});
      results.push(result);
    }
    const all = this.ready.then(() => Promise.all(results));
    all.catch(() => {});
    return { results: all };
  }
}

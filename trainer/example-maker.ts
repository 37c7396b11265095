// Makes episodes on worker threads: reads the trials that each one shows, and posts it whole to a worker.
import { packageFile } from '../tokenizer/package-root.js';
import type { EpisodeReply, EpisodeRequest, EpisodeTask } from './episode-worker.js';
import { type EpisodePlan, wholeFrame } from './episodes.js';
import type { Making } from './example-feed.js';
import { reveal } from './given.js';
import type { KnownStudy } from './history/known-studies.js';
import { type PromptRules, promptRulesOf } from './prompt.js';
import { headOf } from './study-source.js';
import type { TrainConfig } from './train-config.js';
import type { StudySource } from './types.js';
import type { ValidationExample } from './validation.js';
import { WorkerPool } from './worker-pool.js';

// Workers run compiled code whether this file was compiled or is run from source by the tests.
const WORKER = packageFile('dist', 'trainer', 'episode-worker.js');

export interface MakerOptions {
  studies: readonly StudySource[];
  /** What all studies have measured. */
  known: readonly KnownStudy[];
  config: Pick<TrainConfig, 'threads' | 'episodes' | keyof PromptRules>;
  tokenizerFile: string;
}

export class ExampleMaker {
  private readonly pool: WorkerPool<EpisodeRequest, EpisodeReply>;
  private readonly workerOf: Int32Array;
  private readonly ready: Promise<unknown>;

  constructor(private readonly options: MakerOptions) {
    const { studies, known, config, tokenizerFile } = options;
    this.pool = new WorkerPool(WORKER, Math.min(config.threads, config.episodes));
    this.workerOf = this.assign(studies);
    const request: EpisodeRequest = { kind: 'job', tokenizerFile, limits: promptRulesOf(config), known };
    this.ready = Promise.all(Array.from({ length: this.pool.size }, (_, worker) => this.pool.ask(worker, request)));
    this.ready.catch(() => {});
  }

  /**
   * Posts training episodes; resolves when all are posted, long before they are made. Whoever blocks the thread between
   * then and the results keeps no worker waiting.
   */
  async training(
    plans: readonly EpisodePlan[],
    onProgress: (done: number, total: number) => void = () => {},
  ): Promise<Making<Uint32Array>> {
    let done = 0;
    return this.post(plans, async (plan, worker, task) => {
      const reply = await this.pool.ask(worker, { kind: 'training', task });
      if (reply.kind !== 'training') throw new Error(`A worker answered ${reply.kind} to episode ${plan.seed}`);
      done += 1;
      onProgress(done, plans.length);
      return reply.packed;
    });
  }

  /** Posts validation episodes; see `training`. */
  async validation(plans: readonly EpisodePlan[]): Promise<Making<ValidationExample[]>> {
    const frames = new Map<number, ValidationExample['studyFrame']>();
    for (const { study } of plans) frames.set(study, await wholeFrame(this.options.studies[study]!));
    return this.post(plans, async ({ study }, worker, task) => {
      const reply = await this.pool.ask(worker, { kind: 'validation', task, frame: frames.get(study)! });
      if (reply.kind !== 'validation') throw new Error(`A worker answered ${reply.kind} to validation`);
      return reply.examples;
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** Studies that measure the same go to the same worker as far as the loads allow it, so that few relatives are fitted twice. */
  private assign(studies: readonly StudySource[]): Int32Array {
    const measures = ({ objective }: StudySource) => objective.name;
    const order = [...studies.keys()].sort((a, b) => {
      const [one, other] = [measures(studies[a]!), measures(studies[b]!)];
      return one < other ? -1 : one > other ? 1 : a - b;
    });
    const workers = new Int32Array(studies.length);
    order.forEach((study, rank) => {
      workers[study] = Math.floor((rank * this.pool.size) / studies.length);
    });
    return workers;
  }

  private async post<T>(
    plans: readonly EpisodePlan[],
    ask: (plan: EpisodePlan, worker: number, task: EpisodeTask) => Promise<T>,
  ): Promise<Making<T>> {
    const results: Promise<T>[] = [];
    for (const plan of plans) {
      const study = this.options.studies[plan.study]!;
      const positions = new Int32Array(plan.context.length + plan.queries.length);
      positions.set(plan.context);
      positions.set(plan.queries, plan.context.length);
      const trials = await study.read(positions);
      const result = ask(plan, this.workerOf[plan.study]!, {
        study: headOf(study),
        seed: plan.seed,
        blind: plan.blind,
        context: reveal(trials.slice(0, plan.context.length), plan.given),
        queries: reveal(trials.slice(plan.context.length), plan.given),
      });
      result.catch(() => {});
      results.push(result);
    }
    const all = this.ready.then(() => Promise.all(results));
    all.catch(() => {});
    return { results: all };
  }
}

// Makes episodes on worker threads: reads the trials that each one shows, and posts it whole to a worker.
import { packageFile } from '../tokenizer/package-root.js';
import type { EpisodeReply, EpisodeRequest, EpisodeTask } from './episode-worker.js';
import { type EpisodePlan, wholeFrame } from './episodes.js';
import type { Making } from './example-feed.js';
import { reveal } from './given.js';
import type { HistoryFold } from './history.js';
import type { PromptRules } from './prompt.js';
import { headOf } from './study-source.js';
import type { TrainConfig } from './train-config.js';
import type { StudySource } from './types.js';
import type { ValidationExample } from './validation.js';
import { WorkerPool } from './worker-pool.js';

// Workers run compiled code whether this file was compiled or is run from source by the tests.
const WORKER = packageFile('dist', 'trainer', 'episode-worker.js');
/** Fitting a fold of history takes about as long as this many episodes; it only shapes the estimate of time left. */
const FOLD_WORK = 4;

export interface MakerOptions {
  studies: readonly StudySource[];
  folds: readonly HistoryFold[];
  config: Pick<TrainConfig, 'threads' | 'episodes' | keyof PromptRules>;
  tokenizerFile: string;
}

export class ExampleMaker {
  private readonly pool: WorkerPool<EpisodeRequest, EpisodeReply>;
  private readonly foldOf = new Map<number, number>();
  private readonly workerOf: Int32Array;
  /** Folds that each worker knows. */
  private readonly known: Map<number, Promise<EpisodeReply>>[];
  private readonly ready: Promise<unknown>;

  constructor(private readonly options: MakerOptions) {
    const { studies, folds, config, tokenizerFile } = options;
    this.pool = new WorkerPool(WORKER, Math.min(config.threads, config.episodes));
    folds.forEach((fold, f) => {
      for (const study of fold.studies) this.foldOf.set(study, f);
    });
    this.workerOf = this.assign(studies.length);
    this.known = Array.from({ length: this.pool.size }, () => new Map());
    const { max_prompt, max_metadata, without_evidence, digits } = config;
    const limits = { max_prompt, max_metadata, without_evidence, digits };
    const request: EpisodeRequest = { kind: 'job', tokenizerFile, limits };
    this.ready = Promise.all(this.known.map((_, worker) => this.pool.ask(worker, request)));
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
    const total = plans.length + FOLD_WORK * this.foldsToFit(plans);
    let done = 0;
    const progress = (work: number) => {
      done += work;
      onProgress(done, total);
    };
    return this.post(plans, progress, async (plan, worker, task) => {
      const reply = await this.pool.ask(worker, { kind: 'training', task });
      if (reply.kind !== 'training') throw new Error(`A worker answered ${reply.kind} to episode ${plan.seed}`);
      progress(1);
      return reply.packed;
    });
  }

  /** Posts validation episodes; see `training`. */
  async validation(plans: readonly EpisodePlan[]): Promise<Making<ValidationExample[]>> {
    const frames = new Map<number, ValidationExample['studyFrame']>();
    for (const { study } of plans) frames.set(study, await wholeFrame(this.options.studies[study]!));
    return this.post(
      plans,
      () => {},
      async ({ study }, worker, task) => {
        const reply = await this.pool.ask(worker, { kind: 'validation', task, frame: frames.get(study)! });
        if (reply.kind !== 'validation') throw new Error(`A worker answered ${reply.kind} to validation`);
        return reply.examples;
      },
    );
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** Studies of one fold go to the same worker as far as the loads allow it, so that few folds are fitted twice. */
  private assign(studies: number): Int32Array {
    const order = Int32Array.from({ length: studies }, (_, s) => s).sort(
      (a, b) => (this.foldOf.get(a) ?? -1) - (this.foldOf.get(b) ?? -1) || a - b,
    );
    const workers = new Int32Array(studies);
    order.forEach((study, rank) => {
      workers[study] = Math.floor((rank * this.pool.size) / studies);
    });
    return workers;
  }

  private foldsToFit(plans: readonly EpisodePlan[]): number {
    const wanted = new Set<string>();
    for (const { study, blind } of plans) {
      const [fold, worker] = [this.foldOf.get(study), this.workerOf[study]!];
      if (fold !== undefined && !blind && !this.known[worker]!.has(fold)) wanted.add(`${worker}/${fold}`);
    }
    return wanted.size;
  }

  private async post<T>(
    plans: readonly EpisodePlan[],
    progress: (work: number) => void,
    ask: (plan: EpisodePlan, worker: number, task: EpisodeTask) => Promise<T>,
  ): Promise<Making<T>> {
    const results: Promise<T>[] = [];
    const fits: Promise<unknown>[] = [this.ready];
    for (const plan of plans) {
      const worker = this.workerOf[plan.study]!;
      const study = this.options.studies[plan.study]!;
      const fold = plan.blind ? undefined : this.foldOf.get(plan.study);
      const positions = new Int32Array(plan.context.length + plan.queries.length);
      positions.set(plan.context);
      positions.set(plan.queries, plan.context.length);
      const trials = await study.read(positions);
      if (fold !== undefined) fits.push(this.fit(worker, fold, study, progress));
      const result = ask(plan, worker, {
        study: headOf(study),
        seed: plan.seed,
        ...(fold === undefined ? {} : { fold }),
        context: reveal(trials.slice(0, plan.context.length), plan.given),
        queries: reveal(trials.slice(plan.context.length), plan.given),
      });
      result.catch(() => {});
      results.push(result);
    }
    const all = Promise.all(fits).then(() => Promise.all(results));
    all.catch(() => {});
    return { results: all };
  }

  private fit(worker: number, fold: number, study: StudySource, progress: (work: number) => void): Promise<unknown> {
    const known = this.known[worker]!;
    let fitted = known.get(fold);
    if (!fitted) {
      const { rows } = this.options.folds[fold]!;
      fitted = this.pool.ask(worker, { kind: 'history', fold, study: headOf(study), rows });
      fitted.then(
        () => progress(FOLD_WORK),
        () => {},
      );
      known.set(fold, fitted);
    }
    return fitted;
  }
}

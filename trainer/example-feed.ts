// The examples of every run, a window of episodes at a time: made ahead of the training loop, kept in the job's folder, and
// never all in memory. What a run sees depends on seed and number alone, so that a resumed job needs nothing but these.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BatchOptions,
  chooseLengths,
  divideIntoRuns,
  type RunExamples,
  slotRandom,
  trainingBatches,
} from './batches.js';
import { planEpisodes, planValidation, type SplitStudy, splitStudies } from './episodes.js';
import { decodeWindow, encodeWindow, unpackEpisode } from './example-codec.js';
import { ExampleMaker } from './example-maker.js';
import type { StackedBatches } from './executors/executor.js';
import { writeFileAtomic } from './files.js';
import { type HistoryRow, historyFolds } from './history.js';
import type { TrainConfig } from './train-config.js';
import type { StudySource } from './types.js';
import type { ValidationExample } from './validation.js';

/** Windows made ahead of the one that is trained on. */
const AHEAD = 2;
const FOLDER = 'examples-';

export interface FeedOptions {
  studies: readonly StudySource[];
  /** What all studies, and those of the parent, have measured: see history.ts. */
  rows: readonly HistoryRow[];
  config: TrainConfig;
  tokenizerFile: string;
  /** The job's folder. */
  workDir: string;
  /** Names configuration and data: windows made with others are not used. */
  fingerprint: string;
  batches: BatchOptions;
  signal?: AbortSignal | undefined;
  /** Episodes of the first window made. */
  onProgress?: (done: number, total: number) => void;
}

/** Consecutive runs that share a window. */
interface Slot {
  number: number;
  runs: RunExamples[];
}

export class ExampleFeed {
  private readonly split: SplitStudy[];
  private readonly folder: string;
  private readonly windowCount: number;
  private readonly windowEpisodes: number;
  private readonly runsPerSlot: number;
  private readonly slots: number;
  private readonly examplesPerRun: number;
  /** Windows that are in memory or on their way there, by number. */
  private readonly windows = new Map<number, Promise<Uint32Array[]>>();
  /** Windows in the job's folder. */
  private readonly kept = new Set<number>();
  private maker: ExampleMaker | undefined;
  private slot: Slot | undefined;
  private lengths: number[] | undefined;
  private validating: Promise<ValidationExample[]> | undefined;
  private waited = 0;

  private constructor(private readonly options: FeedOptions) {
    const { studies, config, workDir, fingerprint } = options;
    this.split = splitStudies(studies, config.seed, config.validation);
    this.folder = join(workDir, `${FOLDER}${fingerprint.slice(0, 16)}`);
    this.examplesPerRun = config.batch_size * config.run_steps;
    this.windowCount = Math.ceil(config.episodes / config.window_episodes);
    this.windowEpisodes = Math.ceil(config.episodes / this.windowCount);
    this.runsPerSlot = Math.max(1, Math.round((this.windowEpisodes * config.queries) / this.examplesPerRun));
    this.slots = Math.ceil(config.steps / config.run_steps / this.runsPerSlot);
  }

  /** Finds what an earlier attempt at the job has left in its folder; removes windows of other data or settings. */
  static async open(options: FeedOptions): Promise<ExampleFeed> {
    const feed = new ExampleFeed(options);
    for (const name of await readdir(options.workDir)) {
      const path = join(options.workDir, name);
      if (name.startsWith(FOLDER) && path !== feed.folder) await rm(path, { recursive: true });
    }
    await mkdir(feed.folder, { recursive: true });
    for (const name of await readdir(feed.folder)) {
      const number = /^(\d+)\.bin$/.exec(name)?.[1];
      if (number !== undefined) feed.kept.add(Number(number));
    }
    return feed;
  }

  /** Seconds that `batches` took of the training loop's time. */
  get waitedSeconds(): number {
    return this.waited;
  }

  /** Waits until the window of this run is there. Rejects with the signal's reason when it is aborted. */
  async ready(run: number): Promise<void> {
    const number = Math.floor(run / this.runsPerSlot);
    if (this.slot?.number === number) return;
    const { onProgress, config } = this.options;
    await this.begin(this.windowOf(number), onProgress);
    // The first window, on which the compiled lengths were chosen, is needed on every attempt.
    this.lengths ??= chooseLengths(await this.examplesOf(0));
    for (let next = number + 1; next <= number + AHEAD && next < this.slots; next++) {
      await this.begin(this.windowOf(next));
    }
    if (this.allBegun(number)) this.finish();
    const examples = await this.examplesOf(this.windowOf(number));
    const random = slotRandom(config.seed, number);
    const runs = divideIntoRuns(examples, this.lengths, this.runsPerSlot, this.examplesPerRun, random);
    this.slot = { number, runs };
    const wanted = new Set(Array.from({ length: AHEAD + 1 }, (_, i) => this.windowOf(number + i)));
    for (const window of this.windows.keys()) if (!wanted.has(window)) this.windows.delete(window);
    // The last checkpoint may lie in the slot before; should it be older still, its window is made again.
    await this.forgetBefore(Math.max(0, number - 1));
  }

  /** The batches of run number `run`. Rejects as `ready` does. */
  async batches(run: number): Promise<StackedBatches> {
    const begin = performance.now();
    await this.ready(run);
    const { config, batches } = this.options;
    const stacked = trainingBatches(this.slot!.runs[run % this.runsPerSlot]!, run, config, batches);
    this.waited += (performance.now() - begin) / 1000;
    return stacked;
  }

  /** Questions about the trials held back. */
  async validation(): Promise<ValidationExample[]> {
    return this.untilAborted(this.beginValidation());
  }

  async close(): Promise<void> {
    const { maker } = this;
    this.maker = undefined;
    await maker?.close();
  }

  /** Windows come in turn, and all again when they have all come. */
  private windowOf(slot: number): number {
    return slot % this.windowCount;
  }

  /** Whether a slot from `slot` on needs the window. */
  private isNeeded(window: number, slot: number): boolean {
    const turns = (window - this.windowOf(slot) + this.windowCount) % this.windowCount;
    return slot + turns < this.slots;
  }

  /** Whether every window that is still needed is there or on its way. */
  private allBegun(slot: number): boolean {
    for (let window = 0; window < this.windowCount; window++)
      if (this.isNeeded(window, slot) && !this.kept.has(window) && !this.windows.has(window)) return false;
    return true;
  }

  /** Has the validation made too, after which the workers have nothing left to do, and their memory is given back. */
  private finish(): void {
    if (this.validating) return;
    const validating = this.beginValidation();
    Promise.all([validating, ...this.windows.values()])
      .then(() => this.close())
      .catch(() => {});
  }

  /** Removes the windows that no slot from `slot` on needs. */
  private async forgetBefore(slot: number): Promise<void> {
    for (const window of this.kept) {
      if (window === 0 || this.isNeeded(window, slot)) continue;
      this.kept.delete(window);
      await rm(this.pathOf(window), { force: true });
    }
  }

  private pathOf(window: number): string {
    return join(this.folder, `${window}.bin`);
  }

  private async examplesOf(window: number) {
    await this.begin(window);
    return (await this.untilAborted(this.windows.get(window)!)).flatMap(unpackEpisode);
  }

  /** Makes sure that the window is on its way: when this resolves, nothing is left to do for it on this thread. */
  private async begin(window: number, onProgress?: (done: number, total: number) => void): Promise<void> {
    if (this.windows.has(window)) return;
    this.options.signal?.throwIfAborted();
    if (this.kept.has(window)) {
      this.windows.set(window, readFile(this.pathOf(window)).then(decodeWindow));
      return;
    }
    const from = window * this.windowEpisodes;
    const to = Math.min(from + this.windowEpisodes, this.options.config.episodes);
    const plans = planEpisodes(this.split, from, to, this.options.config);
    const { results } = await this.workers().training(plans, onProgress);
    const made = results.then(async (episodes) => {
      await writeFileAtomic(this.pathOf(window), encodeWindow(episodes));
      this.kept.add(window);
      return episodes;
    });
    made.catch(() => {});
    this.windows.set(window, made);
  }

  private beginValidation(): Promise<ValidationExample[]> {
    this.validating ??= this.workers()
      .validation(planValidation(this.split, this.options.config))
      .then(({ results }) => results)
      .then((examples) => examples.flat());
    this.validating.catch(() => {});
    return this.validating;
  }

  private workers(): ExampleMaker {
    if (!this.maker) {
      const { studies, rows, config, tokenizerFile } = this.options;
      this.maker = new ExampleMaker({ studies, folds: historyFolds(studies, rows), config, tokenizerFile });
    }
    return this.maker;
  }

  private untilAborted<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.options;
    if (!signal) return promise;
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }
}

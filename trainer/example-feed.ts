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
import { decodeWindow, encodeWindow, unpackEpisode } from './example-codec.js';
import type { StackedBatches } from './executors/executor.js';
import { writeFileAtomic } from './files.js';
import type { TrainConfig } from './train-config.js';
import type { ValidationExample } from './validation.js';

/** Windows made ahead of the one that is trained on. */
const AHEAD = 2;
const FOLDER = 'examples-';

/** Where examples come from: episodes by their numbers. Calls resolve when all work is posted, long before it is done. */
export interface EpisodeSource {
  /** Packed training episodes from number `from` up to `to`: each a pure function of its number. */
  training(from: number, to: number, onProgress?: (done: number, total: number) => void): Promise<Making<Uint32Array>>;
  validation(): Promise<Making<ValidationExample[]>>;
  /** Gives back what making takes; what has not been made then is rejected. */
  close(): Promise<void>;
}

/** Work that has been handed over, and what will come of it. */
export interface Making<T> {
  results: Promise<T[]>;
}

export interface FeedOptions {
  /** Called when examples are wanted, and again where more are wanted after they were all thought made. */
  episodes: () => EpisodeSource;
  config: TrainConfig;
  /** How often each example is shown before the next window's turn, always with other evidence dropped. */
  reuse?: number;
  /** Number of encoder lengths that are compiled. */
  lengths?: number;
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
  private readonly folder: string;
  private readonly windowCount: number;
  private readonly windowEpisodes: number;
  private readonly runsPerSlot: number;
  private readonly slots: number;
  private readonly examplesPerRun: number;
  /** Windows that are in memory or on their way there, by number. */
  private readonly windows = new Map<number, Promise<Uint32Array[]>>();
  /** Windows that are being made and written, whoever still wants them. */
  private readonly making = new Set<Promise<unknown>>();
  private closing: Promise<unknown> = Promise.resolve();
  /** Windows in the job's folder. */
  private readonly kept = new Set<number>();
  private source: EpisodeSource | undefined;
  private slot: Slot | undefined;
  private lengths: number[] | undefined;
  private validating: Promise<ValidationExample[]> | undefined;
  private waited = 0;

  private constructor(private readonly options: FeedOptions) {
    const { config, workDir, fingerprint, reuse = 1 } = options;
    this.folder = join(workDir, `${FOLDER}${fingerprint.slice(0, 16)}`);
    this.examplesPerRun = config.batch_size * config.run_steps;
    this.windowCount = Math.ceil(config.episodes / config.window_episodes);
    this.windowEpisodes = Math.ceil(config.episodes / this.windowCount);
    this.runsPerSlot = Math.max(1, Math.round((this.windowEpisodes * config.queries * reuse) / this.examplesPerRun));
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
    this.lengths ??= chooseLengths(await this.examplesOf(0), this.options.lengths);
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

  /** When this resolves, nothing is written to the job's folder any more. */
  async close(): Promise<void> {
    const { source } = this;
    this.source = undefined;
    this.closing = Promise.all([this.closing, source?.close()]);
    await this.closing;
    await Promise.allSettled(this.making);
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
    const { results } = await this.episodes().training(from, to, onProgress);
    const made = results.then(async (episodes) => {
      await writeFileAtomic(this.pathOf(window), encodeWindow(episodes));
      this.kept.add(window);
      return episodes;
    });
    this.making.add(made);
    const end = () => this.making.delete(made);
    made.then(end, end);
    this.windows.set(window, made);
  }

  private beginValidation(): Promise<ValidationExample[]> {
    this.validating ??= this.episodes()
      .validation()
      .then(({ results }) => results)
      .then((examples) => examples.flat());
    this.validating.catch(() => {});
    return this.validating;
  }

  private episodes(): EpisodeSource {
    this.source ??= this.options.episodes();
    return this.source;
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

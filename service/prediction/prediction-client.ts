// The HTTP thread's side of the prediction worker: a bounded queue, answers by id, and a new worker where one has died.
import { Worker } from 'node:worker_threads';
import type { Device } from '../../trainer/devices/device.js';
import { entryPoint } from '../entry-point.js';
import { ServiceError } from '../errors.js';
import type { AskOptions, PredictionService } from '../services.js';
import {
  type Ask,
  type AskInput,
  type AskKind,
  type AskOutput,
  type FromWorker,
  LONG_PLACES,
  SMALL_PLACES,
  SMALL_QUERIES,
  type ToWorker,
  type WorkerOptions,
} from './protocol.js';
import { Throughput } from './throughput.js';

export interface PredictionClientOptions extends WorkerOptions {
  /** Settles when the devices have been looked at; requests wait for it. */
  device: Promise<Device>;
  /** Queries under way or waiting, of all requests; a request that would bring more is refused. */
  maxWaitingQueries: number;
}

/** What is measured while one line is empty halves when the other fills: an answer must be likely in less than half of the time. */
const TIMELY = 0.4;
/** What waits is looked at again this often, in ms: the machine may have become slower since it was let in. */
const REVIEW_MS = 500;
/** It goes on waiting while its answer is likely in this share of the time that it has left. */
const STILL_TIMELY = 0.8;

interface Waiting {
  queries: number;
  timeoutMs: number;
  /** When its time is up, by `performance.now`. */
  deadline: number;
  resolve: (output: AskOutput<AskKind>) => void;
  reject: (error: ServiceError) => void;
}

/** Short requests and long ones do not wait for each other, and are answered at rates of their own. */
interface Line {
  /** That are under way or wait. */
  queries: number;
  throughput: Throughput;
  /** Requests that the worker works on at a time, those that came first. */
  places: number;
  /** Queries a second at the last review. */
  rate: number;
}

const makeLine = (places: number, throughput: Throughput): Line => ({ queries: 0, throughput, places, rate: 0 });

const unlikely = (timeoutMs: number) => `no answer is likely within ${timeoutMs} ms, as other queries wait`;

function refusal(seconds: number, why: string): ServiceError {
  const headers = { 'retry-after': String(seconds) };
  return new ServiceError('too_many_predictions', `${why}; try again in ${seconds} s`, { headers });
}

export class PredictionClient implements PredictionService {
  private worker: Worker | undefined;
  /** The worker that was told its device. */
  private placed: Worker | undefined;
  private readonly open = new Map<number, Waiting>();
  private answeredQueries = 0;
  private lastId = 0;
  private closing = false;
  private reviews: NodeJS.Timeout | undefined;

  private readonly short: Line;
  private readonly long: Line;

  constructor(
    private readonly options: PredictionClientOptions,
    makeThroughput = () => new Throughput(),
  ) {
    this.short = makeLine(SMALL_PLACES, makeThroughput());
    this.long = makeLine(LONG_PLACES, makeThroughput());
  }

  async ask<Kind extends AskKind>(
    kind: Kind,
    input: AskInput<Kind>,
    { queries, signal, timeoutMs }: AskOptions,
  ): Promise<AskOutput<Kind>> {
    this.admit(queries, timeoutMs);
    const id = ++this.lastId;
    let timer: NodeJS.Timeout | undefined;
    let leave = () => {};
    try {
      return await new Promise<AskOutput<Kind>>((resolve, reject) => {
        const deadline = performance.now() + timeoutMs;
        const settle = { resolve: (output: AskOutput<AskKind>) => resolve(output as AskOutput<Kind>), reject };
        this.enter(id, { queries, timeoutMs, deadline, ...settle });
        leave = () => this.cancel(id, new ServiceError('request_cancelled', 'The connection was closed'));
        signal.addEventListener('abort', leave);
        if (signal.aborted) leave();
        const late = `No answer within ${timeoutMs} ms; allow more with "timeout_ms", or send fewer queries at once`;
        timer = setTimeout(() => this.cancel(id, new ServiceError('deadline_exceeded', late)), timeoutMs);
        void this.post({ type: 'ask', id, kind, queries, input } as Ask);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    }
  }

  /** Queries that are worked on or wait, by line. */
  waiting(): { short: number; long: number } {
    return { short: this.short.queries, long: this.long.queries };
  }

  /** Queries that were answered since the start. */
  answered(): number {
    return this.answeredQueries;
  }

  /** Loads a model that will be asked, so that the first request does not wait for it. */
  async preload(modelDir: string): Promise<void> {
    // The thread takes a while to start: it does while the devices are looked at.
    this.worker ??= this.start();
    await this.say({ type: 'preload', modelDir }, () => !this.closing);
  }

  /** Lets what is under way finish. The worker ends by itself: ending it during a run would end the process. */
  async close(): Promise<void> {
    this.closing = true;
    const { worker } = this;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ type: 'close' } satisfies ToWorker);
    await ended;
  }

  /** @throws shutting_down, too_many_predictions. A request larger than the whole queue is let in when nothing else waits. */
  private admit(queries: number, timeoutMs: number): void {
    if (this.closing)
      throw new ServiceError('shutting_down', 'The server is stopping; send the request again when it is back');
    const { maxWaitingQueries } = this.options;
    const waitingQueries = this.short.queries + this.long.queries;
    if (waitingQueries === 0) return;
    if (waitingQueries + queries > maxWaitingQueries) {
      const surplus = Math.min(waitingQueries, waitingQueries + queries - maxWaitingQueries);
      // Places become free in both lines; the longer one says when, as most of them are there.
      const { throughput } = this.long.queries > this.short.queries ? this.long : this.short;
      throw refusal(throughput.secondsFor(surplus), `${waitingQueries} queries are waiting, ${maxWaitingQueries} may`);
    }
    // Better refused now than withdrawn after its client has waited for nothing.
    const line = this.lineOf(queries);
    const surplus = line.queries + queries - line.throughput.within(TIMELY * timeoutMs);
    if (line.queries > 0 && surplus > 0) {
      const seconds = line.throughput.secondsFor(Math.min(line.queries, surplus));
      throw refusal(seconds, unlikely(timeoutMs));
    }
  }

  /**
   * Refuses those that wait and were let in at a better rate than is measured now, before their time is up. Long answers come
   * several at a time: of two rates in a row the better one counts, so that none is refused amid them.
   */
  private review(): void {
    for (const line of [this.short, this.long]) {
      const measured = line.throughput.within(1000);
      const rate = Math.max(measured, line.rate);
      line.rate = measured;
      let [ahead, place] = [0, 0];
      for (const [id, { queries, timeoutMs, deadline }] of this.open) {
        if (this.lineOf(queries) !== line) continue;
        ahead += queries;
        const possible = (rate * STILL_TIMELY * (deadline - performance.now())) / 1000;
        // What is worked on already may be all but answered.
        if (++place <= line.places || ahead <= possible) continue;
        ahead -= queries;
        this.cancel(id, refusal(line.throughput.secondsFor(ahead), unlikely(timeoutMs)));
      }
    }
  }

  private lineOf(queries: number): Line {
    return queries > SMALL_QUERIES ? this.long : this.short;
  }

  private async post(ask: Ask): Promise<void> {
    try {
      // Cancelled while the devices were looked at: the worker need not hear of it.
      await this.say(ask, () => this.open.has(ask.id));
    } catch (error) {
      this.leave(ask.id)?.reject(new ServiceError('prediction_failed', (error as Error).message));
    }
  }

  /** Speaks to the worker when the device is known, if it is still meant then; starts the worker where there is none. */
  private async say(message: ToWorker, isMeant: () => boolean): Promise<void> {
    const device = await this.options.device;
    if (!isMeant()) return;
    this.worker ??= this.start();
    if (this.placed !== this.worker) this.worker.postMessage({ type: 'device', device } satisfies ToWorker);
    this.placed = this.worker;
    this.worker.postMessage(message);
  }

  private cancel(id: number, error: ServiceError): void {
    const waiting = this.leave(id);
    if (waiting === undefined) return;
    this.worker?.postMessage({ type: 'cancel', id } satisfies ToWorker);
    waiting.reject(error);
  }

  private enter(id: number, waiting: Waiting): void {
    const line = this.lineOf(waiting.queries);
    if (line.queries === 0) line.throughput.begin();
    line.queries += waiting.queries;
    this.open.set(id, waiting);
    this.reviews ??= setInterval(() => this.review(), REVIEW_MS);
  }

  private leave(id: number): Waiting | undefined {
    const waiting = this.open.get(id);
    if (waiting === undefined) return undefined;
    this.open.delete(id);
    this.lineOf(waiting.queries).queries -= waiting.queries;
    if (this.open.size === 0) {
      clearInterval(this.reviews);
      this.reviews = undefined;
    }
    return waiting;
  }

  private start(): Worker {
    const { databaseFile, cacheFolder, loadedModels, threads, mayFallBack } = this.options;
    const { maxContextTrials, maxContextCharacters } = this.options;
    const workerData: WorkerOptions = {
      databaseFile,
      cacheFolder,
      loadedModels,
      maxContextTrials,
      maxContextCharacters,
      threads,
      mayFallBack,
    };
    const worker = new Worker(entryPoint('service/prediction/predictor-worker'), { workerData });
    worker.on('message', (message: FromWorker) => this.settle(message));
    worker.on('error', (error) => this.lose(worker, error.message));
    worker.on('exit', () => this.lose(worker, 'the prediction worker ended'));
    return worker;
  }

  private settle(message: FromWorker): void {
    const waiting = this.leave(message.id);
    if (message.type === 'done') {
      if (waiting) {
        this.lineOf(waiting.queries).throughput.answered(waiting.queries);
        this.answeredQueries += waiting.queries;
      }
      waiting?.resolve(message.output);
    } else waiting?.reject(new ServiceError('prediction_failed', message.message));
  }

  /** Fails what was waiting; the next request starts another worker. */
  private lose(worker: Worker, why: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const id of [...this.open.keys()]) this.leave(id)?.reject(new ServiceError('prediction_failed', why));
  }
}

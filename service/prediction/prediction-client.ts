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

/** What was measured may be a little off: a request that would just be in time is refused. */
const TIMELY = 0.8;

interface Waiting {
  queries: number;
  resolve: (output: AskOutput<AskKind>) => void;
  reject: (error: ServiceError) => void;
}

export class PredictionClient implements PredictionService {
  private worker: Worker | undefined;
  /** The worker that was told its device. */
  private placed: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private waitingQueries = 0;
  private lastId = 0;
  private closing = false;

  constructor(
    private readonly options: PredictionClientOptions,
    private readonly throughput = new Throughput(),
  ) {}

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
        this.enter(id, { queries, resolve: (output) => resolve(output as AskOutput<Kind>), reject });
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
    const { waitingQueries } = this;
    const { maxWaitingQueries } = this.options;
    if (waitingQueries === 0) return;
    if (waitingQueries + queries > maxWaitingQueries) {
      const surplus = Math.min(waitingQueries, waitingQueries + queries - maxWaitingQueries);
      throw this.refusal(surplus, `${waitingQueries} queries are waiting, ${maxWaitingQueries} may`);
    }
    // Better refused now than withdrawn after its client has waited for nothing.
    const ahead = this.ahead(queries);
    const surplus = ahead + queries - this.throughput.within(TIMELY * timeoutMs);
    if (surplus > 0)
      throw this.refusal(Math.min(ahead, surplus), `no answer is likely within ${timeoutMs} ms, as other queries wait`);
  }

  /** How many queries are likely to be answered before a request of this size is: long ones wait in line, short ones take turns. */
  private ahead(queries: number): number {
    if (queries > SMALL_QUERIES) return this.waitingQueries;
    let sum = 0;
    for (const waiting of this.waiting.values()) sum += Math.min(waiting.queries, queries);
    return sum;
  }

  /** @param surplus so many queries less must wait before it is worth trying again */
  private refusal(surplus: number, why: string): ServiceError {
    const seconds = this.throughput.secondsFor(surplus);
    const headers = { 'retry-after': String(seconds) };
    return new ServiceError('too_many_predictions', `${why}; try again in ${seconds} s`, { headers });
  }

  private async post(ask: Ask): Promise<void> {
    try {
      // Cancelled while the devices were looked at: the worker need not hear of it.
      await this.say(ask, () => this.waiting.has(ask.id));
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
    if (this.waiting.size === 0) this.throughput.begin();
    this.waiting.set(id, waiting);
    this.waitingQueries += waiting.queries;
  }

  private leave(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return undefined;
    this.waiting.delete(id);
    this.waitingQueries -= waiting.queries;
    return waiting;
  }

  private start(): Worker {
    const { databaseFile, loadedModels, maxContextTrials, threads, mayFallBack } = this.options;
    const workerData: WorkerOptions = { databaseFile, loadedModels, maxContextTrials, threads, mayFallBack };
    const worker = new Worker(entryPoint('service/prediction/predictor-worker'), { workerData });
    worker.on('message', (message: FromWorker) => this.settle(message));
    worker.on('error', (error) => this.lose(worker, error.message));
    worker.on('exit', () => this.lose(worker, 'the prediction worker ended'));
    return worker;
  }

  private settle(message: FromWorker): void {
    const waiting = this.leave(message.id);
    if (message.type === 'done') {
      if (waiting) this.throughput.answered(waiting.queries);
      waiting?.resolve(message.output);
    } else waiting?.reject(new ServiceError('prediction_failed', message.message));
  }

  /** Fails what was waiting; the next request starts another worker. */
  private lose(worker: Worker, why: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const id of [...this.waiting.keys()]) this.leave(id)?.reject(new ServiceError('prediction_failed', why));
  }
}

// The HTTP thread's side of the prediction worker: a bounded queue, answers by id, and a new worker where one has died.
import { Worker } from 'node:worker_threads';
import { entryPoint } from '../entry-point.js';
import { ServiceError } from '../errors.js';
import type { PredictionService } from '../services.js';
import type { FromWorker, PredictionInput, PredictionOutput, ToWorker, WorkerOptions } from './protocol.js';

export interface PredictionClientOptions extends Omit<WorkerOptions, 'device'> {
  /** Settles when the devices have been looked at; requests wait for it. */
  device: Promise<WorkerOptions['device']>;
  /** Requests under way or waiting; one more is refused. */
  maxWaiting: number;
}

interface Waiting {
  resolve: (output: PredictionOutput) => void;
  reject: (error: ServiceError) => void;
}

export class PredictionClient implements PredictionService {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private closing = false;
  /** Moving average of how long one request took, to say when to try again. */
  private averageMs = 500;

  constructor(private readonly options: PredictionClientOptions) {}

  async predict(input: PredictionInput): Promise<PredictionOutput> {
    const device = await this.options.device;
    if (this.closing)
      throw new ServiceError('shutting_down', 'The server is stopping; send the request again when it is back');
    if (this.waiting.size >= this.options.maxWaiting) {
      const seconds = Math.ceil((this.averageMs * this.waiting.size) / 1000);
      const detail = `${this.waiting.size} predictions are waiting; try again in ${seconds} s, and send up to 1,000 queries in one request`;
      throw new ServiceError('too_many_predictions', detail, { headers: { 'retry-after': String(seconds) } });
    }
    const id = ++this.lastId;
    const begun = performance.now();
    const output = await new Promise<PredictionOutput>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker ??= this.start(device);
      this.worker.postMessage({ type: 'predict', id, input } satisfies ToWorker);
    });
    // Waiting for others is in this time too, which errs on the side of later.
    this.averageMs = 0.8 * this.averageMs + 0.2 * (performance.now() - begun);
    return output;
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

  private start(device: WorkerOptions['device']): Worker {
    const { databaseFile, loadedModels, maxContextTrials, threads, mayFallBack } = this.options;
    const workerData: WorkerOptions = { databaseFile, loadedModels, maxContextTrials, threads, device, mayFallBack };
    const worker = new Worker(entryPoint('service/prediction/predictor-worker'), { workerData });
    worker.on('message', (message: FromWorker) => this.settle(message));
    worker.on('error', (error) => this.lose(worker, error.message));
    worker.on('exit', () => this.lose(worker, 'the prediction worker ended'));
    return worker;
  }

  private settle(message: FromWorker): void {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.type === 'done') waiting?.resolve(message.output);
    else waiting?.reject(new ServiceError('prediction_failed', message.message));
  }

  /** Fails what was waiting; the next request starts another worker. */
  private lose(worker: Worker, why: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const { reject } of this.waiting.values()) reject(new ServiceError('prediction_failed', why));
    this.waiting.clear();
  }
}

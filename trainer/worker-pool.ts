// A few worker threads that answer requests, each in the order it was sent them. For work in plain JavaScript: they may be
// stopped at any moment.
import { Worker } from 'node:worker_threads';

interface Waiting<Reply> {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

/**
 * Messages in both directions are structured clones; a worker's replies come in the order of its requests. Requests are
 * posted at once, so that workers stay busy while the thread that asked is blocked.
 */
export class WorkerPool<Request, Reply> {
  private readonly workers: { thread: Worker; waiting: Waiting<Reply>[] }[];
  private failure: Error | undefined;

  constructor(file: string, size: number) {
    this.workers = Array.from({ length: size }, () => {
      const worker = { thread: new Worker(file), waiting: [] as Waiting<Reply>[] };
      worker.thread
        .on('message', (reply: Reply) => worker.waiting.shift()?.resolve(reply))
        .on('error', (error: Error) => this.fail(error))
        .on('exit', (code: number) => this.fail(new Error(`A worker thread ended with code ${code}`)));
      return worker;
    });
  }

  get size(): number {
    return this.workers.length;
  }

  /** Rejects when any worker has failed: the work that it held is lost. */
  ask(worker: number, request: Request): Promise<Reply> {
    const { thread, waiting } = this.workers[worker]!;
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      waiting.push({ resolve, reject });
      thread.postMessage(request);
    });
  }

  /** Ends the threads; what they were still asked is rejected. */
  async close(): Promise<void> {
    this.fail(new Error('The workers were stopped'));
    await Promise.all(this.workers.map(({ thread }) => thread.terminate()));
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { waiting } of this.workers) for (const { reject } of waiting.splice(0)) reject(this.failure);
  }
}

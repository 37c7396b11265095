// A few worker threads that answer requests one at a time each. For work in plain JavaScript: they may be stopped at any moment.
import { Worker } from 'node:worker_threads';

/** Messages in both directions are structured clones; the reply to a request is the next message of the same worker. */
export class WorkerPool<Request, Reply> {
  private readonly workers: Worker[];

  constructor(file: string, size: number) {
    this.workers = Array.from({ length: size }, () => new Worker(file));
  }

  /** Sends every worker the same request and waits for all of their replies. */
  async broadcast(request: Request): Promise<void> {
    await Promise.all(this.workers.map((worker) => ask<Request, Reply>(worker, request)));
  }

  /** The replies in the order of the requests; each worker takes the next request when it is free. */
  async map(requests: readonly Request[], signal: AbortSignal | undefined, onDone: () => void): Promise<Reply[]> {
    const replies = new Array<Reply>(requests.length);
    let next = 0;
    const serve = async (worker: Worker): Promise<void> => {
      while (next < requests.length) {
        signal?.throwIfAborted();
        const index = next++;
        replies[index] = await ask<Request, Reply>(worker, requests[index]!);
        onDone();
      }
    };
    await Promise.all(this.workers.map(serve));
    return replies;
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

function ask<Request, Reply>(worker: Worker, request: Request): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      finish();
    };
    const onMessage = (reply: Reply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) => settle(() => reject(new Error(`A worker thread ended with code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(request);
  });
}

// Makes all examples of a job on worker threads and keeps them in the job's folder, so that a resumed job need not.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { packageFile } from '../tokenizer/package-root.js';
import type { EpisodeReply, EpisodeRequest, EpisodeWorkerData } from './episode-worker.js';
import { writeFileAtomic } from './files.js';
import type { Example } from './prompt.js';
import type { ValidationExample } from './validation.js';

export interface ExamplePool {
  training: Example[];
  validation: ValidationExample[];
}

interface Stored {
  fingerprint: string;
  pool: ExamplePool;
}

const FILE = 'examples.v8';
// Workers run compiled code whether this file was compiled or is run from source by the tests.
const WORKER = packageFile('dist', 'trainer', 'episode-worker.js');

export interface PoolOptions extends EpisodeWorkerData {
  workDir: string;
  /** Names configuration and data: a file made with others is made anew. */
  fingerprint: string;
  signal?: AbortSignal | undefined;
  onProgress: (done: number, total: number) => void;
}

/** The job's examples: from its folder if they are there, else made by one worker a thread. Throws AbortError on `signal`. */
export async function loadOrMakeExamples(options: PoolOptions): Promise<ExamplePool> {
  const path = join(options.workDir, FILE);
  try {
    const stored = deserialize(await readFile(path)) as Stored;
    if (stored.fingerprint === options.fingerprint) return stored.pool;
  } catch {
    // Absent, or cut short by a kill of an older version's write: made again below.
  }
  const pool = await makeExamples(options);
  await writeFileAtomic(path, serialize({ fingerprint: options.fingerprint, pool } satisfies Stored));
  return pool;
}

async function makeExamples({ studies, config, tokenizerFile, signal, onProgress }: PoolOptions): Promise<ExamplePool> {
  const requests: EpisodeRequest[] = [
    ...studies.map((_, index): EpisodeRequest => ({ kind: 'validation', index })),
    ...Array.from({ length: config.episodes }, (_, index): EpisodeRequest => ({ kind: 'training', index })),
  ];
  const results = { training: new Array<Example[]>(config.episodes), validation: new Array<ValidationExample[]>(studies.length) };
  const workerData: EpisodeWorkerData = { studies, config, tokenizerFile };
  let next = 0;
  let done = 0;
  const runWorker = async (): Promise<void> => {
    const worker = new Worker(WORKER, { workerData });
    try {
      while (next < requests.length) {
        signal?.throwIfAborted();
        const reply = await ask(worker, requests[next++]!);
        if (reply.kind === 'training') results.training[reply.index] = reply.examples;
        else results.validation[reply.index] = reply.examples;
        onProgress(++done, requests.length);
      }
    } finally {
      // No ONNX Runtime session runs in these workers, so they can be stopped at any moment.
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(config.threads, requests.length) }, runWorker));
  // By number, not by arrival: the same examples in the same order on any number of workers.
  return { training: results.training.flat(), validation: results.validation.flat() };
}

function ask(worker: Worker, request: EpisodeRequest): Promise<EpisodeReply> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      finish();
    };
    const onMessage = (reply: EpisodeReply) => settle(() => resolve(reply));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number) => settle(() => reject(new Error(`An episode worker ended with code ${code}`)));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(request);
  });
}

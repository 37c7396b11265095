// Makes all examples of a job on worker threads and keeps them in the job's folder, so that a resumed job need not.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { packageFile } from '../tokenizer/package-root.js';
import type { EpisodeReply, EpisodeRequest } from './episode-worker.js';
import { splitStudies } from './episodes.js';
import { writeFileAtomic } from './files.js';
import { type HistoryRow, historyFolds } from './history.js';
import type { Example } from './prompt.js';
import type { TrainConfig } from './train-config.js';
import type { StudyData } from './types.js';
import type { ValidationExample } from './validation.js';
import { WorkerPool } from './worker-pool.js';

export interface ExamplePool {
  training: Example[];
  validation: ValidationExample[];
}

interface Stored {
  fingerprint: string;
  pool: ExamplePool;
}

const FILE = 'examples.v8';
/** A fold of history takes about as long as this many episodes, on the compression studies; it only shapes the estimate of time left. */
const FOLD_WORK = 20;
// Workers run compiled code whether this file was compiled or is run from source by the tests.
const WORKER = packageFile('dist', 'trainer', 'episode-worker.js');

export interface PoolOptions {
  studies: readonly StudyData[];
  rows: HistoryRow[];
  config: TrainConfig;
  tokenizerFile: string;
  workDir: string;
  /** Names configuration and data: a file made with others is made anew. */
  fingerprint: string;
  signal?: AbortSignal | undefined;
  onProgress: (done: number, total: number) => void;
}

/** The job's examples: from its folder if they are there, else made by one worker a thread. Throws AbortError on `signal`. */
export async function loadOrMakeExamples(options: PoolOptions): Promise<ExamplePool> {
  const path = join(options.workDir, FILE);
  const stored = await readFile(path).catch(() => undefined);
  if (stored) {
    const { fingerprint, pool } = deserialize(stored) as Stored;
    if (fingerprint === options.fingerprint) return pool;
  }
  const pool = await makeExamples(options);
  await writeFileAtomic(path, serialize({ fingerprint: options.fingerprint, pool } satisfies Stored));
  return pool;
}

async function makeExamples({
  studies,
  rows,
  config,
  tokenizerFile,
  signal,
  onProgress,
}: PoolOptions): Promise<ExamplePool> {
  const folds = historyFolds(studies);
  const total = folds.length * FOLD_WORK + studies.length + config.episodes;
  let done = 0;
  const worked = (work: number) => () => {
    done += work;
    onProgress(done, total);
  };
  const workers = new WorkerPool<EpisodeRequest, EpisodeReply>(WORKER, Math.min(config.threads, total));
  try {
    await workers.broadcast({ kind: 'rows', rows });
    const crossFitted = await workers.map(
      folds.map((fold) => ({ kind: 'history', fold })),
      signal,
      worked(FOLD_WORK),
    );
    const history = new Map<StudyData, Float64Array>();
    crossFitted.forEach((reply, fold) => {
      if (reply.kind !== 'history') return;
      reply.values.forEach((values, i) => values && history.set(folds[fold]![i]!, values));
    });
    const split = splitStudies(studies, history, config.seed, config.validation);
    await workers.broadcast({ kind: 'studies', studies: split, config, tokenizerFile });
    const requests: EpisodeRequest[] = [
      ...studies.map((_, index) => ({ kind: 'validation' as const, index })),
      ...Array.from({ length: config.episodes }, (_, index) => ({ kind: 'training' as const, index })),
    ];
    // In the order of the requests, not of arrival: the same examples on any number of workers.
    const replies = await workers.map(requests, signal, worked(1));
    return {
      training: replies.flatMap((reply) => (reply.kind === 'training' ? reply.examples : [])),
      validation: replies.flatMap((reply) => (reply.kind === 'validation' ? reply.examples : [])),
    };
  } finally {
    await workers.close();
  }
}

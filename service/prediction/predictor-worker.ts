// The thread that models run in: one for the life of the server, and never ended during a run, which would end the process.
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { StudyData } from '../../trainer/types.js';
import { latestTrials, studyData } from '../study-data.js';
import { DeviceFallback } from './device-fallback.js';
import type { AskHandler, Target } from './handlers/handler.js';
import { HANDLERS } from './handlers/index.js';
import { LoadedModels } from './loaded-models.js';
import { LruCache } from './lru-cache.js';
import type { Ask, AskKind, AskOutput, FromWorker, ToWorker, WorkerOptions } from './protocol.js';

/** Studies whose trials are kept ready, until they change. */
const CACHED_STUDIES = 16;

if (parentPort === null) throw new Error('predictor-worker runs as a worker thread; the service starts it');
const port = parentPort;
const options = workerData as WorkerOptions;
// The thread reads studies for itself, so that a long one never holds up the HTTP thread.
const store = openSqliteStore({ file: options.databaseFile, readonly: true });
const models = new DeviceFallback({
  device: options.device,
  mayFallBack: options.mayFallBack,
  make: (device) => new LoadedModels(options.loadedModels, options.threads, device),
  warn: (message) => process.stderr.write(`${message}\n`),
});
const studies = new LruCache<StudyData[]>(CACHED_STUDIES);

/** Requests that have not been answered, to be stopped where nobody waits for them any more. */
const open = new Map<number, AbortController>();

async function answer({ id, kind, input }: Ask): Promise<FromWorker> {
  const signal = open.get(id)!.signal;
  try {
    signal.throwIfAborted();
    const handler = HANDLERS[kind] as AskHandler<Target, AskOutput<AskKind>>;
    const output = await models.use(async (loaded) => {
      const predictor = await loaded.get(input.modelDir);
      return handler(input, { predictor, views: await loadStudy(input.studyId), signal });
    });
    return { type: 'done', id, output };
  } catch (error) {
    return { type: 'failed', id, message: error instanceof Error ? error.message : String(error) };
  } finally {
    open.delete(id);
  }
}

async function loadStudy(id: string): Promise<StudyData[]> {
  const study = await store.getStudy(id);
  if (study === null) throw new Error(`${id} is not in the database`);
  return studies.get(`${id}@${study.version}`, async () =>
    studyData(study, await latestTrials(store, id, options.maxContextTrials)),
  );
}

/** Requests are answered one after the other: one run already uses every core. */
let last: Promise<void> = Promise.resolve();

port.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') {
    open.get(message.id)?.abort();
    return;
  }
  if (message.type === 'ask') open.set(message.id, new AbortController());
  last = last.then(async () => {
    if (message.type === 'ask') {
      port.postMessage(await answer(message));
      return;
    }
    await models.clear();
    await store.close();
    port.close();
  });
});

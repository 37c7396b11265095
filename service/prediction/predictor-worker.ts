// The thread that models run in: one for the life of the server, and never ended during a run, which would end the process.
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { StudyData } from '../../trainer/types.js';
import { latestTrials, studyData } from '../study-data.js';
import { DeviceFallback } from './device-fallback.js';
import { LoadedModels } from './loaded-models.js';
import { LruCache } from './lru-cache.js';
import type { FromWorker, PredictionInput, PredictionOutput, ToWorker, WorkerOptions } from './protocol.js';

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

function predict(input: PredictionInput): Promise<PredictionOutput> {
  return models.use((loaded) => answer(loaded, input));
}

async function answer(models: LoadedModels, input: PredictionInput): Promise<PredictionOutput> {
  const { queries, levels, includeExperts } = input;
  const predictor = await models.get(input.modelDir);
  const views = await loadStudy(input.studyId);
  const objectives: PredictionOutput['objectives'] = [];
  for (const study of views) {
    const { predictions, calibration } = await predictor.predict({ study, queries, levels, includeExperts });
    objectives.push({ name: study.objective.name, predictions, calibration });
  }
  return { objectives };
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
  last = last.then(async () => {
    if (message.type === 'close') {
      await models.clear();
      await store.close();
      port.close();
      return;
    }
    const { id, input } = message;
    const answer = await predict(input).then(
      (output): FromWorker => ({ type: 'done', id, output }),
      (error: unknown): FromWorker => ({
        type: 'failed',
        id,
        message: error instanceof Error ? error.message : String(error),
      }),
    );
    port.postMessage(answer);
  });
});

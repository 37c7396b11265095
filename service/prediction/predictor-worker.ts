// The thread that models run in: one for the life of the server, and never ended during a run, which would end the process.
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { Device } from '../../trainer/devices/device.js';
import { describedViews } from '../study-data.js';
import { DerivedFiles } from './derived-files.js';
import { DeviceFallback } from './device-fallback.js';
import type { AskHandler, Target } from './handlers/handler.js';
import { HANDLERS } from './handlers/index.js';
import { LoadedModels } from './loaded-models.js';
import {
  type Ask,
  type AskKind,
  type AskOutput,
  type FromWorker,
  LONG_PLACES,
  SMALL_PLACES,
  SMALL_QUERIES,
  type ToWorker,
  type WorkerOptions,
} from './protocol.js';
import { Rounds } from './rounds.js';
import { type CachedStudy, StudyCache } from './study-cache.js';
import { Turnstile } from './turnstile.js';

if (parentPort === null) throw new Error('predictor-worker runs as a worker thread; the service starts it');
const port = parentPort;
const options = workerData as WorkerOptions;
// The thread reads studies for itself, so that a long one never holds up the HTTP thread.
const store = openSqliteStore({ file: options.databaseFile, readonly: true });
const derived = new DerivedFiles(options.cacheFolder);
const studies = new StudyCache(store, options.maxContextTrials, options.maxContextCharacters);
/** There before anything is asked: the thread may start while the devices are still looked at. */
let models: DeviceFallback<LoadedModels> | undefined;
const small = new Turnstile(SMALL_PLACES);
const long = new Turnstile(LONG_PLACES);
const learning = new Turnstile(1);
const rounds = new Rounds<CachedStudy>();
/** What was begun for many does not end with the first who leaves. */
const FOREVER = new AbortController().signal;

/** Requests that have not been answered, to be stopped where nobody waits for them any more. */
const open = new Map<number, AbortController>();
const underWay = new Set<Promise<void>>();

async function answer({ kind, input, queries }: Ask, signal: AbortSignal): Promise<AskOutput<AskKind>> {
  // Each handler goes with its own kind of input: seen through a union of kinds TypeScript no longer knows that they fit.
  const handler = HANDLERS[kind] as AskHandler<Target, AskOutput<AskKind>>;
  // Who waits for a study to be learned takes no place from those whose studies are known.
  const learned = kind === 'predict' && !input.given && !input.described ? await learn(input, signal) : undefined;
  return (queries <= SMALL_QUERIES ? small : long).pass(signal, () =>
    models!.use((loaded) =>
      loaded.use(input.modelDir, async (predictor) =>
        handler(input, { predictor, ...(learned ?? (await studyOf(input))), signal }),
      ),
    ),
  );
}

/** The study as it stands, fitted and with its calibration known: once for all who ask meanwhile, however fast it grows. */
function learn({ modelId, modelDir, studyId }: Target, signal: AbortSignal): Promise<CachedStudy> {
  const work = () =>
    models!.use((loaded) =>
      loaded.use(modelDir, async (predictor) => {
        const study = await studies.read(studyId);
        if (study.views.every((view) => predictor.knows(view))) return study;
        // One study at a time: fits hold the thread, and between two of them others have their turn.
        return learning.pass(FOREVER, async () => {
          const grown = await studies.read(studyId);
          for (const view of grown.views) await predictor.learn(view);
          return grown;
        });
      }),
    );
  return rounds.join(`${modelId} ${studyId}`, work, signal);
}

async function studyOf({ studyId, described }: Target): Promise<CachedStudy> {
  return described === undefined ? studies.read(studyId) : { views: describedViews(described), trialIds: [] };
}

async function respond(ask: Ask, stop: AbortController): Promise<void> {
  const message = await answer(ask, stop.signal).then(
    (output): FromWorker => ({ type: 'done', id: ask.id, output }),
    (error: unknown): FromWorker => ({ type: 'failed', id: ask.id, message: messageOf(error) }),
  );
  open.delete(ask.id);
  if (!stop.signal.aborted) port.postMessage(message);
}

/** The first request after it finds model and sessions made. A model that cannot be loaded is the first request's to tell. */
async function preload(modelDir: string): Promise<void> {
  await models!.use((loaded) => loaded.use(modelDir, (predictor) => predictor.warmUp())).catch(() => {});
}

function runOn(device: Device): void {
  models = new DeviceFallback({
    device,
    mayFallBack: options.mayFallBack,
    make: (on) => new LoadedModels(options.loadedModels, options.threads, on, derived),
    warn: (message) => process.stderr.write(`${message}\n`),
  });
}

function track(work: Promise<void>): void {
  underWay.add(work);
  void work.finally(() => underWay.delete(work));
}

async function close(): Promise<void> {
  await Promise.all(underWay);
  await models?.clear();
  await derived.settled();
  await store.close();
  port.close();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'ask') {
    const stop = new AbortController();
    open.set(message.id, stop);
    track(respond(message, stop));
  } else if (message.type === 'device') runOn(message.device);
  else if (message.type === 'preload') track(preload(message.modelDir));
  else if (message.type === 'cancel') open.get(message.id)?.abort();
  else void close();
});

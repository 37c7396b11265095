// The whole service in this process: opens the data folder, listens, trains, predicts, and closes in good order.
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { openSqliteStore } from '../store/sqlite-store.js';
import type { Store } from '../store/store.js';
import { chooseDevice, type DeviceChoice } from '../trainer/devices/choose-device.js';
import { isLoopback } from './access/loopback.js';
import { buildApp } from './app.js';
import { FolderArtifacts } from './artifacts.js';
import { ConfigError, databaseFileOf, resolveSettings, type ServiceConfig } from './config.js';
import { watchConnections } from './connections.js';
import { ImportClient } from './imports/import-client.js';
import { JobSupervisor } from './jobs/supervisor.js';
import { findBaseModel, installBaseModel } from './prediction/base-model.js';
import { chooseModel } from './prediction/model-choice.js';
import { PredictionClient } from './prediction/prediction-client.js';
import { Purger } from './purge.js';

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8080`. */
  url: string;
  /** What models run on, and why; settles some time after the start, a second or so with `auto`. */
  device: Promise<DeviceChoice>;
  /** Answers what was asked, stops trainings after a checkpoint, and closes everything. */
  close(): Promise<void>;
}

/**
 * @param options settings that go before flags and the environment's (OMNIREG_*)
 * @param flags arguments of a command line, such as `--port 0`
 * @throws ConfigError, TrainerError `device_unavailable`, StoreError, or the system's error where the address cannot be listened on
 */
export async function startServer(
  options: Partial<ServiceConfig> = {},
  env: NodeJS.ProcessEnv = process.env,
  flags: readonly string[] = [],
): Promise<RunningServer> {
  // Before anything loads ONNX Runtime, which would report its use to its makers.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const { config } = resolveSettings(options, env, flags);
  const device = chooseDevice(config.device);
  // What was asked for by name must be there; `auto` takes what it finds, and nobody waits for that.
  if (config.device !== 'auto') await device;
  const dataDir = resolve(config.dataDir);
  await mkdir(dataDir, { recursive: true });
  const databaseFile = databaseFileOf(config);
  await mkdir(dirname(databaseFile), { recursive: true });
  const store = openSqliteStore({ file: databaseFile, maxBytes: config.maxDatabaseBytes });
  await refuseOpenDoor(config, store);
  const modelsDir = join(dataDir, 'models');
  const artifacts = new FolderArtifacts(modelsDir);
  const baseDir = await installBaseModel(config.baseModel, modelsDir);
  const predictor = new PredictionClient({
    databaseFile,
    cacheFolder: join(dataDir, 'cache'),
    loadedModels: config.loadedModels,
    maxContextTrials: config.maxContextTrials,
    maxContextCharacters: config.maxContextCharacters,
    threads: config.predictionThreads,
    device: device.then((choice) => choice.device),
    mayFallBack: config.device === 'auto',
    maxWaitingQueries: config.maxWaitingQueries,
  });
  const jobs = new JobSupervisor({
    store,
    artifacts,
    config,
    baseDir,
    databaseFile,
    jobsDir: join(dataDir, 'jobs'),
    log: (message, error) => app.log.error({ err: error }, message),
  });
  const imports = new ImportClient({
    databaseFile,
    maxDatabaseBytes: config.maxDatabaseBytes,
    limits: config,
    maxImports: config.maxImports,
    idleMs: config.requestTimeoutMs,
    log: (message, error) => app.log.error({ err: error }, message),
  });
  const base = await findBaseModel(baseDir);
  // What predictions will ask most likely is read while nobody waits for it yet, and the contract is compiled.
  const choice = await chooseModel({ store, artifacts, base }).catch(() => undefined);
  // What goes wrong here, the first request will say.
  if (choice && config.preload) void predictor.preload(choice.modelDir).catch(() => {});
  const purger = new Purger(store, (message, error) => app.log.error({ err: error }, message));
  const app = await buildApp({ store, jobs, predictor, imports, artifacts, purger, base, config });
  const closing = watchConnections(app.server);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await predictor.close();
    await store.close();
    throw error;
  }
  jobs.start();
  purger.wake();
  return {
    url: urlOf(app.server.address() as AddressInfo),
    device,
    async close() {
      await closing(() => app.close());
      await Promise.all([jobs.stop(), predictor.close(), purger.stop(), imports.close()]);
      await store.close();
    },
  };
}

/** @throws ConfigError where others could reach a server that has no key to ask for; the store is closed then */
async function refuseOpenDoor(config: ServiceConfig, store: Store): Promise<void> {
  if (isLoopback(config.host) || config.adminKey !== '' || (await store.hasKeys())) return;
  await store.close();
  throw new ConfigError(
    `host is ${config.host}, which others can reach, and there is no key yet: make one with "omnireg keys create --scope admin" on this data folder, or set OMNIREG_ADMIN_KEY`,
  );
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

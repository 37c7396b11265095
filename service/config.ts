// Every setting of the service: one typed table of defaults, overridden by OMNIREG_* variables and then by the caller.
import { DEVICE_REQUESTS, type DeviceRequest } from '../trainer/devices/device.js';
import { nearestName } from '../trainer/nearest.js';

export interface ServiceConfig {
  /** Address to listen on. There is no authentication: keep it local, or put a proxy with one in front. */
  host: string;
  /** 0: any free port. */
  port: number;
  /** Folder of the database, the models and the scratch space of jobs; made where there is none. */
  dataDir: string;
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  /**
   * Folder of a trained model, or of a stock T5 v1.1 or FLAN-T5, which trainings without a parent start from; a trained one
   * answers too where no other does. `shipped`: the one that comes with the package. `none`: random weights.
   */
  baseModel: string;

  /**
   * Where models answer, and where trainings run that name no device. `auto`: a GPU that works and is none in software, else
   * the CPU.
   */
  device: DeviceRequest;

  /** Largest body, in bytes. */
  maxBodyBytes: number;
  /** Rows in one trials:batch. */
  maxBatchRows: number;
  /** Queries in one prediction. */
  maxQueries: number;
  /** Keys and list items in one x or metadata, nested ones counted. */
  maxParameters: number;
  /** Levels of nesting in x or metadata. */
  maxDepth: number;
  /** Characters (UTF-16 units) in one text of x or metadata. */
  maxTextLength: number;
  /** One x, or one metadata, written as JSON, in UTF-16 units. */
  maxRecordBytes: number;

  /** Jobs that run at once. One training already uses every core. */
  concurrentJobs: number;
  /** Completed trials that a training needs in all its studies together. */
  minTrainingTrials: number;
  /** After this long without a sign of life from its server, a job is taken over, in ms. */
  jobLeaseMs: number;
  /** How long a cancelled or drained job may take to stop by itself before it is killed, in ms. */
  jobStopMs: number;

  /** Queries of predictions that may wait, all requests together; one more is answered with 429. */
  maxWaitingQueries: number;
  /** How long a request may wait for its prediction that says nothing of it (`timeout_ms`), in ms. */
  predictionTimeoutMs: number;
  /** Models kept in memory. */
  loadedModels: number;
  /**
   * Threads of a prediction. One is as fast as two for models of this size, at two thirds of the processor time, and four
   * times as fast while a training has the cores: threads that wait for each other wait for the training too.
   */
  predictionThreads: number;
  /** Finished trials of a study that a prediction takes into account: the latest. */
  maxContextTrials: number;

  /** Time between two signs of life on an event stream, in ms. */
  streamHeartbeatMs: number;
}

export const NO_BASE_MODEL = 'none';
/** The base model in trainer/base/. */
export const SHIPPED_BASE_MODEL = 'shipped';

export const DEFAULT_CONFIG: ServiceConfig = {
  host: '127.0.0.1',
  port: 8080,
  dataDir: '.omnireg',
  logLevel: 'warn',
  baseModel: SHIPPED_BASE_MODEL,
  device: 'auto',
  maxBodyBytes: 16 * 1024 * 1024,
  maxBatchRows: 1000,
  maxQueries: 1000,
  maxParameters: 1000,
  maxDepth: 16,
  maxTextLength: 100_000,
  maxRecordBytes: 1024 * 1024,
  concurrentJobs: 1,
  minTrainingTrials: 2,
  jobLeaseMs: 10_000,
  jobStopMs: 10_000,
  maxWaitingQueries: 4096,
  predictionTimeoutMs: 60_000,
  loadedModels: 2,
  predictionThreads: 1,
  maxContextTrials: 20_000,
  streamHeartbeatMs: 15_000,
};

const CHOICES: { readonly [key in keyof ServiceConfig]?: readonly string[] } = {
  logLevel: ['silent', 'error', 'warn', 'info', 'debug'] satisfies ServiceConfig['logLevel'][],
  device: DEVICE_REQUESTS,
};
const PREFIX = 'OMNIREG_';
/** Variables of the command line and of the tests, which a server that they start inherits. */
const NOT_OURS = new Set(['OMNIREG_URL', 'OMNIREG_REQUIRE_WEBGPU']);

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_config';
}

/**
 * Defaults, overridden by the environment (`OMNIREG_DATA_DIR` for `dataDir`), overridden by `options`.
 * @throws ConfigError that names the setting, and the nearest known one where it is unknown
 */
export function resolveConfig(options: Partial<ServiceConfig> = {}, env: NodeJS.ProcessEnv = {}): ServiceConfig {
  const keys = Object.keys(DEFAULT_CONFIG) as (keyof ServiceConfig)[];
  const byVariable = new Map(keys.map((key) => [variableOf(key), key]));
  const config: Record<string, unknown> = { ...DEFAULT_CONFIG };
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || NOT_OURS.has(variable) || text === undefined) continue;
    const key = byVariable.get(variable);
    if (key === undefined) throw unknownSetting(variable, [...byVariable.keys()]);
    config[key] = typeof DEFAULT_CONFIG[key] === 'number' && text.trim() !== '' ? Number(text) : text;
    check(variable, key, config[key]);
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULT_CONFIG, key)) throw unknownSetting(key, keys);
    if (value === undefined) continue;
    config[key] = value;
    check(key, key as keyof ServiceConfig, value);
  }
  return config as unknown as ServiceConfig;
}

/** `dataDir` → `OMNIREG_DATA_DIR` */
export function variableOf(key: string): string {
  return PREFIX + key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function check(name: string, key: keyof ServiceConfig, value: unknown): void {
  if (typeof DEFAULT_CONFIG[key] === 'number') {
    const [min, max] = key === 'port' ? [0, 65_535] : [1, 2 ** 31 - 1];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
    throw new ConfigError(`${name} must be an integer from ${min} to ${max}, not ${JSON.stringify(value)}`);
  }
  const choices = CHOICES[key];
  if (choices && !choices.includes(String(value)))
    throw new ConfigError(`${name} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}`);
  if (typeof value !== 'string' || value === '') throw new ConfigError(`${name} must be a text that is not empty`);
}

function unknownSetting(name: string, known: string[]): ConfigError {
  const nearest = nearestName(name, known);
  return new ConfigError(
    `${name} is not a setting; ${nearest ? `did you mean ${nearest}?` : `known are ${known.join(', ')}`}`,
  );
}

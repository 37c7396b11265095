// Every setting of the service in one table: its default, what it may be, and what it is for. Types, flags, variables and `omnireg config` come from it.
import { DEVICE_REQUESTS, type DeviceRequest } from '../trainer/devices/device.js';

export interface Setting<T> {
  default: T;
  /** One sentence; units where there are any. */
  description: string;
  /** Of a text. */
  choices?: readonly string[];
  /** Of a number: both included. Default: 1 to 2³¹ − 1. */
  range?: readonly [number, number];
  /** Of a text that may be empty. */
  optional?: boolean;
  /** Never printed. */
  secret?: boolean;
}

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export const NO_BASE_MODEL = 'none';
/** The base model in trainer/base/. */
export const SHIPPED_BASE_MODEL = 'shipped';
/** A secret that is given to a server, and not made by it, has to be at least this long. */
export const MIN_SECRET_LENGTH = 32;

const setting = <T extends string | number | boolean>(
  value: T,
  description: string,
  more: Omit<Setting<T>, 'default' | 'description'> = {},
): Setting<T> => ({ default: value, description, ...more });

export const SETTINGS = {
  host: setting<string>(
    '127.0.0.1',
    'Address to listen on. On any but a loopback address keys are required, and there must be one.',
  ),
  port: setting<number>(8080, 'Port to listen on; 0: any that is free.', { range: [0, 65_535] }),
  dataDir: setting<string>(
    '.omnireg',
    'Folder of the database, the models and the scratch space of jobs; made where there is none.',
  ),
  database: setting<string>('', 'File of the database. Empty: omnireg.sqlite in the data folder.', { optional: true }),
  logLevel: setting<(typeof LOG_LEVELS)[number]>('warn', 'What is written to stderr, as lines of JSON.', {
    choices: LOG_LEVELS,
  }),
  baseModel: setting<string>(
    SHIPPED_BASE_MODEL,
    'Folder of a trained model, or of a stock T5 v1.1 or FLAN-T5, which trainings without a parent start from; a trained one answers too where no other does. "shipped": the one that comes with the package. "none": random weights.',
  ),
  device: setting<DeviceRequest>(
    'auto',
    'Where models answer, and where trainings run that name no device. "auto": a GPU that works and is none in software, else the CPU.',
    { choices: DEVICE_REQUESTS },
  ),

  requireKeys: setting<boolean>(false, 'Ask for a key on a loopback address too, even while there is none.'),
  adminKey: setting<string>(
    '',
    `A key of scope admin that is not kept in the database, to make the first keys with; at least ${MIN_SECRET_LENGTH} characters. While it is set, keys are required.`,
    { optional: true, secret: true },
  ),
  corsOrigins: setting<string>(
    '',
    'Origins of web pages that may call the API, with commas between them, such as https://lab.example; "*": any. Empty: none.',
    { optional: true },
  ),
  requestsPerMinute: setting<number>(
    120_000,
    'Requests of one client, told by its key or else its address, in a minute; one more is answered with 429.',
  ),

  maxBodyBytes: setting<number>(16 * 1024 * 1024, 'Largest body, in bytes.'),
  maxBatchRows: setting<number>(1000, 'Rows in one trials:batch.'),
  maxQueries: setting<number>(1000, 'Queries in one prediction.'),
  maxParameters: setting<number>(1000, 'Keys and list items in one x or metadata, nested ones counted.'),
  maxDepth: setting<number>(16, 'Levels of nesting in x or metadata.'),
  maxTextLength: setting<number>(100_000, 'Characters (UTF-16 units) in one text of x or metadata.'),
  maxRecordBytes: setting<number>(1024 * 1024, 'One x, or one metadata, written as JSON, in UTF-16 units.'),
  maxDatabaseBytes: setting<number>(
    0,
    'Largest database, in bytes: a write beyond it is answered with 507. 0: as much as the disk holds.',
    { range: [0, Number.MAX_SAFE_INTEGER] },
  ),
  requestTimeoutMs: setting<number>(
    120_000,
    'How long a client may take to send a request, headers and body, in ms; then it is let go with 408.',
  ),

  concurrentJobs: setting<number>(
    1,
    'Jobs that run at once. One training already uses every core. 0: this server leaves them to others.',
    { range: [0, 1000] },
  ),
  minTrainingTrials: setting<number>(2, 'Completed trials that a training needs in all its studies together.'),
  jobLeaseMs: setting<number>(
    10_000,
    'After this long without a sign of life from its server, a job is taken over, in ms.',
  ),
  jobStopMs: setting<number>(
    10_000,
    'How long a cancelled or drained job may take to stop by itself before it is killed, in ms.',
  ),

  maxWaitingQueries: setting<number>(
    4096,
    'Queries of predictions that may wait, all requests together; one more is answered with 429.',
  ),
  predictionTimeoutMs: setting<number>(
    60_000,
    'How long a request may wait for its prediction that says nothing of it ("timeout_ms"), in ms.',
  ),
  preload: setting<boolean>(true, 'Read the model that is likely asked first while nobody waits for it yet.'),
  loadedModels: setting<number>(2, 'Models kept in memory.'),
  // Threads that wait for each other wait for a training too: one is four times as fast as two while one has the cores.
  predictionThreads: setting<number>(
    1,
    'Threads of a prediction. One is as fast as two for a single prediction, with a quarter less processor time; batches gain a quarter from two.',
  ),
  maxContextTrials: setting<number>(
    20_000,
    'Finished trials of a study that a prediction takes into account: the latest.',
  ),
  maxContextCharacters: setting<number>(
    64_000_000,
    'Characters that the parameters of these trials may hold together, as JSON: of trials with long texts fewer are taken.',
  ),

  maxImports: setting<number>(4, 'Imports that may send rows at once; one more is answered with 429.'),

  maxEventStreams: setting<number>(1000, 'Event streams that may be open at once; one more is answered with 429.'),
  streamHeartbeatMs: setting<number>(15_000, 'Time between two signs of life on an event stream, in ms.'),
} satisfies Record<string, Setting<string> | Setting<number> | Setting<boolean>>;

export type SettingName = keyof typeof SETTINGS;
export type ServiceConfig = { [Name in SettingName]: (typeof SETTINGS)[Name]['default'] };

// --db FILE: a service of one's own on a database, started when it is first asked, reachable with a key that nobody else has.
import { randomBytes } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import type { Fetch } from '../sdk/index.js';
import { ServerProcess } from './server-process.js';

export interface PrivateServerOptions {
  database: string;
  /** Whether models may be asked or trained: what only moves rows starts in half the time and a third of the memory without. */
  models: boolean;
  onLog: (line: string) => void;
}

/** Where requests to it seem to go: its port is not known before it runs. */
export const PRIVATE_URL = 'http://database.invalid';

const running = new Set<PrivateServer>();

export class PrivateServer {
  readonly apiKey = randomBytes(32).toString('base64url');
  readonly #options: PrivateServerOptions;
  #started: Promise<ServerProcess> | undefined;

  constructor(options: PrivateServerOptions) {
    this.#options = options;
    running.add(this);
  }

  /** As the global `fetch`, to this server. */
  readonly fetch: Fetch = async (address, init) => {
    this.#started ??= this.#start();
    const { url } = await this.#started;
    return fetch(address.replace(PRIVATE_URL, url), init);
  };

  async stop(): Promise<void> {
    running.delete(this);
    await this.#started?.then((server) => server.stop()).catch(() => undefined);
  }

  #start(): Promise<ServerProcess> {
    const { database, models, onLog } = this.#options;
    return ServerProcess.start({
      env: {
        OMNIREG_DATABASE: resolve(database),
        OMNIREG_DATA_DIR: dataFolderOf(database),
        OMNIREG_HOST: '127.0.0.1',
        OMNIREG_PORT: '0',
        OMNIREG_ADMIN_KEY: this.apiKey,
        OMNIREG_LOG_LEVEL: 'error',
        ...(models
          ? {}
          : {
              OMNIREG_BASE_MODEL: 'none',
              OMNIREG_DEVICE: 'cpu',
              OMNIREG_PRELOAD: 'false',
              OMNIREG_CONCURRENT_JOBS: '0',
            }),
      },
      // That it listens is nobody's business but ours.
      onLog: (line) => /^(?:OmniReg listens|SIGTERM|SIGINT|device )/.test(line) || onLog(line),
    });
  }
}

/** Ends every private server; a command that is killed instead takes them along, as they hold its pipe. */
export async function stopPrivateServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

/** Of a server's own database its folder, where the models are; of any other file a folder beside it. */
export function dataFolderOf(database: string): string {
  const path = resolve(database);
  return basename(path) === 'omnireg.sqlite' ? dirname(path) : `${path}-data`;
}

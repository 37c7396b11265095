// The service as a child process: started, waited for until it answers, and stopped when the command ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CliError } from './errors.js';
import { packageRoot } from './package-root.js';

/** How long a server may take to answer, and to finish its work after it was told to stop, in ms. */
const START_MS = 60_000;
const STOP_MS = 30_000;

export interface ServerProcessOptions {
  /** Settings of the service as environment variables, on top of this process's own. */
  env: Record<string, string>;
  /** Settings as flags, which go before the environment. Default: none. */
  flags?: readonly string[];
  /** What the server says on stderr, line by line. */
  onLog: (line: string) => void;
  /** When it is aborted before the server is ready, the server is told to end, and the start fails. */
  signal?: AbortSignal;
}

export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /**
   * Starts dist/service/main.js and waits for its line of JSON with the address.
   * @throws CliError server_failed with what the server said last.
   */
  static async start({ env, flags = [], onLog, signal }: ServerProcessOptions): Promise<ServerProcess> {
    const entry = fileURLToPath(new URL('dist/service/main.js', packageRoot));
    if (!existsSync(entry)) {
      throw new CliError(
        'server_failed',
        'The service is not built: dist/service/main.js is missing.',
        'Run: npm run build',
      );
    }
    const child = spawn(process.execPath, [entry, '--end-with-stdin', ...flags], {
      env: { ...process.env, ...env },
      // Its stdin ends with this process, even one that is killed.
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches this process alone, which then asks the server once. Asked twice it would break off.
      detached: true,
    });
    // However this process ends, the server does not outlive it unasked.
    const killChild = () => void child.kill('SIGKILL');
    process.once('exit', killChild);
    child.once('exit', () => process.off('exit', killChild));
    const giveUp = () => void child.kill('SIGTERM');
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    const lastLines: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 5) lastLines.shift();
      onLog(line);
    });
    const failed = (what: string) =>
      new CliError(
        'server_failed',
        `${what}${lastLines.length > 0 ? ` Its last words:\n  ${lastLines.join('\n  ')}` : ''}`,
        'Fix what it names and start again.',
      );
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(failed(`The server gave no address within ${START_MS / 1000} s.`));
      }, START_MS);
      child.once('error', (error) => reject(failed(`The server could not be started: ${error.message}.`)));
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        reject(failed(`The server ended (${signal ?? `status ${code}`}) before it was ready.`));
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = readyUrl(line);
        if (url === undefined) return;
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        resolve(new ServerProcess(url, child));
      });
    });
  }

  /** Settles when the server has ended, for whatever reason. */
  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) await once(this.#child, 'exit');
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  /** Asks the server to finish what it does and end; ends it hard where it has not after `patienceMs`. */
  async stop(patienceMs = STOP_MS): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs);
    await this.ended();
    clearTimeout(timer);
  }
}

/** The server's line for programs is {"url": …}; anything else on its stdout is not ours to read. */
function readyUrl(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const url = typeof value === 'object' && value !== null ? (value as { url?: unknown }).url : undefined;
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}

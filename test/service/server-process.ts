// The service as a process of its own, to be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { entryPoint } from '../../service/entry-point.js';

export interface ServerProcess {
  url: string;
  process: ChildProcess;
  /** Ends it without a chance to clean up. */
  kill(): Promise<void>;
  /** Asks it to end, and gives its exit status. */
  stop(): Promise<number | null>;
}

/** @param settings OMNIREG_* variables besides the data folder */
export async function startProcess(dataDir: string, settings: Record<string, string> = {}): Promise<ServerProcess> {
  const env = { ...process.env, OMNIREG_PORT: '0', OMNIREG_DATA_DIR: dataDir, OMNIREG_DEVICE: 'cpu', ...settings };
  const child = spawn(process.execPath, [entryPoint('service/main')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    url,
    process: child,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

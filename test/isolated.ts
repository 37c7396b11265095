// Runs a script of the tests in a process of its own, and takes its answer: native code that aborts ends that process alone.
import { fork } from 'node:child_process';

/** What `report` of the script was given. `arguments_` reach it as `process.argv[2]`, in JSON. Rejects with its last words. */
export function runIsolated<T>(script: URL, arguments_: unknown = null): Promise<T> {
  const child = fork(script, [JSON.stringify(arguments_)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    let answer: { value: T } | undefined;
    child.once('error', reject);
    child.on('message', (message) => {
      answer = message as { value: T };
    });
    child.once('close', (code, signal) => {
      if (answer && code === 0) resolve(answer.value);
      else reject(new Error(`${script.pathname} ended with ${signal ?? code}: ${words}`));
    });
  });
}

/** Of the script: its arguments, and the way to answer, once, as its last act. */
export const isolated = {
  arguments: <T>(): T => JSON.parse(process.argv[2] ?? 'null') as T,
  report: (value: unknown): void => {
    process.send?.({ value }, () => process.disconnect());
  },
};

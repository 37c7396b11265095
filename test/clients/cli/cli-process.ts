// The built command line and the built service as real processes, with folders of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const cliEntry = fileURLToPath(new URL('dist/clients/cli/main.js', root));
const serverEntry = fileURLToPath(new URL('dist/service/main.js', root));

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  url?: string;
  cwd?: string;
  stdin?: string;
  env?: Record<string, string>;
  /** Called with the process while it runs, and with everything it has said on stderr so far. */
  onStderr?: (child: ChildProcess, stderr: string) => void;
}

/** Runs `omnireg` with these arguments to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const env = { ...process.env, NO_COLOR: '1', ...(options.url ? { OMNIREG_URL: options.url } : {}), ...options.env };
  const child = spawn(process.execPath, [cliEntry, ...args], { env, cwd: options.cwd });
  child.stdin.end(options.stdin ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onStderr?.(child, stderr);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface RunningService {
  url: string;
  child: ChildProcess;
  dataDir: string;
}

/** Starts the service; port 0 takes any that is free. */
export function startService(dataDir: string, port = 0): Promise<RunningService> {
  const env = { ...process.env, OMNIREG_PORT: String(port), OMNIREG_DATA_DIR: dataDir, OMNIREG_LOG_LEVEL: 'silent' };
  const child = spawn(process.execPath, [serverEntry], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`the service ended (${signal ?? code}): ${said}`)));
    createInterface({ input: child.stdout }).once('line', (line) => {
      const { url } = JSON.parse(line) as { url: string };
      resolve({ url, child, dataDir });
    });
  });
}

/** Ends the service as nothing can catch. */
export async function killService({ child }: RunningService): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** A folder that is removed when the returned function is called. */
export function temporaryFolder(files: Record<string, string | Uint8Array> = {}): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'omnireg-cli-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

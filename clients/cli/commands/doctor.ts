// omnireg doctor: whether all that OmniReg needs is there and works, and what to do where it is not.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { APIConnectionError, OmniRegError } from '../../sdk/index.js';
import { connect } from '../connect.js';
import { CliError, exitCodes } from '../errors.js';
import { contextOf, type GlobalOptions, text } from '../options.js';
import { packageRoot } from '../package-root.js';
import { dataFolderOf } from '../private-server.js';
import type { Style, Terminal } from '../terminal.js';

interface Check {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  detail: string;
  fix?: string;
}

const MARKS: Record<Check['status'], [mark: string, style: Style]> = {
  ok: ['✓', 'green'],
  warning: ['!', 'yellow'],
  failed: ['✗', 'red'],
};
const NAME_WIDTH = 13;

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look whether all that OmniReg needs is there and works: machine, database, models, service')
    .option('--data <folder>', 'folder of the database and the models (default: as for serve)', text)
    .option('--skip-integrity', 'do not read the whole database', false)
    .action(runDoctor);
}

async function runDoctor(options: { data?: string; skipIntegrity: boolean }, command: Command): Promise<void> {
  const { terminal } = contextOf(command);
  const { db, url } = command.optsWithGlobals<GlobalOptions>();
  const checks: Check[] = [];
  const add = (check: Check) => {
    checks.push(check);
    if (!terminal.json) show(terminal, check);
  };
  const flags = [
    ...(options.skipIntegrity ? ['--skip-integrity'] : []),
    ...(db === undefined ? [] : ['--database', db, '--data-dir', dataFolderOf(db)]),
    ...(options.data === undefined ? [] : ['--data-dir', options.data]),
  ];
  await diagnose(flags, add);
  if (db === undefined) {
    const named = command.getOptionValueSourceWithGlobals('url') !== 'default';
    add(await checkService(url, named, command.parent!.version()!, terminal));
  }
  terminal.result(checks);
  const failed = checks.filter(({ status }) => status === 'failed').length;
  if (failed > 0) process.exitCode = exitCodes.failed;
  terminal.say(
    failed === 0 ? 'All that is needed is there and works.' : `${failed} of ${checks.length} checks failed.`,
  );
}

/** Runs the service's own look at this machine. @throws CliError server_failed where it ends before it is done */
async function diagnose(flags: readonly string[], add: (check: Check) => void): Promise<void> {
  const entry = fileURLToPath(new URL('dist/service/diagnosis/main.js', packageRoot));
  const child = spawn(process.execPath, [entry, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  );
  for await (const line of createInterface({ input: child.stdout })) add(JSON.parse(line) as Check);
  const end = await ended;
  if (end === 0) return;
  const detail = `A look at this machine ended with ${end}: ${said.trim().split('\n').at(-1) ?? ''}`;
  throw new CliError('server_failed', detail, 'Install the package anew: npm ci.');
}

async function checkService(url: string, named: boolean, version: string, terminal: Terminal): Promise<Check> {
  const name = 'service';
  try {
    const client = connect(url, terminal, { maxRetries: 0 });
    const health = await client.health();
    const { running, queued } = health.jobs;
    const detail = `${url}, version ${health.version}; jobs: ${running} running, ${queued} queued`;
    if (health.version !== version) {
      const fix = `This is version ${version}: install the same one on both sides.`;
      return { name, status: 'warning', detail, fix };
    }
    // Whether this key, or none, opens it.
    await client.studies.list({ limit: 1 });
    return { name, status: 'ok', detail };
  } catch (error) {
    if (!(error instanceof OmniRegError)) throw error;
    if (error instanceof APIConnectionError && !named) {
      return { name, status: 'ok', detail: `none runs at ${url}; start one with "omnireg serve"` };
    }
    const fix =
      error instanceof APIConnectionError
        ? 'Start it with "omnireg serve", or say where it is with --url.'
        : 'Put a key that opens it into OMNIREG_API_KEY.';
    return { name, status: 'failed', detail: `${error.message} [${error.code}]`, fix };
  }
}

function show(terminal: Terminal, { name, status, detail, fix }: Check): void {
  const [mark, style] = MARKS[status];
  terminal.data(`${terminal.dataStyle(style, mark)} ${name.padEnd(NAME_WIDTH)} ${detail}`);
  if (fix !== undefined) terminal.data(`  ${' '.repeat(NAME_WIDTH)} ${fix}`);
}

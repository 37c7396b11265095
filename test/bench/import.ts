// A million rows of CSV into a database: with --db and through HTTP, beside sqlite3's own .import, and killed ten times on the way.
// Usage: npm run bench:import [-- --rows 1000000] [--kills 10] [--skip-kills]
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Sqlite from 'better-sqlite3';
import { startProcess } from '../service/server-process.js';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '10' },
    'skip-kills': { type: 'boolean', default: false },
  },
});
const ROWS = Number(options.rows);
const KILLS = Number(options.kills);
const cliEntry = fileURLToPath(new URL('../../dist/clients/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'omnireg-bench-import-'));
const table = join(folder, 'runs.csv');
/** What only moves rows needs no model. */
const SETTINGS = { OMNIREG_BASE_MODEL: 'none', OMNIREG_DEVICE: 'cpu' };

/** Eight parameters (numbers, a text, a boolean) and a measurement; the first names the row. */
function writeTable(): number {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const file = openSync(table, 'w');
  let bytes = writeSync(file, 'run,learning_rate,batch,layers,dropout,optimizer,width,amsgrad,loss\n');
  for (let row = 0; row < ROWS; ) {
    let text = '';
    for (const end = Math.min(ROWS, row + 10_000); row < end; row++) {
      const optimizer = ['adam', 'sgd', 'lion'][Math.floor(random() * 3)];
      text += `${row},${(random() * 0.1).toFixed(6)},${16 << Math.floor(random() * 5)},${1 + Math.floor(random() * 12)},${(random() * 0.5).toFixed(3)},${optimizer},${64 * (1 + Math.floor(random() * 16))},${random() < 0.5},${(random() * 3).toFixed(5)}\n`;
    }
    bytes += writeSync(file, text);
  }
  closeSync(file);
  return bytes;
}

interface Run {
  seconds: number;
  /** Processor time of all its processes, in s: what other work on the machine disturbs least. */
  processor: number;
  /** Highest resident memory of each process, in MB. */
  client: number;
  server: number;
}

/** Resident memory at its highest, in MB, and processor time, in s; undefined for a process that is gone. */
function usage(pid: number): { peak: number; processor: number } | undefined {
  try {
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return { peak, processor: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return undefined;
  }
}

function childOf(pid: number): number | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(pid))
        return Number(entry);
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

function startImport(args: readonly string[]): ChildProcess {
  const env = { ...process.env, NO_COLOR: '1' };
  return spawn(process.execPath, [cliEntry, 'import', table, ...args], { env, stdio: 'ignore' });
}

/** Runs an import to its end. @param serverPid of a server that runs already; else the command's child */
async function watched(args: readonly string[], serverPid?: number): Promise<Run> {
  const before = serverPid === undefined ? 0 : usage(serverPid)!.processor;
  const started = performance.now();
  const child = startImport(args);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let [client, server] = [
    { peak: 0, processor: 0 },
    { peak: 0, processor: 0 },
  ];
  let pid = serverPid;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    pid ??= childOf(child.pid!);
    client = usage(child.pid!) ?? client;
    if (pid !== undefined) server = usage(pid) ?? server;
    await sleep(100);
  }
  const seconds = (performance.now() - started) / 1000;
  if ((await ended) !== 0) throw new Error(`the import ended with ${await ended}`);
  return { seconds, processor: client.processor + server.processor - before, client: client.peak, server: server.peak };
}

/** What a database holds: how many trials, how many different ones, and whether its counters say the same. */
function countTrials(file: string): string {
  const db = new Sqlite(file, { readonly: true });
  const { trials, runs } = db
    .prepare<[], { trials: number; runs: number }>(
      `SELECT count(*) AS trials, count(DISTINCT json_extract(x, '$.run')) AS runs FROM trials`,
    )
    .get()!;
  const { counted } = db.prepare<[], { counted: number }>('SELECT sum(completed) AS counted FROM studies').get()!;
  db.close();
  if (trials !== ROWS || runs !== ROWS || counted !== ROWS)
    throw new Error(`${file} has ${trials} trials of ${runs} rows, counted ${counted}, instead of ${ROWS}`);
  return `${trials.toLocaleString('en-US')} trials, each row once`;
}

/** Trials in a database that others write, perhaps not made yet. */
function writtenTrials(file: string): number {
  try {
    const db = new Sqlite(file, { readonly: true });
    try {
      return (
        db.prepare<[], { written: number | null }>('SELECT sum(completed) AS written FROM studies').get()!.written ?? 0
      );
    } finally {
      db.close();
    }
  } catch {
    return 0;
  }
}

/** Kills as often as asked for, spread evenly over the rows, and lets the last run come to its end. */
async function killed(
  file: string,
  args: readonly string[],
  kill: (child: ChildProcess) => Promise<void>,
): Promise<number> {
  let kills = 0;
  for (; kills < KILLS; kills++) {
    const child = startImport([...args, '--resume']);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const goal = (ROWS * (kills + 1)) / (KILLS + 1);
    while (child.exitCode === null && writtenTrials(file) < goal) await sleep(10);
    if (child.exitCode !== null) break;
    await kill(child);
    await ended;
  }
  const last = startImport([...args, '--resume']);
  const code = await new Promise((resolve) => last.once('exit', resolve));
  if (code !== 0) throw new Error(`the last import ended with ${code}`);
  return kills;
}

function sqliteImport(): Run | undefined {
  const file = join(folder, 'sqlite3.db');
  const columns = 'run, learning_rate, batch, layers, dropout, optimizer, width, amsgrad, loss';
  const started = performance.now();
  const { error, status } = spawnSync('sqlite3', [
    file,
    `CREATE TABLE runs (${columns})`,
    '.mode csv',
    `.import --skip 1 ${table} runs`,
  ]);
  if (error || status !== 0) return undefined;
  const seconds = (performance.now() - started) / 1000;
  return { seconds, processor: Number.NaN, client: Number.NaN, server: Number.NaN };
}

const line = (name: string, run: Run) => {
  const shown = (value: number, digits = 0) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
  const rate = Math.round(ROWS / run.seconds).toLocaleString('en-US');
  const cost = shown((1e6 * run.processor) / ROWS, 1);
  console.log(
    `| ${name} | ${rate} | ${run.seconds.toFixed(1)} | ${cost} | ${shown(run.client)} | ${shown(run.server)} |`,
  );
};

try {
  const bytes = writeTable();
  const [cpu] = cpus();
  console.log(
    `${ROWS.toLocaleString('en-US')} rows × 8 parameters, ${(bytes / 1e6).toFixed(0)} MB; ${cpu?.model}, ${availableParallelism()} cores; load before ${loadavg()[0]!.toFixed(1)}\n`,
  );
  console.log(
    '| | rows/s | s | µs of processor a row | MB client | MB server |\n| --- | --- | --- | --- | --- | --- |',
  );
  const peer = sqliteImport();
  if (peer) line("sqlite3's `.import`, 9 columns, no index", peer);
  else console.log("| sqlite3's `.import` | not to be had here | | | | |");

  const whole = join(folder, 'whole.db');
  const direct = await watched(['--db', whole]);
  line('`omnireg import --db`', direct);
  countTrials(whole);
  rmSync(whole);

  const dataDir = join(folder, 'server');
  let server = await startProcess(dataDir, SETTINGS);
  const http = await watched(['--url', server.url], server.process.pid!);
  line('`omnireg import` through HTTP', http);
  await server.stop();
  countTrials(join(dataDir, 'omnireg.sqlite'));
  rmSync(dataDir, { recursive: true });

  if (!options['skip-kills']) {
    const file = join(folder, 'killed.db');
    const direct10 = await killed(file, ['--db', file], async (child) => void child.kill('SIGKILL'));
    console.log(`\n--db, kill -9 ${direct10} times and resumed: ${countTrials(file)}`);

    server = await startProcess(dataDir, SETTINGS);
    const { port } = new URL(server.url);
    let turn = 0;
    const served = join(dataDir, 'omnireg.sqlite');
    const http10 = await killed(served, ['--url', server.url], async (child) => {
      // Client and server by turns.
      if (turn++ % 2 === 0) return void child.kill('SIGKILL');
      child.kill('SIGKILL');
      await server.kill();
      server = await startProcess(dataDir, { ...SETTINGS, OMNIREG_PORT: port });
    });
    await server.stop();
    console.log(`HTTP, kill -9 ${http10} times, each second time the server too, and resumed: ${countTrials(served)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

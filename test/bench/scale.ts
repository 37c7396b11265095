// Cost as work grows: the same training on 10k, 100k and 1M stored trials, each in a process of its own as the service runs it.
// Usage: npm run bench:scale [-- --sizes 10000,100000 --steps 100 --rounds 3 --folder DATABASES]; draws docs/images/scale.svg.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FromJob, JOB_NODE_FLAGS, type JobStart } from '../../service/jobs/messages.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { NewTrial } from '../../store/types.js';
import { packageFile } from '../../tokenizer/package-root.js';
import { Random } from '../../trainer/random.js';
import type { TrainEvent, TrainResult } from '../../trainer/types.js';
import { drawScale } from './scale-plot.js';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,100000,1000000' },
    steps: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    /** Keeps the databases there for the next time. */
    folder: { type: 'string' },
  },
});
const sizes = options.sizes.split(',').map(Number);
const hyperparameters = { steps: Number(options.steps) };
/** Share of all trials in the one big study. */
const BIG = 0.4;
/** The largest of the other studies has this many times the trials of the smallest. */
const SPREAD = 4;
/** Trials written at once. */
const BATCH = 5000;
const POLL_MS = 100;
/** Clock ticks a second in /proc: fixed on Linux. */
const TICKS = 100;

/** What one training of one size cost. */
export interface Cost {
  trials: number;
  /** Reading what was measured, dividing trials, history's rows: grows with the trials. */
  setUpSeconds: number;
  setUpCpuSeconds: number;
  /** From the first episode to the last step. */
  trainSeconds: number;
  trainCpuSeconds: number;
  trainedTrials: number;
  waitSeconds: number;
  peakBytes: number;
}

/** Sizes of the studies: one big, the others geometrically spread; more studies where there are more trials. */
function studySizes(trials: number): number[] {
  const others = Math.round(12 * (trials / 10_000) ** 0.5);
  const weights = Array.from({ length: others }, (_, i) => SPREAD ** (i / (others - 1)));
  const sum = weights.reduce((a, b) => a + b, 0);
  const small = weights.map((w) => Math.round(((1 - BIG) * trials * w) / sum));
  return [trials - small.reduce((a, b) => a + b, 0), ...small];
}

/** A network's training as people tune it: eight parameters, nested, conditional, of every kind; two outcomes in every third study. */
function makeTrial(study: number, random: Random): NewTrial {
  const optimizer = ['adam', 'sgd', 'rmsprop'][random.integer(3)]!;
  const rate = 10 ** (-5 + 4 * random.uniform());
  const layers = 1 + random.integer(12);
  const width = 2 ** (4 + random.integer(6));
  const dropout = Math.round(random.uniform() * 60) / 100;
  const normalized = random.uniform() < 0.5;
  const batch = 2 ** (4 + random.integer(5));
  const momentum = Math.round(random.uniform() * 99) / 100;
  const x = {
    optimizer,
    learning_rate: Number(rate.toPrecision(3)),
    network: { layers, width, activation: ['relu', 'gelu', 'tanh'][random.integer(3)]! },
    dropout,
    normalized,
    batch_size: batch,
    ...(optimizer === 'sgd' ? { momentum } : {}),
  };
  if (random.uniform() < 0.02) return { status: 'infeasible', x, y: null, infeasibleReason: 'diverged', metadata: {} };
  const best = optimizer === 'sgd' ? -1.5 - momentum / 2 : -3 + (study % 5) / 5;
  const misfit = (Math.log10(rate) - best) ** 2 + (dropout - 0.2) ** 2 + (normalized ? 0 : 0.05 * layers);
  const loss = (1 + (study % 7)) * (0.2 + 0.1 * misfit + 1 / Math.log(width * layers)) + 0.02 * random.normal();
  const seconds = (layers * width ** 1.5) / batch + 0.5;
  return {
    status: 'completed',
    x,
    y: measuresTime(study) ? [loss, seconds] : [loss],
    infeasibleReason: null,
    metadata: {},
  };
}

const measuresTime = (study: number): boolean => study % 3 === 0;

async function makeDatabase(file: string, trials: number): Promise<{ studies: string[]; snapshot: number }> {
  const store = openSqliteStore({ file });
  const known = await store.listStudies({ limit: 10_000, order: 'asc' });
  const studies = known.data.map(({ id }) => id);
  if (studies.length > 0) {
    await store.close();
    return { studies, snapshot: trials };
  }
  for (const [index, size] of studySizes(trials).entries()) {
    const random = new Random(7, index);
    const objectives = [{ name: 'loss', goal: 'minimize' as const }];
    if (measuresTime(index)) objectives.push({ name: 'seconds', goal: 'minimize' });
    // As long for every study, so that prompts do not grow with the number of studies.
    const number = String(index).padStart(3, '0');
    const metadata = { title: `Network ${number}`, rows: 1001 + 10 * index, task: 'classification' };
    const written = await store.createStudy({ name: `network-${number}`, metadata, objectives });
    if (written.replayed) throw new Error('a new study cannot be a replay');
    for (let at = 0; at < size; at += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, size - at) }, () => makeTrial(index, random));
      await store.createTrials(written.value.id, rows);
    }
    studies.push(written.value.id);
  }
  await store.close();
  return { studies, snapshot: trials };
}

/** Peak resident bytes and processor seconds of a process so far; undefined when it has gone. */
function usageOf(pid: number): { peakBytes: number; cpuSeconds: number } | undefined {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]!;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return { peakBytes: Number(peak) * 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS };
  } catch {
    return undefined;
  }
}

/** Runs the very process that the service forks for a job, and watches it. */
async function measure(trials: number, start: JobStart): Promise<Cost> {
  const child = fork(packageFile('dist', 'service', 'jobs', 'run-job.js'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: JOB_NODE_FLAGS,
  });
  const phases: { name: string; at: number; cpu: number }[] = [];
  let usage = { peakBytes: 0, cpuSeconds: 0 };
  const look = () => {
    usage = usageOf(child.pid!) ?? usage;
    return usage;
  };
  const timer = setInterval(look, POLL_MS);
  const mark = (name: string) => phases.push({ name, at: performance.now(), cpu: look().cpuSeconds });
  mark('start');
  const result = await new Promise<TrainResult>((resolve, reject) => {
    let verdict: FromJob | undefined;
    child.on('message', (message: FromJob) => {
      if (message.type !== 'event') verdict = message;
      else if (message.event.type === 'phase') mark(phaseOf(message.event));
    });
    child.once('close', () => {
      if (verdict?.type === 'done') resolve(verdict.result);
      else reject(new Error(`The training of ${trials} trials ended with ${JSON.stringify(verdict)}`));
    });
    child.send({ type: 'start', start });
  });
  clearInterval(timer);
  const between = (from: string, to: string) => {
    const [a, b] = [from, to].map((name) => phases.findLast((phase) => phase.name === name)!);
    return { wall: (b!.at - a!.at) / 1000, cpu: b!.cpu - a!.cpu };
  };
  const setUp = between('read', 'prepare');
  const training = between('prepare', 'validate');
  return {
    trials,
    setUpSeconds: setUp.wall,
    setUpCpuSeconds: setUp.cpu,
    trainSeconds: training.wall,
    trainCpuSeconds: training.cpu,
    trainedTrials: result.metrics.training_examples!,
    waitSeconds: result.metrics.data_wait_seconds!,
    peakBytes: usage.peakBytes,
  };
}

const phaseOf = (event: Extract<TrainEvent, { type: 'phase' }>): string =>
  event.message.startsWith('Reading') ? 'read' : event.phase;

/** The middle one by processor time a trained trial: rounds that something else disturbed fall to the ends. */
function typical(costs: readonly Cost[]): Cost {
  const sorted = [...costs].sort((a, b) => a.trainCpuSeconds - b.trainCpuSeconds);
  const { setUpSeconds } = [...costs].sort((a, b) => a.setUpSeconds - b.setUpSeconds)[
    Math.floor((costs.length - 1) / 2)
  ]!;
  const peakBytes = Math.max(...costs.map((cost) => cost.peakBytes));
  return { ...sorted[Math.floor((sorted.length - 1) / 2)]!, setUpSeconds, peakBytes };
}

function table(costs: readonly Cost[]): string {
  const columns: [string, (cost: Cost) => string][] = [
    ['stored trials', (c) => c.trials.toLocaleString('en')],
    ['set-up s', (c) => c.setUpSeconds.toFixed(2)],
    ['µs a stored trial', (c) => ((1e6 * c.setUpSeconds) / c.trials).toFixed(1)],
    ['ms a trained trial', (c) => ((1000 * c.trainSeconds) / c.trainedTrials).toFixed(2)],
    ['CPU ms a trained trial', (c) => ((1000 * c.trainCpuSeconds) / c.trainedTrials).toFixed(2)],
    [
      '× smallest',
      (c) => (c.trainCpuSeconds / c.trainedTrials / (costs[0]!.trainCpuSeconds / costs[0]!.trainedTrials)).toFixed(3),
    ],
    ['data wait s', (c) => c.waitSeconds.toFixed(2)],
    ['peak RSS MB', (c) => (c.peakBytes / 1e6).toFixed(0)],
  ];
  const cells = [columns.map(([name]) => name), ...costs.map((cost) => columns.map(([, show]) => show(cost)))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  return cells.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')).join('\n');
}

console.log(
  `${cpus()[0]!.model}, ${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} at the start`,
);
const folder = mkdtempSync(join(tmpdir(), 'omnireg-scale-'));
const databases = options.folder ?? folder;
try {
  const starts: { trials: number; databaseFile: string; studies: string[]; snapshot: number }[] = [];
  for (const trials of sizes) {
    const databaseFile = join(databases, `${trials}.sqlite`);
    const begin = performance.now();
    starts.push({ trials, databaseFile, ...(await makeDatabase(databaseFile, trials)) });
    const seconds = (performance.now() - begin) / 1000;
    const megabytes = statSync(databaseFile).size / 1e6;
    console.log(
      `${trials} trials of ${starts.at(-1)!.studies.length} studies: ${megabytes.toFixed(0)} MB, ready in ${seconds.toFixed(1)} s`,
    );
  }
  const costs = new Map(sizes.map((trials): [number, Cost[]] => [trials, []]));
  // In turn, so that all sizes share what else the machine does.
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { trials, databaseFile, studies, snapshot } of starts) {
      const [workDir, outDir] = ['work', 'model'].map((name) => join(folder, `${name}-${trials}-${round}`));
      // Of a job the process reads these fields only.
      const job = { studies, snapshot, hyperparameters, seed: 1 } as unknown as JobStart['job'];
      const cost = await measure(trials, {
        job,
        databaseFile,
        device: 'cpu',
        parentDir: null,
        outDir: outDir!,
        workDir: workDir!,
      });
      costs.get(trials)!.push(cost);
      console.log(`\nround ${round + 1}, load ${loadavg()[0]!.toFixed(1)}\n${table([cost])}`);
    }
  }
  const summary = sizes.map((trials) => typical(costs.get(trials)!));
  console.log(
    `\nMiddle of ${options.rounds} rounds by CPU, ${options.steps} steps each; peak of all\n${table(summary)}`,
  );
  if (sizes.length > 1) {
    const path = packageFile('docs', 'images', 'scale.svg');
    writeFileSync(path, await drawScale(summary));
    console.log(`\n${path}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

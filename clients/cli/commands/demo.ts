// omnireg demo: the whole path on real measurements. Learns from all example studies but one, is given a few trials of that
// one, predicts others, and compares with what was measured and with what simple methods say.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { nearestName } from '../../../service/tabular/nearest.js';
import type { OmniReg, TrialCreate } from '../../sdk/index.js';
import { connect } from '../connect.js';
import { type Comparison, compare, comparisonTable, verdict } from '../demo/comparison.js';
import { EXAMPLES_FOLDER, type Example, findExamples, readExample } from '../demo/examples.js';
import { writeDemoFiles } from '../demo/files.js';
import { CliError } from '../errors.js';
import { importFile, importFileDefaults } from '../import-file.js';
import {
  collected,
  contextOf,
  type HyperparameterValue,
  integerOption,
  parseHyperparameter,
  text,
} from '../options.js';
import { formatDuration, Progress } from '../progress.js';
import { ServerProcess } from '../server-process.js';
import type { Terminal } from '../terminal.js';
import { explainInBatches, writeExplanations } from './explain.js';
import { predictInBatches } from './predict.js';
import { hyperparametersOf, trainAndFollow } from './train.js';

const LEVEL = 0.9;
const INTERRUPTED_STOP_MS = 3_000;
/** Says that the folder is the demo's own, to be removed by the next demo. */
const MARKER = '.omnireg-demo';

interface DemoCommandOptions {
  folder: string;
  examples: string;
  keep: boolean;
  holdout: string;
  objective?: string[];
  trials: number;
  queries: number;
  explain: number;
  seed: number;
  steps?: number;
  set?: [string, HyperparameterValue][];
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('see it work: train on real measurements, predict others, compare')
    .option('--holdout <name>', 'the study that is not learned from', 'json-logs')
    .option(
      '--objective <name>',
      'what to predict; may be repeated, the first has the main plot (default: all)',
      collected(text),
    )
    .option('--trials <n>', 'trials that are known of the held-out study', integerOption(0, 100_000), 20)
    .option('--queries <n>', 'trials of it that are predicted', integerOption(2, 100_000), 200)
    .option('--explain <n>', 'predictions of them that are explained', integerOption(0, 100), 0)
    .option('--seed <n>', 'which trials, and the training', integerOption(0, 2_147_483_647), 1)
    .option('--steps <n>', 'optimizer steps (default: chosen by the trainer)', integerOption(1, 10_000_000))
    .option('--set <name=value>', 'any other knob of the training; may be repeated', collected(parseHyperparameter))
    .option('--folder <path>', 'where the database, the model and the results go', 'omnireg-demo')
    .addOption(
      new Option('--examples <folder>', 'CSV files with their metadata').default(
        EXAMPLES_FOLDER,
        'those that come with it',
      ),
    )
    .option('--keep', 'go on in the folder of an earlier demo instead of removing it', false)
    .action((options: DemoCommandOptions, command: Command) => runDemo(options, command));
}

async function runDemo(options: DemoCommandOptions, command: Command): Promise<void> {
  const { terminal, signal } = contextOf(command);
  const phases = new Phases();
  const folder = resolve(options.folder);
  const { known, holdout } = await chooseExamples(options);
  const { context, asked, all } = drawTrials(await readExample(holdout), options, holdout.name);
  await prepareFolder(folder, options.keep);

  const ended = false;
  const server = await ServerProcess.start({
    env: { OMNIREG_DATA_DIR: join(folder, 'data'), OMNIREG_HOST: '127.0.0.1', OMNIREG_PORT: '0' },
    // What it says while it closes is of no interest: the demo is over.
    onLog: (line) => ended || terminal.say(terminal.style('dim', `  server: ${line}`)),
  });
  try {
    const client = connect(server.url, terminal);
    phases.end('start');

    const studies = await importExamples(client, known, terminal, signal);
    phases.end('import');

    const created = await client.fineTuningJobs.create(
      {
        studies,
        seed: options.seed,
        ...(options.keep ? {} : { parent: 'none' }),
        ...hyperparametersOf(options.steps, options.set),
      },
      { signal },
    );
    const job = await trainAndFollow(client, created, terminal, signal);
    const model = job.fine_tuned_model ?? job.parent;
    phases.end('train');

    const study = await client.studies.create(
      { name: holdout.name, metadata: holdout.metadata, objectives: holdout.objectives },
      { signal },
    );
    if (context.length > 0) await client.studies.trials.createBatch(study.id, context, { signal });
    const queries = asked.map(({ x }) => x);
    const body = model === null ? {} : { model };
    const result = await predictInBatches(client, study.id, queries, {
      signal,
      terminal,
      body: { intervals: [LEVEL], include: ['experts'], ...body },
    });
    phases.end('predict');
    const explained = queries.slice(0, options.explain);
    const explanations =
      explained.length > 0 ? await explainInBatches(client, study.id, explained, { signal, body }) : undefined;
    if (explanations) phases.end('explain');

    const comparisons = holdout.objectives.map((objective) => compare(objective, LEVEL, result, asked, all));
    const title = typeof holdout.metadata.title === 'string' ? holdout.metadata.title : holdout.name;
    const setting = `${queries.length} predictions from ${context.length} known trials; the model learned from ${known.length} other studies`;
    const files = await writeDemoFiles({ folder, title, setting, queries, comparisons });
    phases.end('report');

    report(terminal, { title, setting, comparisons, files, phases });
    if (explanations && !terminal.json) writeExplanations(terminal, explanations, explained, holdout.objectives);
    terminal.result({
      holdout: holdout.name,
      trials: context.length,
      queries: queries.length,
      seed: options.seed,
      studies: known.length,
      model,
      job: { id: job.id, metrics: job.metrics, hyperparameters: job.hyperparameters },
      calibration: result.calibration,
      objectives: comparisons.map((comparison) => ({
        name: comparison.objective.name,
        methods: comparison.methods.map(({ method, scores }) => ({ method, ...scores })),
        ...verdict(comparison),
      })),
      ...(explanations && { explanations: explanations.objectives }),
      seconds: phases.seconds,
      files,
    });
  } finally {
    // A training that is broken off here will not be gone on with: nobody needs to wait for its checkpoint.
    await server.stop(signal.aborted ? INTERRUPTED_STOP_MS : undefined);
  }
}

async function chooseExamples(options: DemoCommandOptions): Promise<{ known: Example[]; holdout: Example }> {
  const examples = await findExamples(resolve(options.examples), options.objective ?? []);
  const names = examples.map(({ name }) => name);
  const holdout = examples.find(({ name }) => name === options.holdout);
  if (!holdout) {
    const message = `--holdout ${options.holdout}: there is no such example.${nearestName(options.holdout, names)}`;
    throw new CliError('usage', message, `Name one of: ${names.join(', ')}.`);
  }
  return { known: examples.filter((example) => example !== holdout), holdout };
}

/** A seeded choice without repetition: first the known trials, then the asked ones. */
function drawTrials(all: TrialCreate[], { trials, queries, seed }: DemoCommandOptions, name: string) {
  if (trials + queries > all.length) {
    const message = `${name} has ${all.length} trials, fewer than --trials ${trials} and --queries ${queries} together.`;
    throw new CliError('usage', message, 'Ask for fewer.');
  }
  const generator = xoroshiro128plus(seed);
  const shuffled = [...all];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = uniformInt(generator, 0, i);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return { context: shuffled.slice(0, trials), asked: shuffled.slice(trials, trials + queries), all };
}

async function prepareFolder(folder: string, keep: boolean): Promise<void> {
  const ours = existsSync(join(folder, MARKER));
  if (!ours && existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new CliError('folder_in_use', `${folder} was not made by the demo.`, 'Name another with --folder.');
  }
  if (ours && !keep) await rm(folder, { recursive: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MARKER), 'Made by "omnireg demo", which removes this folder when it starts again.\n');
}

/** @returns Ids of the studies. */
async function importExamples(client: OmniReg, examples: readonly Example[], terminal: Terminal, signal: AbortSignal) {
  const progress = new Progress(terminal, 'import');
  const ids: string[] = [];
  let trials = 0;
  for (const [i, { name, csv, metadata, objectives, unused }] of examples.entries()) {
    progress.update({ done: i, total: examples.length, note: name });
    const report = await importFile(client, {
      ...importFileDefaults,
      path: csv,
      name,
      metadata,
      objectives,
      objectivesFrom: `${name}.json`,
      ignore: unused,
      signal,
    });
    ids.push(report.study!.id);
    trials += report.imported;
  }
  progress.finish(`${terminal.style('green', '✓')} imported ${trials} trials of ${ids.length} studies`);
  return ids;
}

function report(
  terminal: Terminal,
  {
    title,
    setting,
    comparisons,
    files,
    phases,
  }: { title: string; setting: string; comparisons: Comparison[]; files: string[]; phases: Phases },
): void {
  if (!terminal.json) {
    terminal.data(`\n${terminal.dataStyle('bold', title)}\n${setting}.`);
    for (const comparison of comparisons) {
      const { name, unit, goal } = comparison.objective;
      terminal.data(`\n${terminal.dataStyle('bold', name)} (${[unit, goal].filter(Boolean).join(', ')})`);
      terminal.data(comparisonTable(comparison, (line) => terminal.dataStyle('green', line)));
      const found = verdict(comparison);
      if (found) {
        terminal.data(
          `OmniReg's error is ${found.ratioToBest.toFixed(2)} × that of ${found.best}, the best simple method, and ${found.ratioToMedian.toFixed(2)} × the median's.`,
        );
      }
    }
    terminal.data(`\n${files.map((file) => relative('', file)).join('\n')}`);
  }
  terminal.say(`\n${phases.describe()}`);
}

/** Where the time went. */
class Phases {
  readonly seconds: Record<string, number> = {};
  #since = performance.now();

  end(phase: string): void {
    const now = performance.now();
    this.seconds[phase] = Number(((now - this.#since) / 1000).toFixed(3));
    this.#since = now;
  }

  describe(): string {
    const total = Object.values(this.seconds).reduce((sum, value) => sum + value, 0);
    const shares = Object.entries(this.seconds).map(
      ([phase, value]) => `${phase} ${formatDuration(value)} (${Math.round((100 * value) / total)}%)`,
    );
    return `Took ${formatDuration(total)}: ${shares.join(' · ')}`;
  }
}

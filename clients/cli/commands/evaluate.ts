// omnireg evaluate: how good a model is beside simple methods, on the tasks of a folder or on studies of a service.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  APIError,
  type Evaluation,
  type EvaluationCreate,
  type EvaluationReport,
  type OmniReg,
} from '../../sdk/index.js';
import { connect } from '../connect.js';
import { CliError } from '../errors.js';
import { type FolderTask, findTasks } from '../evaluation/folder.js';
import { importTasks } from '../evaluation/import-tasks.js';
import { reportPage } from '../evaluation/page.js';
import { familyTable, legend, METHOD_COLUMNS, methodCells, overall, PROTOCOL_TITLES } from '../evaluation/words.js';
import { WorkFolder } from '../evaluation/work-folder.js';
import {
  collected,
  contextOf,
  type HyperparameterValue,
  integerOption,
  parseHyperparameter,
  text,
} from '../options.js';
import { ServerProcess } from '../server-process.js';
import { renderTable } from '../table.js';
import type { Terminal } from '../terminal.js';
import { TrainingView } from '../training-view.js';

const PROTOCOLS = {
  out: ['out_of_distribution'],
  in: ['in_distribution'],
  both: ['out_of_distribution', 'in_distribution'],
};
const DEFAULT_SIZES = [0, 5, 10, 20, 50, 200];

interface EvaluateOptions {
  family: string[];
  use?: string;
  tasks?: number;
  study?: string[];
  all?: boolean;
  model?: string;
  trials: number[];
  test: number;
  ask: number;
  protocol: keyof typeof PROTOCOLS;
  folds: number;
  withoutText?: boolean;
  set?: [string, HyperparameterValue][];
  seed: number;
  out: string;
}

export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('measure how good a model is beside simple methods, on tasks of a folder or studies of a service')
    .argument('[folder]', 'CSV files, one a task with its y last, or folders of them, one a family')
    .option('--family <name>', 'a family of the folder; may be repeated (default: all)', collected(text), [])
    .option('--use <word>', 'only families that the folder’s INDEX.csv marks so')
    .option('--tasks <n>', 'tasks of each family (default: all)', integerOption(1, 10_000))
    .option('--study <id>', 'a study of the service at --url; may be repeated', collected(text))
    .option('--all', 'all studies of the service at --url')
    .option('--model <model>', 'a model’s folder; with --url, the id of one (default: what answers there)')
    .option('--trials <list>', 'numbers of local trials', sizes, DEFAULT_SIZES)
    .option('--test <n>', 'trials of each task that are predicted', integerOption(5, 10_000), 100)
    .option(
      '--ask <n>',
      'tasks of each family that are predicted; the others are only learned from',
      integerOption(0, 10_000),
      0,
    )
    .addOption(
      new Option('--protocol <which>', 'out of distribution, in distribution, or both')
        .choices(Object.keys(PROTOCOLS))
        .default('out'),
    )
    .option('--folds <n>', 'in distribution: groups of tasks, and so trainings', integerOption(2, 100), 2)
    .option(
      '--set <name=value>',
      'in distribution: a knob of the trainings; may be repeated',
      collected(parseHyperparameter),
    )
    .option('--without-text', 'take free text out of parameters and metadata, for every method alike')
    .option('--seed <n>', 'of splits, trainings and bootstrap', integerOption(0, 2_147_483_647), 0)
    .option('--out <folder>', 'where report.json and report.html go', 'omnireg-evaluation')
    .action((folder: string | undefined, options: EvaluateOptions, command: Command) =>
      runEvaluate(folder, options, command),
    );
}

/** Numbers of local trials: 0,5,50. */
function sizes(value: string): number[] {
  const numbers = value.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.every((size) => size <= 1000)) return [...new Set(numbers)];
  throw new InvalidArgumentError('Write whole numbers from 0 to 1000 with commas between: 0,5,50.');
}

async function runEvaluate(folder: string | undefined, options: EvaluateOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const out = resolve(options.out);
  const named = command.parent?.getOptionValueSource('url') !== 'default';
  if (folder === undefined) {
    const studies = studiesOf(options);
    await mkdir(out, { recursive: true });
    const report = await evaluateThere(client, { ...settings(options), studies }, terminal, signal);
    return finish(report, new Map(), out, terminal);
  }
  const { family: families, use, tasks: count } = options;
  const tasks = await findTasks(resolve(folder), { families, use, tasks: count });
  await mkdir(out, { recursive: true });
  if (named) {
    const { request, names } = await importTasks(client, tasks, terminal, signal);
    const report = await evaluateThere(client, { ...settings(options), ...request }, terminal, signal);
    return finish(report, names, out, terminal);
  }
  await evaluateHere(tasks, options, out, terminal, signal);
}

function studiesOf({ study, all }: EvaluateOptions): 'all' | string[] {
  if (study) return study;
  if (all) return 'all';
  const message = 'evaluate needs tasks: a folder of CSV files, or studies of a service: --study ID, or --all.';
  throw new CliError('usage', message, 'Name one of them.');
}

/** What the request says beside its studies. */
function settings(options: EvaluateOptions): Omit<EvaluationCreate, 'studies'> {
  const { trials, test, ask, protocol, folds, withoutText, seed, model, set } = options;
  return {
    local_trials: trials,
    test_trials: test,
    protocols: PROTOCOLS[protocol] as EvaluationReport['protocols'],
    asked_studies: ask,
    folds,
    seed,
    ...(withoutText && { without_text: true }),
    ...(model !== undefined && { model }),
    ...(set && { training: Object.fromEntries(set) }),
  };
}

/** On a server of its own, which goes when all is done. What is cut off is gone on with by the same command. */
async function evaluateHere(
  tasks: readonly FolderTask[],
  options: EvaluateOptions,
  out: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { model, ...rest } = settings(options);
  const fingerprint = JSON.stringify([tasks, rest, model ?? null]);
  const work = await WorkFolder.open(join(out, '.work'), fingerprint);
  let ended = false;
  const server = await ServerProcess.start({
    env: {
      OMNIREG_DATA_DIR: work.dataDir,
      OMNIREG_HOST: '127.0.0.1',
      OMNIREG_PORT: '0',
      ...(model !== undefined && { OMNIREG_BASE_MODEL: resolve(model) }),
    },
    // What it says while it closes is of no interest.
    onLog: (line) => ended || terminal.say(terminal.style('dim', `  server: ${line}`)),
  });
  try {
    const client = connect(server.url, terminal);
    if (!work.begun) {
      const { request, names } = await importTasks(client, tasks, terminal, signal);
      const { id } = await client.evaluations.create({ ...rest, ...request }, { signal });
      await work.begin({ id, names: [...names] });
    } else terminal.say('Going on with the evaluation that was cut off here');
    const { id, names } = work.begun!;
    const report = await follow(client, id, terminal, signal);
    await finish(report, new Map(names), out, terminal);
  } catch (error) {
    if (!(error instanceof APIError && error.code === 'no_model')) throw error;
    throw new CliError('usage', 'There is no model to evaluate.', 'Name the folder of one with --model.', error);
  } finally {
    ended = true;
    await server.stop();
  }
  await work.remove();
}

async function evaluateThere(
  client: OmniReg,
  request: EvaluationCreate,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<EvaluationReport & { model: string }> {
  const { id } = await client.evaluations.create(request, { signal });
  return follow(client, id, terminal, signal);
}

/** @throws CliError job_failed where it did not succeed */
async function follow(client: OmniReg, id: string, terminal: Terminal, signal: AbortSignal) {
  const view = new TrainingView(terminal);
  terminal.say(`Evaluating (${id})`);
  let ended: Evaluation;
  try {
    const events = client.evaluations.events(id, { signal });
    for await (const event of events) view.show(event);
    ended = await events.final();
  } finally {
    view.finish();
  }
  if (ended.status === 'succeeded') return { ...(await client.evaluations.report(id, { signal })), model: ended.model };
  const reason = ended.error ? `: ${ended.error.message} [${ended.error.code}]` : '';
  throw new CliError(
    'job_failed',
    `The evaluation ${id} was ${ended.status}${reason}.`,
    'Mend what it names and start again.',
  );
}

/** @param names of studies by their ids; ids stand where there are none */
async function finish(
  found: EvaluationReport & { model: string },
  names: ReadonlyMap<string, string>,
  out: string,
  terminal: Terminal,
): Promise<void> {
  const nameOf = (study: string): string => {
    const [id, ...objective] = study.split('/');
    return [names.get(id!) ?? id!, ...objective].join('/');
  };
  const named = <T extends { study: string }>(entries: T[]): T[] =>
    entries.map((entry) => ({ ...entry, study: nameOf(entry.study) }));
  const report = { ...found, rows: named(found.rows), skipped: named(found.skipped) };
  const files = [join(out, 'report.html'), join(out, 'report.json')];
  await writeFile(files[0]!, await reportPage(report, report.model));
  await writeFile(files[1]!, `${JSON.stringify(report, null, 1)}\n`);
  terminal.result(report);
  if (terminal.json) return;
  for (const protocol of report.protocols) {
    const rows = overall(report, protocol);
    if (rows.length === 0) continue;
    terminal.data(`\n${terminal.dataStyle('bold', PROTOCOL_TITLES[protocol])}`);
    const style = (r: number, line: string) =>
      rows[r]?.method === 'omnireg' ? terminal.dataStyle('green', line) : line;
    terminal.data(renderTable(METHOD_COLUMNS, rows.map(methodCells), style));
    const { columns, cells } = familyTable(report, protocol);
    if (columns.length > 1) {
      terminal.data(`\nError ratio to the best local baseline, family by family\n${renderTable(columns, cells)}`);
    }
  }
  for (const { study, reason } of report.skipped) terminal.warn(`${study} was left out: ${reason}`);
  terminal.data(`\n${legend(report).join('\n')}\n\n${files.map((file) => relative('', file)).join('\n')}`);
}

// omnireg evaluate: how good a model is beside simple methods, on the tasks of a folder or on studies of a service.
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EvaluationCreate, EvaluationReport } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { refuseContradictions } from '../evaluation/contradictions.js';
import { deliver } from '../evaluation/deliver.js';
import { evaluateHere } from '../evaluation/evaluate-here.js';
import { findTasks } from '../evaluation/folder.js';
import { followEvaluation, type JudgedModel } from '../evaluation/follow.js';
import { importTasks } from '../evaluation/import-tasks.js';
import { StudyNames } from '../evaluation/study-names.js';
import {
  collected,
  contextOf,
  type GlobalOptions,
  type HyperparameterValue,
  integerOption,
  parseHyperparameter,
  text,
} from '../options.js';

const PROTOCOLS = {
  out: ['out_of_distribution'],
  in: ['in_distribution'],
  both: ['out_of_distribution', 'in_distribution'],
};
const DEFAULT_SIZES = [0, 5, 10, 20, 50, 200];

interface EvaluateOptions {
  family?: string[];
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
    .option('--family <name>', 'a family of the folder; may be repeated (default: all)', collected(text))
    .option('--use <word>', 'only families that the folder’s INDEX.csv marks so')
    .option('--tasks <n>', 'tasks of each family (default: all)', integerOption(1, 10_000))
    .option('--study <id>', 'a study of the service at --url or of --db; may be repeated', collected(text))
    .option('--all', 'all studies of the service at --url or of --db')
    .option('--model <model>', 'a model’s folder; with --url or --db, the id of one (default: what answers there)')
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
  const isGiven = (option: string) => command.getOptionValueSource(option) === 'cli';
  refuseContradictions({ folder, protocol: options.protocol, isGiven });
  const { terminal, client, signal } = contextOf(command);
  const out = resolve(options.out);
  const there = async (request: EvaluationCreate, names: StudyNames): Promise<JudgedModel> => {
    const { id } = await client.evaluations.create(request, { signal });
    return followEvaluation(client, id, names, terminal, signal);
  };
  if (folder === undefined) {
    const studies = studiesOf(options);
    await mkdir(out, { recursive: true });
    const names = new StudyNames();
    return deliver(await there({ ...settings(options), studies }, names), names, out, terminal);
  }
  const { family, use, tasks: count } = options;
  const onLeft = (files: readonly string[]) => terminal.warn(leftText(files, folder));
  const tasks = await findTasks(resolve(folder), { families: family ?? [], use, tasks: count }, onLeft);
  await mkdir(out, { recursive: true });
  if (!isServiceNamed(command)) return evaluateHere(tasks, settings(options), out, terminal, signal);
  const { request, names: byId } = await importTasks(client, tasks, terminal, signal);
  const names = new StudyNames(byId);
  return deliver(await there({ ...settings(options), ...request }, names), names, out, terminal);
}

/** @param files beside sub-folders that hold others */
function leftText(files: readonly string[], folder: string): string {
  const more = files.length > 3 ? ` and ${files.length - 3} more` : '';
  return `Left out: ${files.slice(0, 3).join(', ')}${more}, beside the sub-folders of ${folder}, which are the families. Move what is to be evaluated into one.`;
}

/** A database is a service too: its own. */
function isServiceNamed(command: Command): boolean {
  const { db } = command.optsWithGlobals<GlobalOptions>();
  return db !== undefined || command.getOptionValueSourceWithGlobals('url') !== 'default';
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

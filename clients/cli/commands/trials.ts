// omnireg trials: list, show, add, complete, infeasible.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { JsonObject, Measurement, Trial, TrialCreate, TrialStatus } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { writeX } from '../explanation-text.js';
import {
  addListingOptions,
  columnsOf,
  details,
  type ListingOptions,
  pageSize,
  shorten,
  shortTime,
  writeList,
} from '../listing.js';
import { collected, contextOf, parseJsonObject, text } from '../options.js';
import { formatNumber } from '../table.js';
import type { Terminal } from '../terminal.js';

/** One `--y`: a number, or the number of an objective. */
type MeasuredOption = number | [name: string, value: number];

interface AddOptions {
  x: JsonObject;
  y?: MeasuredOption[];
  infeasible?: boolean;
  reason?: string;
}

export function addTrialsCommand(program: Command): void {
  const trials = program.command('trials').description('list, show and add trials, and say what came of them');
  addListingOptions(
    trials
      .command('list', { isDefault: true })
      .description('list trials, oldest first')
      .argument('<study>', 'id of the study'),
  )
    .addOption(new Option('--status <status>', 'only these').choices(['completed', 'running', 'infeasible']))
    .option('--newest', 'newest first', false)
    .action(listTrials);
  trials
    .command('show')
    .description('show a trial')
    .argument('<study>', 'id of the study')
    .argument('<trial>', 'id of the trial')
    .action(async (study: string, trial: string, _options: object, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      report(terminal, await client.studies.trials.get(study, trial, { signal }));
    });
  trials
    .command('add')
    .description('add a trial: planned, measured (--y) or failed (--infeasible); for many there is import')
    .argument('<study>', 'id of the study')
    .requiredOption('--x <json>', 'its parameters as a JSON object', parseJsonObject)
    .addOption(measuredOption())
    .option('--infeasible', 'it failed: there is nothing to measure')
    .option('--reason <text>', 'why it failed', text)
    .action(addTrial);
  trials
    .command('complete')
    .description('say what a running trial measured')
    .argument('<study>', 'id of the study')
    .argument('<trial>', 'id of the trial')
    .addOption(measuredOption().makeOptionMandatory())
    .action(async (study: string, trial: string, { y }: { y: MeasuredOption[] }, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      report(terminal, await client.studies.trials.complete(study, trial, { y: measurementOf(y) }, { signal }));
    });
  trials
    .command('infeasible')
    .description('say that a running trial failed')
    .argument('<study>', 'id of the study')
    .argument('<trial>', 'id of the trial')
    .option('--reason <text>', 'why it failed', text)
    .action(async (study: string, trial: string, { reason }: { reason?: string }, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      const body = reason === undefined ? {} : { reason };
      report(terminal, await client.studies.trials.markInfeasible(study, trial, body, { signal }));
    });
}

const measuredOption = () =>
  new Option('--y <value>', 'what was measured: a number, or name=number; repeat for several objectives').argParser(
    collected(parseMeasured),
  );

async function listTrials(
  study: string,
  { status, newest, ...options }: ListingOptions & { status?: TrialStatus; newest: boolean },
  command: Command,
): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const params = { limit: pageSize(options), status, order: newest ? ('desc' as const) : ('asc' as const) };
  await writeList(terminal, options, {
    entries: client.studies.trials.list(study, params, { signal }),
    columns: columnsOf('id', 'status', '#measured', 'parameters', 'created (UTC)'),
    cells: ({ id, status: now, y, x, created_at }) => [
      id,
      now,
      measuredText(y),
      shorten(writeX(x), 80),
      shortTime(created_at),
    ],
    none: 'There are no such trials.',
  });
}

async function addTrial(study: string, { x, y, infeasible, reason }: AddOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  if (infeasible && y) {
    throw new CliError('usage', 'A trial that failed has no --y.', 'Leave out --y, or --infeasible.');
  }
  if (reason !== undefined && !infeasible) {
    throw new CliError('usage', '--reason is for a trial that failed.', 'Add --infeasible, or leave out --reason.');
  }
  const body: TrialCreate = {
    x,
    ...(y && { y: measurementOf(y) }),
    ...(infeasible && { status: 'infeasible' as const }),
    ...(reason !== undefined && { infeasible_reason: reason }),
  };
  const trial = await client.studies.trials.create(study, body, { signal });
  if (terminal.json) terminal.result(trial);
  else terminal.data(trial.id);
}

function report(terminal: Terminal, trial: Trial): void {
  const { id, study_id, status, y, x, infeasible_reason, metadata, created_at, completed_at } = trial;
  terminal.result(trial);
  if (terminal.json) return;
  terminal.data(
    details({
      id,
      study: study_id,
      status,
      measured: y === null ? undefined : measuredText(y),
      reason: infeasible_reason ?? undefined,
      parameters: JSON.stringify(x, null, 2),
      metadata: Object.keys(metadata).length > 0 ? JSON.stringify(metadata, null, 2) : undefined,
      created: created_at,
      ended: completed_at ?? undefined,
    }),
  );
}

function measuredText(y: Trial['y']): string {
  if (y === null) return '–';
  if (typeof y === 'number') return formatNumber(y, 7);
  return Object.entries(y)
    .map(([name, value]) => `${name} ${formatNumber(value, 7)}`)
    .join(', ');
}

/** @throws CliError usage where a bare number stands beside others */
function measurementOf(given: readonly MeasuredOption[]): Measurement {
  const [first] = given;
  if (given.length === 1 && typeof first === 'number') return first;
  const named = given.filter((one) => typeof one !== 'number');
  if (named.length === given.length) return Object.fromEntries(named);
  throw new CliError('usage', 'Several --y have to say which objective each is of.', 'Write --y name=number for each.');
}

function parseMeasured(value: string): MeasuredOption {
  if (value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  const at = value.lastIndexOf('=');
  const number = value.slice(at + 1);
  if (at > 0 && number.trim() !== '' && Number.isFinite(Number(number))) return [value.slice(0, at), Number(number)];
  throw new InvalidArgumentError('Write a number, or name=number.');
}

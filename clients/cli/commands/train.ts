// omnireg train: starts a fine-tuning job and follows it to its end, or follows one that runs already.
import type { Command } from 'commander';
import type { FineTuningJob, FineTuningJobCreate, OmniReg } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import {
  collected,
  contextOf,
  type HyperparameterValue,
  integerOption,
  parseHyperparameter,
  text,
} from '../options.js';
import { formatDuration } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { TrainingView } from '../training-view.js';

interface TrainCommandOptions {
  study?: string[];
  all?: boolean;
  steps?: number;
  set?: [string, HyperparameterValue][];
  parent?: string;
  seed?: number;
  wait: boolean;
  follow?: string;
}

export function addTrainCommand(program: Command): void {
  program
    .command('train')
    .description('train a model on the trials of studies and follow it live')
    .option('--study <id>', 'a study to learn from; may be repeated', collected(text))
    .option('--all', 'learn from all studies')
    .option('--steps <n>', 'optimizer steps (default: chosen by the trainer)', integerOption(1, 10_000_000))
    .option('--set <name=value>', 'any other knob of the training; may be repeated', collected(parseHyperparameter))
    .option('--parent <id>', 'model to start from, or base (default: the newest, else the base)')
    .option('--seed <n>', 'seed of the training (default: 0)', integerOption(0, 2_147_483_647))
    .option('--no-wait', 'start the job and do not follow it')
    .option('--follow <job>', 'follow this job instead of starting one')
    .action((options: TrainCommandOptions, command: Command) => runTrain(options, command));
}

async function runTrain(options: TrainCommandOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  // The service would name a missing study by its place in the list; people know it by its id.
  for (const id of options.study ?? []) await client.studies.get(id, { signal });
  const job =
    options.follow === undefined
      ? await client.fineTuningJobs.create(jobFrom(options), { signal })
      : await client.fineTuningJobs.get(options.follow, { signal });
  if (!options.wait) {
    terminal.say(`Job ${job.id} is ${job.status}. Follow it with: omnireg train --follow ${job.id}`);
    return report(terminal, job);
  }
  try {
    report(terminal, await trainAndFollow(client, job, terminal, signal));
  } catch (error) {
    if (signal.aborted) terminal.say(`The job goes on. Follow it again with: omnireg train --follow ${job.id}`);
    throw error;
  }
}

/**
 * Shows a job's progress until it has ended.
 * @throws CliError job_failed where it did not succeed.
 */
export async function trainAndFollow(
  client: OmniReg,
  job: FineTuningJob,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<FineTuningJob> {
  const view = new TrainingView(terminal);
  terminal.say(
    `Training on ${job.trial_count} trials of ${job.studies.length} ${job.studies.length === 1 ? 'study' : 'studies'} (${job.id})`,
  );
  let ended: FineTuningJob;
  try {
    const events = client.fineTuningJobs.events(job.id, { signal });
    for await (const event of events) view.show(event);
    ended = await events.final();
  } finally {
    view.finish();
  }
  if (ended.status === 'succeeded') return ended;
  const reason = ended.error ? `: ${ended.error.message} [${ended.error.code}]` : '';
  throw new CliError(
    'job_failed',
    `The training ${ended.id} was ${ended.status}${reason}.`,
    'See what it said above; omnireg train starts a new one.',
  );
}

/** The request's `hyperparameters`; absent where nothing was set, so that the trainer chooses. */
export function hyperparametersOf(
  steps: number | undefined,
  set: [string, HyperparameterValue][] = [],
): Pick<FineTuningJobCreate, 'hyperparameters'> {
  const all = { ...Object.fromEntries(set), ...(steps === undefined ? {} : { steps }) };
  return Object.keys(all).length === 0 ? {} : { hyperparameters: all };
}

function jobFrom({ study, all, steps, set, parent, seed }: TrainCommandOptions): FineTuningJobCreate {
  if ((study === undefined) === (all !== true)) {
    throw new CliError(
      'usage',
      'train needs to know what to learn from: --study ID (may be repeated), or --all.',
      'Add one of the two.',
    );
  }
  return {
    studies: study ?? 'all',
    ...(parent === undefined ? {} : { parent }),
    ...hyperparametersOf(steps, set),
    ...(seed === undefined ? {} : { seed }),
  };
}

function report(terminal: Terminal, job: FineTuningJob): void {
  terminal.result(job);
  if (job.status === 'succeeded') {
    const seconds = (Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '')) / 1000;
    const what =
      job.outcome === 'kept_parent'
        ? `published ${job.fine_tuned_model} with the weights of its parent${job.parent === null ? '' : ` ${job.parent}`}`
        : `published ${job.fine_tuned_model}`;
    terminal.say(
      `${terminal.style('green', '✓')} ${what}${Number.isFinite(seconds) ? ` in ${formatDuration(seconds)}` : ''}${job.reason ? `: ${job.reason}` : ''}`,
    );
  }
  if (!terminal.json) terminal.data(job.fine_tuned_model ?? job.id);
}

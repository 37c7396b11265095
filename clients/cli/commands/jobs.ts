// omnireg jobs: list, show and cancel trainings; train starts and follows them.
import type { Command } from 'commander';
import type { FineTuningJob } from '../../sdk/index.js';
import {
  addDefaultList,
  addShow,
  columnsOf,
  details,
  type ListingOptions,
  pageSize,
  shorten,
  shortTime,
  writeList,
} from '../listing.js';
import { contextOf } from '../options.js';

export function addJobsCommand(program: Command): void {
  const jobs = program.command('jobs').description('list, show and cancel trainings');
  addDefaultList(jobs, 'list trainings, newest first', listJobs);
  addShow(jobs, {
    description: 'show a training: what it learns from, with what, what came of it',
    of: 'job',
    get: (client, id, options) => client.fineTuningJobs.get(id, options),
    describe: describeJob,
  });
  jobs
    .command('cancel')
    .description('cancel a training: one that runs stops after its present step, and publishes nothing')
    .argument('<job>', 'id of the job')
    .action(async (id: string, _options: object, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      const job = await client.fineTuningJobs.cancel(id, { signal });
      terminal.result(job);
      const done = job.status === 'cancelled' ? 'is cancelled' : 'will stop after its present step';
      terminal.say(`${terminal.style('green', '✓')} ${id} ${done}`);
    });
}

async function listJobs(options: ListingOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  await writeList(terminal, options, {
    entries: client.fineTuningJobs.list({ limit: pageSize(options) }, { signal }),
    columns: columnsOf('id', 'status', '#studies', '#trials', 'model', 'created (UTC)'),
    cells: (job) => [
      job.id,
      job.status,
      String(job.studies.length),
      String(job.trial_count),
      job.fine_tuned_model ?? '–',
      shortTime(job.created_at),
    ],
    none: 'There are no trainings. Start one: omnireg train --all',
  });
}

function describeJob(job: FineTuningJob): string {
  return details({
    id: job.id,
    status: job.status,
    'learns from': `${job.trial_count} trials of ${job.studies.length} studies: ${shorten(job.studies.join(', '), 200)}`,
    parent: job.parent ?? undefined,
    model: job.fine_tuned_model ?? undefined,
    outcome: job.outcome ?? undefined,
    reason: job.reason ?? undefined,
    error: job.error ? `${job.error.message} [${job.error.code}]` : undefined,
    hyperparameters: JSON.stringify(job.hyperparameters),
    created: job.created_at,
    started: job.started_at ?? undefined,
    finished: job.finished_at ?? undefined,
  });
}

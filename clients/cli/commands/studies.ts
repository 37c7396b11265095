// omnireg studies: list, show, create, update, delete.
import { type Command, InvalidArgumentError } from 'commander';
import type { Objective, SearchSpace, Study, StudyCreate, StudyUpdate } from '../../sdk/index.js';
import { confirm } from '../confirm.js';
import { CliError } from '../errors.js';
import { jsonArgument } from '../json-argument.js';
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
import { collected, contextOf, text } from '../options.js';

interface CreateOptions {
  objective?: Objective[];
  metadata?: string;
  space?: string;
}

interface UpdateOptions {
  name?: string;
  metadata?: string;
  space?: string;
}

export function addStudiesCommand(program: Command): void {
  const studies = program.command('studies').description('list, show, create, change and delete studies');
  addDefaultList(studies, 'list studies, newest first', listStudies).option(
    '--name <name>',
    'only those of exactly this name',
    text,
  );
  addShow(studies, {
    description: 'show a study: what it measures, how many trials it has',
    of: 'study',
    get: (client, id, options) => client.studies.get(id, options),
    describe: describeStudy,
  });
  studies
    .command('create')
    .description('make a study without trials; import makes one with them')
    .argument('<name>', 'what it is called')
    .option(
      '--objective <name[:goal[:unit]]>',
      'what is measured, such as bytes:minimize:B; may be repeated (default: y)',
      collected(parseObjective),
    )
    .option('--metadata <json>', 'anything worth knowing of it: a JSON object, or a file with one')
    .option(
      '--space <json>',
      'where parameters may go, a JSON object, or a file with one: docs/distribution.md, "Search spaces"',
    )
    .action(createStudy);
  studies
    .command('update')
    .description('change the name, the metadata or the search space of a study')
    .argument('<study>', 'id of the study')
    .option('--name <name>', 'its new name', text)
    .option('--metadata <json>', 'a JSON object, or a file with one, in place of all its metadata')
    .option('--space <json>', 'its new search space, a JSON object, or a file with one; none takes it away')
    .action(updateStudy);
  studies
    .command('delete')
    .description('delete studies with all their trials')
    .argument('<studies...>', 'ids')
    .option('--yes', 'do not ask', false)
    .action(deleteStudies);
}

async function listStudies({ name, ...options }: ListingOptions & { name?: string }, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  await writeList(terminal, options, {
    entries: client.studies.list({ limit: pageSize(options), name }, { signal }),
    columns: columnsOf('id', 'name', 'objectives', '#completed', '#running', '#infeasible', 'created (UTC)'),
    cells: ({ id, name: called, objectives, trial_counts: { completed, running, infeasible }, created_at }) => [
      id,
      shorten(called, 40),
      shorten(objectives.map((objective) => objective.name).join(', '), 40),
      ...[completed, running, infeasible].map(String),
      shortTime(created_at),
    ],
    none:
      name === undefined ? 'There are no studies. Make one: omnireg import FILE.csv' : `No study is called "${name}".`,
  });
}

async function createStudy(
  name: string,
  { objective, metadata, space }: CreateOptions,
  command: Command,
): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const body: StudyCreate = {
    name,
    ...(objective && { objectives: objective }),
    ...(metadata !== undefined && { metadata: await jsonArgument(metadata, '--metadata') }),
    ...(space !== undefined && { search_space: (await jsonArgument(space, '--space')) as unknown as SearchSpace }),
  };
  const study = await client.studies.create(body, { signal });
  if (terminal.json) terminal.result(study);
  else terminal.data(study.id);
}

async function updateStudy(id: string, { name, metadata, space }: UpdateOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const body: StudyUpdate = {
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata: await jsonArgument(metadata, '--metadata') }),
    ...(space !== undefined && {
      search_space: space === 'none' ? null : ((await jsonArgument(space, '--space')) as unknown as SearchSpace),
    }),
  };
  if (Object.keys(body).length === 0) {
    throw new CliError('usage', 'There is nothing to change.', 'Say --name, --metadata or --space.');
  }
  const study = await client.studies.update(id, body, { signal });
  if (terminal.json) terminal.result(study);
  else terminal.data(describeStudy(study));
}

async function deleteStudies(ids: string[], { yes }: { yes: boolean }, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const studies: Study[] = [];
  for (const id of ids) studies.push(await client.studies.get(id, { signal }));
  const trials = studies.reduce((sum, { trial_counts: t }) => sum + t.completed + t.running + t.infeasible, 0);
  const what = studies.map(({ id, name }) => `"${name}" (${id})`).join(', ');
  await confirm(`${what} with ${trials} trials`, yes, signal);
  for (const { id } of studies) await client.studies.delete(id, { signal });
  terminal.result({ deleted: ids });
  terminal.say(`${terminal.style('green', '✓')} deleted ${what}`);
}

function describeStudy({ id, name, objectives, trial_counts, metadata, search_space, created_at }: Study): string {
  const { completed, running, infeasible } = trial_counts;
  return details({
    id,
    name,
    objectives: objectives.map((o) => [o.name, ...[o.goal, o.unit].filter(Boolean)].join(', ')).join('\n'),
    trials: `${completed} completed, ${running} running, ${infeasible} infeasible`,
    'search space': search_space ? JSON.stringify(search_space, null, 2) : undefined,
    metadata: Object.keys(metadata).length > 0 ? JSON.stringify(metadata, null, 2) : undefined,
    created: created_at,
  });
}

/** `name`, `name:minimize` or `name:maximize:unit`. */
function parseObjective(value: string): Objective {
  const [, name, goal, unit] = /^(.+?)(?::(minimize|maximize)(?::(.+))?)?$/.exec(value) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write name, name:minimize or name:maximize:unit.');
  return { name, ...(goal && { goal: goal as NonNullable<Objective['goal']> }), ...(unit && { unit }) };
}

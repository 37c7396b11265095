// omnireg keys: make, list and delete the keys that open a service; the first one in its data folder, without a service.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ApiKeyCreate } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { addDefaultList, columnsOf, type ListingOptions, pageSize, shorten, shortTime, writeList } from '../listing.js';
import { contextOf, text } from '../options.js';
import { packageRoot } from '../package-root.js';

interface CreateOptions {
  scope?: NonNullable<ApiKeyCreate['scope']>;
  expires?: string;
  data?: string;
}

export function addKeysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .description('make, list and delete keys; commands send the one in OMNIREG_API_KEY');
  addDefaultList(keys, 'list keys, newest first', listKeys);
  keys
    .command('create')
    .description('make a key and write it to stdout, once; the service keeps only its hash')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option(
        '--scope <scope>',
        'read: read and predict; write: also write, train and delete; admin: also keys (default: write; with --data admin)',
      ).choices(['read', 'write', 'admin']),
    )
    .option('--expires <time>', 'from when on it opens nothing, such as 2030-01-31', parseTime)
    .option(
      '--data <folder>',
      'make it in this data folder, with no service running: the first key, or a new one where all are lost',
      text,
    )
    .action(createKey);
  keys
    .command('delete')
    .description('take keys away: they open nothing from now on')
    .argument('<keys...>', 'ids')
    .action(async (ids: string[], _options: object, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      for (const id of ids) await client.keys.delete(id, { signal });
      terminal.result({ deleted: ids });
      terminal.say(`${terminal.style('green', '✓')} deleted ${ids.join(', ')}`);
    });
}

async function listKeys(options: ListingOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  await writeList(terminal, options, {
    entries: client.keys.list({ limit: pageSize(options) }, { signal }),
    columns: columnsOf('id', 'name', 'scope', 'begins with', 'last used (UTC)', 'expires (UTC)', 'created (UTC)'),
    cells: ({ id, name, scope, prefix, last_used_at, expires_at, created_at }) => [
      id,
      shorten(name, 30),
      scope,
      prefix,
      ...[last_used_at, expires_at].map((time) => (time === null ? 'never' : shortTime(time))),
      shortTime(created_at),
    ],
    none: 'There are no keys. While there are none, the service asks for none.',
  });
}

async function createKey(name: string, { expires, data, ...options }: CreateOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const scope = options.scope ?? (data === undefined ? 'write' : 'admin');
  if (data !== undefined && expires !== undefined) {
    throw new CliError('usage', 'A key made in a data folder does not expire.', 'Leave out --expires or --data.');
  }
  const made: { id: string; key: string | null } =
    data === undefined
      ? await client.keys.create({ name, scope, ...(expires !== undefined && { expires_at: expires }) }, { signal })
      : await createIn(data, name, scope);
  if (made.key === null) {
    const message = `The key ${made.id} was made, but its answer was lost on the way, and the service does not know it any more.`;
    throw new CliError('server_failed', message, `Delete it and make another: omnireg keys delete ${made.id}`);
  }
  terminal.result(made);
  if (!terminal.json) terminal.data(made.key);
  terminal.say(
    terminal.style('dim', `${made.id}, scope ${scope}. It is shown this once; commands read it from OMNIREG_API_KEY.`),
  );
}

/** @throws CliError server_failed with what the process said */
async function createIn(folder: string, name: string, scope: string): Promise<{ id: string; key: string | null }> {
  const entry = fileURLToPath(new URL('dist/service/access/create-key.js', packageRoot));
  const args = [entry, '--data-dir', resolve(folder), '--name', name, '--scope', scope];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as { id: string; key: string };
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const said = /^\w*Error: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? message;
    throw new CliError('server_failed', `No key could be made in ${folder}: ${said}`, 'Mend what it names.', error);
  }
}

function parseTime(value: string): string {
  const time = new Date(value);
  if (Number.isNaN(time.getTime()) || !/^\d{4}-/.test(value))
    throw new InvalidArgumentError('Write a day or a time: 2030-01-31T12:00:00Z.');
  return time.toISOString();
}

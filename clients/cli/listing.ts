// Lists on stdout: a table for people, ids for scripts (--quiet), a JSON array for programs; any length in bounded memory.
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { nearestName } from '../../service/tabular/nearest.js';
import type { OmniReg, RequestOptions } from '../sdk/index.js';
import { CliError } from './errors.js';
import { contextOf } from './options.js';
import { type Column, renderTable } from './table.js';
import type { Terminal } from './terminal.js';

export interface ListingOptions {
  /** Infinity: all. */
  limit: number;
  quiet: boolean;
}

const DEFAULT_LIMIT = 50;
/** Rows that share their columns' widths; a longer table has its header again. */
const TABLE_ROWS = 1000;

export function addListingOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'how many, or all', parseLimit, DEFAULT_LIMIT)
    .option('-q, --quiet', 'ids only', false);
}

/** The subcommand that runs where none is named. A word that names none is told as such, and not as an argument too many. */
export function addDefaultList<Options>(
  group: Command,
  description: string,
  action: (options: ListingOptions & Options, command: Command) => Promise<void>,
): Command {
  const list = group
    .command('list', { isDefault: true })
    .description(description)
    .argument('[word...]')
    .usage('[options]');
  return addListingOptions(list).action(async ([word]: string[], options: ListingOptions & Options) => {
    if (word === undefined) return action(options, list);
    const names = group.commands.map((command) => command.name());
    const message = `"${word}" is not a command of omnireg ${group.name()}.${nearestName(word, names)}`;
    throw new CliError('usage', message, `Commands are ${names.join(', ')}.`);
  });
}

export interface Shown<T> {
  description: string;
  /** Of the argument: what it is the id of. */
  of: string;
  get: (client: OmniReg, id: string, options: RequestOptions) => Promise<T>;
  describe: (entry: T) => string;
}

/** The subcommand that shows one entry by its id. */
export function addShow<T>(group: Command, { description, of, get, describe }: Shown<T>): void {
  group
    .command('show')
    .description(description)
    .argument(`<${of}>`, `id of the ${of}`)
    .action(async (id: string, _options: object, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      const entry = await get(client, id, { signal });
      if (terminal.json) terminal.result(entry);
      else terminal.data(describe(entry));
    });
}

function parseLimit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new InvalidArgumentError('Write a whole number from 1, or all.');
}

/** What to ask the service for at once. */
export function pageSize({ limit }: ListingOptions): number {
  return Math.min(1000, limit + 1);
}

export interface Listing<T> {
  entries: AsyncIterable<T>;
  columns: readonly Column[];
  cells: (entry: T) => string[];
  /** Said where there is nothing. */
  none: string;
}

/** Writes the first `limit` entries. */
export async function writeList<T extends { id: string }>(
  terminal: Terminal,
  { limit, quiet }: ListingOptions,
  { entries, columns, cells, none }: Listing<T>,
): Promise<void> {
  let rows: string[][] = [];
  const flush = () => {
    if (rows.length === 0) return;
    terminal.data(renderTable(columns, rows, (row, line) => (row < 0 ? terminal.dataStyle('dim', line) : line)));
    rows = [];
  };
  let count = 0;
  let more = false;
  let open = '[';
  for await (const entry of entries) {
    if (count === limit) {
      more = true;
      break;
    }
    count++;
    if (terminal.json) {
      // Line by line, so that a million of them need no more memory than one.
      terminal.data(`${open}${JSON.stringify(entry)}`);
      open = ',';
    } else if (quiet) terminal.data(entry.id);
    else if (rows.push(cells(entry)) === TABLE_ROWS) flush();
  }
  flush();
  if (terminal.json) terminal.data(count === 0 ? '[]' : ']');
  if (count === 0) terminal.say(none);
  if (more) terminal.say(terminal.style('dim', `The first ${count}; more with --limit all`));
}

/** Left-aligned columns of these titles, but for those that are named with a "#" in front: numbers stand to the right. */
export function columnsOf(...titles: string[]): Column[] {
  return titles.map((title) =>
    title.startsWith('#') ? { title: title.slice(1), align: 'right' } : { title, align: 'left' },
  );
}

/** A time as people read it, in UTC. */
export function shortTime(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

/** At most so many characters of a text, on one line. */
export function shorten(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

/** Names and values below each other, aligned; undefined values are left out. */
export function details(entries: Readonly<Record<string, string | undefined>>): string {
  const shown = Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`)
    .join('\n');
}

// Options that several commands share, and the parsers that turn their text into values or usage errors.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { InfeasibleMark } from '../../service/tabular/plan.js';
import type { JsonObject, OmniReg } from '../sdk/index.js';
import { connect } from './connect.js';
import { CliError } from './errors.js';
import { PRIVATE_URL, PrivateServer } from './private-server.js';
import { Terminal } from './terminal.js';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** Options of every command. */
export interface GlobalOptions {
  url: string;
  db?: string;
  json: boolean;
}

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('--url <url>', 'where the service is').env('OMNIREG_URL').default(DEFAULT_URL).argParser(parseUrl),
    )
    .option('--db <file>', 'work on this database, with no service running (made where there is none)')
    .option('--json', 'one JSON document on stdout, for programs', false);
}

/** What a command works with, from its own and the global options. */
export function contextOf(command: Command): { terminal: Terminal; client: OmniReg; signal: AbortSignal } {
  const { url, db, json } = command.optsWithGlobals<GlobalOptions>();
  const terminal = new Terminal({ json });
  const { signal } = interruption;
  if (db === undefined) return { terminal, client: connect(url, terminal), signal };
  if (command.getOptionValueSourceWithGlobals('url') === 'cli')
    throw new CliError('usage', '--db and --url are two places.', 'Leave out one of them.');
  const models = !WITHOUT_MODELS.has(nameOf(command));
  const server = new PrivateServer({
    database: db,
    models,
    onLog: (line) => terminal.say(terminal.style('dim', line)),
  });
  return { terminal, client: connect(PRIVATE_URL, terminal, { server }), signal };
}

/** Commands that only move rows. */
const WITHOUT_MODELS: ReadonlySet<string> = new Set(['import', 'export', 'studies', 'trials', 'keys', 'backup']);

/** Of a command in a command the outer one. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? nameOf(parent) : command.name();
}

/** Aborted by the first Ctrl-C (main.ts); commands clean up and end with 130. */
export const interruption = new AbortController();

export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError(`Write an address such as ${DEFAULT_URL}.`);
  }
  return text;
}

/** A parser of whole numbers from `min` to `max`. */
export function integerOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
  };
}

/** Collects an option that may be given more than once. */
export function collected<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

export function text(value: string): string {
  return value;
}

export type HyperparameterValue = number | string | string[];

/** `name=value`, a knob of the training. */
export function parseHyperparameter(value: string): [string, HyperparameterValue] {
  const [, name, text] = /^\s*([\w.]+)\s*=\s*(\S+)\s*$/.exec(value) ?? [];
  if (name === undefined || text === undefined) {
    throw new InvalidArgumentError(
      'Write name=value, such as learning_rate=0.001, device=cpu or, for a list, lora_targets=[q,v].',
    );
  }
  const list = /^\[(.+)\]$/.exec(text)?.[1];
  if (list !== undefined) return [name, list.split(',')];
  return [name, Number.isFinite(Number(text)) ? Number(text) : text];
}

/** A level in (0, 1). */
export function parseLevel(value: string): number {
  const level = Number(value);
  if (value.trim() !== '' && level > 0 && level < 1) return level;
  throw new InvalidArgumentError('Write a level between 0 and 1, such as 0.9.');
}

export function parseDelimiter(value: string): string {
  const named: Record<string, string> = { tab: '\t', '\\t': '\t', comma: ',', semicolon: ';', pipe: '|', space: ' ' };
  const delimiter = named[value] ?? value;
  if ([...delimiter].length === 1 && !'"\r\n'.includes(delimiter)) return delimiter;
  throw new InvalidArgumentError('Write one character, or tab.');
}

export function parseInfeasible(value: string): InfeasibleMark {
  if (value === 'empty' || value === 'nan') return { type: value };
  if (value.trim() !== '') return { type: 'value', value };
  throw new InvalidArgumentError('Write empty, nan, or the text that marks a failed experiment.');
}

/** Parameters of an x. */
export function parseJsonObject(value: string): JsonObject {
  let x: unknown;
  try {
    x = JSON.parse(value);
  } catch (error) {
    throw new InvalidArgumentError(
      `It is not JSON (${(error as Error).message}). Write '{"level": 6}', in single quotes for the shell.`,
    );
  }
  if (typeof x !== 'object' || x === null || Array.isArray(x))
    throw new InvalidArgumentError(`Write a JSON object: '{"level": 6}'.`);
  return x as JsonObject;
}

// From defaults, OMNIREG_* variables, flags and the caller to one typed configuration that knows where each value is from.
import { join, resolve } from 'node:path';
import { nearestName } from '../trainer/nearest.js';
import { MIN_SECRET_LENGTH, SETTINGS, type ServiceConfig, type Setting, type SettingName } from './settings.js';

export type { ServiceConfig } from './settings.js';
export { NO_BASE_MODEL, SHIPPED_BASE_MODEL } from './settings.js';

const NAMES = Object.keys(SETTINGS) as SettingName[];
const settingOf = (name: SettingName): Setting<unknown> => SETTINGS[name];

export const DEFAULT_CONFIG = Object.fromEntries(
  NAMES.map((name) => [name, SETTINGS[name].default]),
) as unknown as ServiceConfig;

const PREFIX = 'OMNIREG_';
/** Variables of the command line, the SDK and the tests, which a server that they start inherits. */
const NOT_OURS = /^OMNIREG_(URL|API_KEY|REQUIRE_[A-Z]+)$/;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_config';
}

export type Source = 'default' | 'environment' | 'flag' | 'option';

export interface ResolvedConfig {
  config: ServiceConfig;
  sources: Record<SettingName, Source>;
}

/**
 * Defaults, overridden by the environment (`OMNIREG_DATA_DIR` for `dataDir`), by flags (`--data-dir`), by `options`.
 * @param flags arguments of a command line: `--name value`, `--name=value`, and `--name` alone for a switch
 * @throws ConfigError that names the setting, and the nearest known one where it is unknown
 */
export function resolveSettings(
  options: Partial<ServiceConfig> = {},
  env: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): ResolvedConfig {
  const config: Record<string, unknown> = { ...DEFAULT_CONFIG };
  const sources = Object.fromEntries(NAMES.map((name) => [name, 'default'])) as Record<SettingName, Source>;
  const set = (shown: string, name: SettingName, value: unknown, source: Source) => {
    check(shown, name, value);
    config[name] = value;
    sources[name] = source;
  };
  const byVariable = new Map(NAMES.map((name) => [variableOf(name), name]));
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || NOT_OURS.test(variable) || text === undefined) continue;
    const name = byVariable.get(variable);
    if (name === undefined) throw unknownSetting(variable, [...byVariable.keys()]);
    set(variable, name, fromText(name, text), 'environment');
  }
  for (const [flag, name, text] of readFlags(flags)) set(flag, name, fromText(name, text), 'flag');
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(SETTINGS, key)) throw unknownSetting(key, NAMES);
    if (value !== undefined) set(key, key as SettingName, value, 'option');
  }
  return { config: config as unknown as ServiceConfig, sources };
}

/** As `resolveSettings`, without the sources. */
export function resolveConfig(options: Partial<ServiceConfig> = {}, env: NodeJS.ProcessEnv = {}): ServiceConfig {
  return resolveSettings(options, env).config;
}

/** Path of the database. */
export function databaseFileOf({ database, dataDir }: Pick<ServiceConfig, 'database' | 'dataDir'>): string {
  return database === '' ? join(resolve(dataDir), 'omnireg.sqlite') : resolve(database);
}

/** `dataDir` → `OMNIREG_DATA_DIR` */
export function variableOf(name: string): string {
  return PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** `dataDir` → `--data-dir` */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`;
}

/** One entry a setting, for people and programs; of a secret only whether it is set. */
export function describeSettings({ config, sources }: ResolvedConfig) {
  return NAMES.map((name) => {
    const { default: fallback, description, choices, secret } = settingOf(name);
    const hidden = secret && config[name] !== '' ? '(set)' : config[name];
    const names = { name, variable: variableOf(name), flag: flagOf(name) };
    return {
      ...names,
      value: hidden,
      source: sources[name],
      default: fallback,
      ...(choices && { choices }),
      description,
    };
  });
}

function* readFlags(flags: readonly string[]): Generator<[string, SettingName, string]> {
  const byFlag = new Map(NAMES.map((name) => [flagOf(name), name]));
  for (let i = 0; i < flags.length; i++) {
    const [flag, ...given] = flags[i]!.split('=') as [string, ...string[]];
    const name = byFlag.get(flag);
    if (name === undefined) throw unknownSetting(flag, [...byFlag.keys()]);
    const isSwitch = typeof SETTINGS[name].default === 'boolean';
    if (given.length > 0) yield [flag, name, given.join('=')];
    else if (isSwitch) yield [flag, name, 'true'];
    else if (i + 1 < flags.length) yield [flag, name, flags[++i]!];
    else throw new ConfigError(`${flag} needs a value`);
  }
}

/** What a text stands for; a text that stands for nothing is given back, for `check` to refuse. */
function fromText(name: SettingName, text: string): unknown {
  const type = typeof SETTINGS[name].default;
  if (type === 'number') return text.trim() === '' ? text : Number(text);
  if (type === 'boolean') return { true: true, '1': true, false: false, '0': false }[text] ?? text;
  return text;
}

function check(shown: string, name: SettingName, value: unknown): void {
  const { default: fallback, choices, range, optional, secret } = settingOf(name);
  const refuse = (wanted: string) => {
    throw new ConfigError(`${shown} must be ${wanted}${secret ? '' : `, not ${JSON.stringify(value)}`}`);
  };
  if (typeof fallback === 'number') {
    const [min, max] = range ?? [1, 2 ** 31 - 1];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      refuse(`an integer from ${min} to ${max}`);
  } else if (typeof fallback === 'boolean') {
    if (typeof value !== 'boolean') refuse('true or false');
  } else if (choices) {
    if (!choices.includes(String(value))) refuse(`one of ${choices.join(', ')}`);
  } else if (typeof value !== 'string' || (value === '' && !optional)) {
    throw new ConfigError(`${shown} must be a text that is not empty`);
  } else if (secret && value !== '' && value.length < MIN_SECRET_LENGTH) {
    refuse(`at least ${MIN_SECRET_LENGTH} characters long`);
  }
}

function unknownSetting(name: string, known: readonly string[]): ConfigError {
  const nearest = nearestName(name, [...known]);
  return new ConfigError(
    `${name} is not a setting; ${nearest ? `did you mean ${nearest}?` : `known are ${known.join(', ')}`}`,
  );
}

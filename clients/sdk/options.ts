// What a client can be told, what it takes where it is told nothing, and what it cannot use.
import { type APIConnectionError, type APIError, OmniRegError } from './errors.js';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Where the service is, a path in front of `/v1` included. Default: `OMNIREG_URL`, else http://127.0.0.1:8080. */
  baseUrl?: string | undefined;
  /** Sent as `Authorization: Bearer …`. Default: `OMNIREG_API_KEY`, else none. */
  apiKey?: string | undefined;
  /** How long one try may take, in ms; predictions and explanations are given five times that. */
  timeout?: number | undefined;
  /** How often a request is repeated that met a broken connection or a busy service. */
  maxRetries?: number | undefined;
  /** First pause before a repetition, in ms; doubled each time, and shortened by up to a quarter at random. */
  initialRetryDelay?: number | undefined;
  /** Longest pause, in ms. */
  maxRetryDelay?: number | undefined;
  /** Longest `Retry-After` that is waited for, in ms; where the service asks for more, its error is thrown at once. */
  maxRetryAfter?: number | undefined;
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What requests are made with, in place of the global `fetch`. */
  fetch?: Fetch | undefined;
  /** Told of every repetition before its pause; what it throws ends the call. */
  onRetry?: ((retry: Retry) => void) | undefined;
}

export interface Retry {
  error: APIError | APIConnectionError;
  /** Of the repetition that follows, from 1. */
  attempt: number;
  /** How long it is waited before, in ms. */
  delay: number;
}

export const clientDefaults = {
  baseUrl: 'http://127.0.0.1:8080',
  apiKey: undefined,
  timeout: 60_000,
  maxRetries: 2,
  initialRetryDelay: 500,
  maxRetryDelay: 8_000,
  maxRetryAfter: 60_000,
  headers: {},
  fetch: undefined,
  onRetry: undefined,
} as const satisfies { [Name in keyof Required<ClientOptions>]: ClientOptions[Name] };

type Optional = 'apiKey' | 'fetch' | 'onRetry';
/** The options with their defaults. */
export type Settings = { [Name in Exclude<keyof ClientOptions, Optional>]-?: NonNullable<ClientOptions[Name]> } & {
  [Name in Optional]-?: ClientOptions[Name] | undefined;
};

/** @throws OmniRegError invalid_option */
export function settingsFrom(options: ClientOptions): Settings {
  for (const name of Object.keys(options)) {
    if (name in clientDefaults) continue;
    const near = Object.keys(clientDefaults).find((known) => known.toLowerCase() === name.toLowerCase());
    const fix = near ? `Did you mean "${near}"?` : `Known options are ${Object.keys(clientDefaults).join(', ')}.`;
    throw new OmniRegError('invalid_option', `"${name}" is not an option of OmniReg. ${fix}`);
  }
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as Partial<Settings>;
  const fromEnvironment = { baseUrl: environment('OMNIREG_URL'), apiKey: environment('OMNIREG_API_KEY') };
  const baseUrl = given.baseUrl ?? fromEnvironment.baseUrl ?? clientDefaults.baseUrl;
  if (!/^https?:\/\/[^/]/i.test(baseUrl) || !canParse(baseUrl)) {
    const message = `baseUrl ${JSON.stringify(baseUrl)} is no address. Write one such as ${clientDefaults.baseUrl}.`;
    throw new OmniRegError('invalid_option', message);
  }
  const apiKey = given.apiKey ?? fromEnvironment.apiKey;
  return { ...clientDefaults, ...given, apiKey, baseUrl: baseUrl.replace(/\/+$/, '') };
}

function canParse(url: string): boolean {
  try {
    new URL(url);
    return true;
  } catch {
    return false;
  }
}

export type WithProcess = { process?: { env?: Record<string, string | undefined>; versions?: { node?: string } } };

function environment(name: string): string | undefined {
  return (globalThis as WithProcess).process?.env?.[name] || undefined;
}

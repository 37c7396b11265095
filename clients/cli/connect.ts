// The commands' client: patient with a service that restarts, not with one that was never there, and it says what it waits for.
import { type Fetch, OmniReg } from '../sdk/index.js';
import { CliError } from './errors.js';
import type { Terminal } from './terminal.js';

export const connectDefaults = {
  /** With the pauses below about a minute. */
  maxRetries: 16,
  initialRetryDelay: 200,
  maxRetryDelay: 5_000,
  /** How long to go on where nothing ever answered, in ms: more likely nobody is there than somebody restarts. */
  firstContact: 3_000,
};

/** Shorter patience, for tests; and the server that is asked, where it is one of our own. */
export interface ConnectOptions extends Partial<typeof connectDefaults> {
  server?: { readonly apiKey: string; readonly fetch: Fetch };
}

export function connect(url: string, terminal: Terminal, options: ConnectOptions = {}): OmniReg {
  const { firstContact, server, ...retries } = { ...connectDefaults, ...options };
  let answered = false;
  let notStarted: CliError | undefined;
  let firstFailure: number | undefined;
  let lastCode = '';
  return new OmniReg({
    baseUrl: url,
    ...(server && { apiKey: server.apiKey }),
    ...retries,
    fetch: async (address, init) => {
      try {
        const response = await (server?.fetch ?? fetch)(address, init);
        answered = true;
        return response;
      } catch (error) {
        // Our own server says better than a broken connection why it did not start.
        if (error instanceof CliError) notStarted = error;
        throw error;
      }
    },
    onRetry: ({ error, delay }) => {
      if (notStarted) throw notStarted;
      firstFailure ??= performance.now();
      if (!answered && performance.now() - firstFailure + delay > firstContact) throw error;
      // One line for a restart, not one for every try.
      if (error.code !== lastCode) terminal.say(terminal.style('dim', `${error.message} Trying again …`));
      lastCode = error.code;
    },
  });
}

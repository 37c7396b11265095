// The commands' client: patient with a service that restarts, not with one that was never there, and it says what it waits for.
import { OmniReg } from '../sdk/index.js';
import type { Terminal } from './terminal.js';

export const connectDefaults = {
  /** With the pauses below about a minute. */
  maxRetries: 16,
  initialRetryDelay: 200,
  maxRetryDelay: 5_000,
  /** How long to go on where nothing ever answered, in ms: more likely nobody is there than somebody restarts. */
  firstContact: 3_000,
};

/** @param options Shorter patience, for tests. */
export function connect(url: string, terminal: Terminal, options: Partial<typeof connectDefaults> = {}): OmniReg {
  const { firstContact, ...retries } = { ...connectDefaults, ...options };
  let answered = false;
  let firstFailure: number | undefined;
  let lastCode = '';
  return new OmniReg({
    baseUrl: url,
    ...retries,
    fetch: async (address, init) => {
      const response = await fetch(address, init);
      answered = true;
      return response;
    },
    onRetry: ({ error, delay }) => {
      firstFailure ??= performance.now();
      if (!answered && performance.now() - firstFailure + delay > firstContact) throw error;
      // One line for a restart, not one for every try.
      if (error.code !== lastCode) terminal.say(terminal.style('dim', `${error.message} Trying again …`));
      lastCode = error.code;
    },
  });
}

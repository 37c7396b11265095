// Asks before something is deleted; where nobody can answer, the command line has to say so itself.
import { createInterface } from 'node:readline/promises';
import { CliError } from './errors.js';

/** @throws CliError usage where there is no terminal to ask on, or the answer is not yes */
export async function confirm(what: string, yes: boolean, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CliError('usage', `This would delete ${what}.`, 'Say --yes where nobody can be asked.');
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Delete ${what}? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('usage', 'Nothing was deleted.', 'Answer y to delete.');
  } finally {
    terminal.close();
  }
}

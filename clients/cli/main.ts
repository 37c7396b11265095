#!/usr/bin/env node
// Entry point of the command line: runs the command, reports how it failed, and sets the exit status.
import { describeError } from './describe-error.js';
import { exitCodes } from './errors.js';
import { interruption } from './options.js';
import { stopPrivateServers } from './private-server.js';
import { buildProgram } from './program.js';
import { Terminal } from './terminal.js';

const json = process.argv.includes('--json');
const terminal = new Terminal({ json });

// The first signal asks the command to end; a second one does not ask.
type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
let signalled: Signal | undefined;
const onSignal = (signal: Signal) => {
  if (signalled) process.exit(exitOf(signal));
  signalled = signal;
  interruption.abort();
};
const exitOf = (signal: Signal) => (signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
// "omnireg … | head" closes the pipe: there is nobody left to write to.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  report(error);
} finally {
  await stopPrivateServers();
}
if (signalled) process.exitCode = exitOf(signalled);

function report(error: unknown): void {
  const { code, lines, exitCode } = describeError(error);
  process.exitCode = exitCode;
  if (exitCode === exitCodes.ok) return;
  if (signalled) {
    terminal.say('Interrupted.');
    return;
  }
  if (lines.length === 0) return;
  if (json) terminal.result({ error: { code, message: lines.join(' ') } });
  terminal.say(
    `${terminal.style('red', 'error:')} ${lines.map((line) => line.replace(/^error: /, '')).join('\n       ')}`,
  );
}

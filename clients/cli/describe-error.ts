// Any error as lines for people, a code for programs and the status to exit with.
import { CommanderError } from 'commander';
import { TabularError } from '../../service/tabular/errors.js';
import { APIConnectionError, APIError, OmniRegError } from '../sdk/index.js';
import { CliError, cliErrorCodes, exitCodes } from './errors.js';

export interface DescribedError {
  code: string;
  /** What happened first, then each detail with its fix. */
  lines: string[];
  exitCode: number;
}

export function describeError(error: unknown): DescribedError {
  if (error instanceof CliError)
    return { code: error.code, lines: [error.message, error.fix], exitCode: error.exitCode };
  if (error instanceof TabularError)
    return { code: error.code, lines: [error.message, error.fix], exitCode: cliErrorCodes[error.code].exit };
  if (error instanceof CommanderError) {
    // The bare command has shown its help already.
    const lines = error.code === 'commander.help' ? [] : [error.message];
    return { code: 'usage', lines, exitCode: error.exitCode === 0 ? exitCodes.ok : exitCodes.usage };
  }
  if (error instanceof OmniRegError) {
    // The detail of a problem is that of its first field error, which is said with its fix.
    const fields = error instanceof APIError ? error.errors : [];
    const lines = fields.map(({ pointer, detail, fix }) => `${pointer} ${detail}. ${fix}`);
    if (lines.length === 0) lines.push(error.message);
    lines[0] += ` [${error.code}]`;
    if (error instanceof APIConnectionError) {
      lines.push('Start the service with "omnireg serve", or say where it is with --url or OMNIREG_URL.');
    }
    if (error.code === 'missing_key') lines.push('Put a key into OMNIREG_API_KEY: omnireg keys create --help');
    if (error.code === 'no_model') lines.push('Train one: omnireg train --all');
    return { code: error.code, lines, exitCode: exitCodes.failed };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'interrupted', lines: ['Interrupted.'], exitCode: exitCodes.interrupted };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'defect',
    lines: ['This is a defect of omnireg; please report it:', text],
    exitCode: exitCodes.failed,
  };
}

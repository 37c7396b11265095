// omnireg config: every setting of the service, its value here and now, and where that is from.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { contextOf } from '../options.js';
import { packageRoot } from '../package-root.js';
import { type Column, renderTable } from '../table.js';

/** As the service prints it. */
interface SettingLine {
  name: string;
  variable: string;
  flag: string;
  value: string | number | boolean;
  source: 'default' | 'environment' | 'flag';
  default: string | number | boolean;
  choices?: string[];
  description: string;
}

const COLUMNS: Column[] = ['flag', 'variable', 'value', 'source'].map((title) => ({ title, align: 'left' }));

const run = promisify(execFile);

export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description("print the service's settings, and whether each is a default, from the environment or from a flag")
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', '\nTakes the flags of "omnireg serve", and starts nothing.')
    .action(async (_: object, command: Command) => {
      const { terminal } = contextOf(command);
      const settings = await readSettings(command.args);
      terminal.result(settings);
      const rows = settings.map(({ flag, variable, value, source }) => [flag, variable, String(value), source]);
      if (!terminal.json) terminal.data(renderTable(COLUMNS, rows));
    });
}

/** @throws CliError `usage` with the service's words where a setting is not as it must be */
export async function readSettings(flags: readonly string[]): Promise<SettingLine[]> {
  const entry = fileURLToPath(new URL('dist/service/main.js', packageRoot));
  try {
    const { stdout } = await run(process.execPath, [entry, '--print-config', ...flags]);
    return JSON.parse(stdout) as SettingLine[];
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? '').trim();
    throw new CliError(
      'usage',
      said === '' ? String(error) : said.replace('OmniReg cannot run: ', ''),
      'Correct it.',
      error,
    );
  }
}

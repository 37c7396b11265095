// omnireg backup FILE: a copy of the database as it is now, while a service may be working on it.
import type { Command } from 'commander';
import { backupDatabase } from '../database-process.js';
import { CliError } from '../errors.js';
import { contextOf, type GlobalOptions } from '../options.js';

export function addBackupCommand(program: Command): void {
  program
    .command('backup')
    .description('copy the database of this machine as it is now, while a service may be working on it')
    .argument('<file>', 'the copy; must not be there yet')
    .action(async (file: string, _options: object, command: Command) => {
      const { terminal } = contextOf(command);
      const { db } = command.optsWithGlobals<GlobalOptions>();
      if (command.getOptionValueSourceWithGlobals('url') === 'cli')
        throw new CliError(
          'usage',
          'backup copies a file of this machine, not a service.',
          'Name it with --db, or OMNIREG_DATA_DIR.',
        );
      const made = await backupDatabase(db, file);
      terminal.result(made);
      const size = (made.bytes / 1e6).toFixed(1);
      terminal.say(`${terminal.style('green', '✓')} ${made.database} → ${made.file}, ${size} MB`);
      terminal.say('  Models are files of their own, which never change: copy the folder "models" beside it.');
    });
}

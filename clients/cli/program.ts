// The omnireg command: its subcommands and what they share.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addBackupCommand } from './commands/backup.js';
import { addCompletionCommand } from './commands/completion.js';
import { addConfigCommand } from './commands/config.js';
import { addDemoCommand } from './commands/demo.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addExplainCommand } from './commands/explain.js';
import { addExportCommand } from './commands/export.js';
import { addImportCommand } from './commands/import.js';
import { addJobsCommand } from './commands/jobs.js';
import { addKeysCommand } from './commands/keys.js';
import { addModelsCommand } from './commands/models.js';
import { addPredictCommand } from './commands/predict.js';
import { addServeCommand } from './commands/serve.js';
import { addStudiesCommand } from './commands/studies.js';
import { addSuggestCommand } from './commands/suggest.js';
import { addTrainCommand } from './commands/train.js';
import { addTrialsCommand } from './commands/trials.js';
import { addGlobalOptions } from './options.js';
import { packageRoot } from './package-root.js';

/** Throws CommanderError instead of exiting, so that main.ts alone decides how the process ends. */
export function buildProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string };
  const program = new Command('omnireg')
    .description('Predicts the outcome of an experiment before it is run.')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      `
Exit status: 0 done · 1 failed · 2 wrong usage · 3 done in part (rows were left out) · 130 interrupted

A first look:  omnireg demo`,
    );
  addGlobalOptions(program);
  const running = [addServeCommand, addConfigCommand, addKeysCommand, addDoctorCommand];
  const data = [addImportCommand, addExportCommand, addBackupCommand, addStudiesCommand, addTrialsCommand];
  const work = [
    addTrainCommand,
    addJobsCommand,
    addPredictCommand,
    addSuggestCommand,
    addExplainCommand,
    addEvaluateCommand,
  ];
  for (const add of [...running, ...data, ...work, addModelsCommand, addDemoCommand, addCompletionCommand])
    add(program);
  return program;
}

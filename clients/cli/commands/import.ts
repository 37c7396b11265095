// omnireg import FILE…: trials from CSV files, one study a file or all into one.
import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import { TabularError } from '../../../service/tabular/errors.js';
import type { InfeasibleMark } from '../../../service/tabular/plan.js';
import { describeRowError } from '../../../service/tabular/row-errors.js';
import { APIError, type OmniReg, type Study } from '../../sdk/index.js';
import { readMetadata } from '../csv/metadata.js';
import { describeError } from '../describe-error.js';
import { CliError, exitCodes } from '../errors.js';
import { type ImportReport, importFile } from '../import-file.js';
import { collected, contextOf, parseDelimiter, parseInfeasible, text } from '../options.js';
import { formatCount, Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';

/** Errors and parameters shown to a person; --json has all parameters and up to 1,000 errors. */
const SHOWN_ERRORS = 20;
const SHOWN_PARAMETERS = 12;

interface ImportCommandOptions {
  study?: string;
  name?: string;
  objective?: string[];
  metadata?: string | false;
  header?: boolean;
  delimiter?: string;
  ignore?: string[];
  statusColumn?: string;
  infeasible?: InfeasibleMark[];
  missing?: string[];
  decimalComma?: boolean;
}

export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description('add the trials of CSV files: each file a new study, or all to --study')
    .argument('<files...>', 'CSV files in UTF-8')
    .option('--study <id>', 'add to this study')
    .option('--name <name>', 'name of the new study (default: the name of the file)')
    .option(
      '--objective <column>',
      'a column that was measured; repeat for several (default: the last)',
      collected(text),
    )
    .option(
      '--metadata <file>',
      'JSON with a description, anything, and "objectives" (default: FILE.json beside FILE.csv)',
    )
    .option('--no-metadata', 'do not look for a JSON file beside the CSV')
    .addOption(new Option('--header', 'the first line names the columns (default: unless it is all numbers)'))
    .option('--no-header', 'the first line is data; columns are named c1, c2, …')
    .option('--delimiter <character>', 'what separates cells (default: found out)', parseDelimiter)
    .option('--ignore <column>', 'a column that is neither parameter nor objective; may be repeated', collected(text))
    .option('--status-column <column>', 'a column that says completed, running or infeasible')
    .option(
      '--infeasible <mark>',
      'y that means the experiment failed: empty, nan, or a text; may be repeated',
      collected(parseInfeasible),
    )
    .option('--missing <text>', 'a cell that means "no value", such as NA; may be repeated', collected(text))
    .option('--decimal-comma', 'numbers are written 1,5')
    .action((files: string[], options: ImportCommandOptions, command: Command) => runImport(files, options, command));
}

async function runImport(files: string[], options: ImportCommandOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  if (files.length > 1 && (options.name !== undefined || typeof options.metadata === 'string')) {
    throw new CliError(
      'usage',
      '--name and --metadata are for one file.',
      'Import the files one by one, or put FILE.json beside each FILE.csv.',
    );
  }
  if (options.study !== undefined && (options.name !== undefined || typeof options.metadata === 'string')) {
    throw new CliError(
      'usage',
      '--study adds to a study that has its name and metadata.',
      'Leave out --name and --metadata.',
    );
  }
  const study = options.study === undefined ? undefined : await client.studies.get(options.study, { signal });
  const reports: ImportReport[] = [];
  const failures: { file: string; code: string; message: string; exitCode: number }[] = [];
  for (const file of files) {
    try {
      const report = await importOne(file, options, study, { terminal, client, signal });
      reports.push(report);
      sayReport(terminal, report);
    } catch (error) {
      // One file that cannot be used does not cost the others; without the service there is no use in going on.
      const fileOnly =
        error instanceof CliError ||
        error instanceof TabularError ||
        (error instanceof APIError && error.status >= 400 && error.status < 500);
      if (signal.aborted || !fileOnly || files.length === 1) throw error;
      const { lines, exitCode, code } = describeError(error);
      failures.push({ file, code, message: lines.join(' '), exitCode });
      terminal.say(`${terminal.style('red', 'error:')} ${lines.join('\n       ')}`);
    }
  }
  terminal.result({ files: reports, failures });
  process.exitCode = exitCodeOf(reports, failures);
}

async function importOne(
  file: string,
  options: ImportCommandOptions,
  study: Study | undefined,
  { terminal, client, signal }: { terminal: Terminal; client: OmniReg; signal: AbortSignal },
): Promise<ImportReport> {
  const name = basename(file, extname(file));
  const beside = file.slice(0, file.length - extname(file).length).concat('.json');
  const metadataFile =
    typeof options.metadata === 'string'
      ? options.metadata
      : !study && options.metadata !== false && existsSync(beside)
        ? beside
        : undefined;
  const { metadata, objectives } =
    metadataFile === undefined ? { metadata: {}, objectives: [] } : await readMetadata(metadataFile);
  if (metadataFile === beside && typeof options.metadata !== 'string')
    terminal.say(terminal.style('dim', `metadata from ${beside}`));
  const wanted = options.objective;
  const known = study?.objectives ?? objectives;
  const progress = new Progress(terminal, `import ${name}`);
  let handled = 0;
  try {
    return await importFile(client, {
      path: file,
      assumed: {},
      study,
      name: options.name ?? name,
      metadata,
      objectives:
        wanted && !study ? wanted.map((column) => known.find((one) => one.name === column) ?? { name: column }) : known,
      objectivesFrom: study ? `an objective of ${study.id}` : wanted ? '--objective' : (metadataFile ?? ''),
      delimiter: options.delimiter,
      header: options.header,
      // What else the metadata calls an objective was measured: it must not become a parameter.
      ignore: [
        ...(options.ignore ?? []),
        ...(wanted && !study ? known.map((one) => one.name).filter((one) => !wanted.includes(one)) : []),
      ],
      statusColumn: options.statusColumn,
      infeasible: options.infeasible ?? [],
      missing: options.missing ?? [],
      decimalComma: options.decimalComma ?? false,
      signal,
      onProgress: (done, total) => {
        handled = done;
        progress.update({ done, total });
      },
    });
  } finally {
    progress.finish();
    if (signal.aborted) terminal.say(`${formatCount(handled)} rows of ${file} were handled before the interruption.`);
  }
}

function sayReport(terminal: Terminal, report: ImportReport): void {
  for (const note of report.notes) terminal.warn(note);
  for (const error of report.errors.slice(0, SHOWN_ERRORS)) {
    terminal.say(`${terminal.style('yellow', 'left out:')} ${describeRowError(error)}`);
  }
  const more = report.errors.length - SHOWN_ERRORS;
  if (more > 0)
    terminal.say(`${terminal.style('yellow', 'left out:')} … and ${formatCount(more)} more; --json lists them`);
  const objectives = report.objectives.map(({ name }) => `"${name}"`).join(', ');
  const assumed = report.objectiveAssumed ? ' (the last column; say otherwise with --objective)' : '';
  const parameters = report.parameters.slice(0, SHOWN_PARAMETERS).map(({ name, kind }) => `${name} (${kind})`);
  if (report.parameters.length > SHOWN_PARAMETERS)
    parameters.push(`… and ${report.parameters.length - SHOWN_PARAMETERS} more`);
  terminal.say(`  objective ${objectives}${assumed}; parameters ${parameters.join(', ')}`);
  const counts = [
    `${formatCount(report.imported)} of ${formatCount(report.rows)} rows imported`,
    report.infeasible > 0 ? `${formatCount(report.infeasible)} of them infeasible` : '',
    report.rejected > 0 ? `${formatCount(report.rejected)} left out` : '',
  ].filter(Boolean);
  const mark = report.rejected > 0 ? terminal.style('yellow', '!') : terminal.style('green', '✓');
  terminal.say(`${mark} ${report.file}: ${counts.join(', ')}${report.study ? ` → ${report.study.id}` : ''}`);
  if (!terminal.json && report.study) terminal.data(report.study.id);
}

function exitCodeOf(reports: readonly ImportReport[], failures: readonly { exitCode: number }[]): number {
  const imported = reports.reduce((sum, { imported }) => sum + imported, 0);
  const rejected = reports.reduce((sum, { rejected }) => sum + rejected, 0);
  if (imported === 0) return failures[0]?.exitCode ?? exitCodes.failed;
  return rejected > 0 || failures.length > 0 ? exitCodes.partial : exitCodes.ok;
}

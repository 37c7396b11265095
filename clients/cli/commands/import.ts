// omnireg import FILE…: trials from tables, one study a table or all into one.
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { type Command, Option } from 'commander';
import { TabularError } from '../../../service/tabular/errors.js';
import type { InfeasibleMark } from '../../../service/tabular/plan.js';
import { APIError, type OmniReg, type Study } from '../../sdk/index.js';
import { readMetadata, type StudyMetadata } from '../csv/metadata.js';
import { describeError } from '../describe-error.js';
import { CliError, exitCodes } from '../errors.js';
import { expandPatterns } from '../import/glob.js';
import { followImport, sayPlan, sayReport } from '../import/report.js';
import { openSources, Spool, TABLE_FORMATS, type TableFormat, type TableSource } from '../import/sources.js';
import { type ImportReport, importFile } from '../import-file.js';
import { collected, contextOf, parseDelimiter, parseInfeasible, text } from '../options.js';
import { formatCount } from '../progress.js';
import type { Terminal } from '../terminal.js';

interface ImportCommandOptions {
  study?: string;
  name?: string;
  format?: TableFormat;
  objective?: string[];
  metadata?: string | false;
  header?: boolean;
  delimiter?: string;
  ignore?: string[];
  statusColumn?: string;
  infeasible?: InfeasibleMark[];
  missing?: string[];
  decimalComma?: boolean;
  onError: 'skip' | 'abort';
  rejects?: string;
  resume?: boolean;
  dryRun?: boolean;
}

export function addImportCommand(program: Command): void {
  program
    .command('import')
    .description('add the trials of tables: each a new study, or all to --study')
    .argument(
      '<files...>',
      'CSV, NDJSON, Parquet, MLflow’s CSV or an Optuna storage; patterns such as runs/*.csv; - for stdin',
    )
    .option('--study <id>', 'add to this study')
    .option('--name <name>', 'name of the new study (default: the name of the file)')
    .addOption(new Option('--format <name>', 'what the files are (default: found out)').choices(TABLE_FORMATS))
    .option(
      '--objective <column>',
      'a column that was measured; repeat for several (default: the last)',
      collected(text),
    )
    .option(
      '--metadata <file>',
      'JSON with a description, anything, and "objectives" (default: FILE.json beside FILE.csv)',
    )
    .option('--no-metadata', 'do not look for a JSON file beside the table')
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
    .addOption(
      new Option('--on-error <what>', 'a bad row: leave it out, or end before it')
        .choices(['skip', 'abort'])
        .default('skip'),
    )
    .option('--rejects <file>', 'write the rows that were left out here, to mend and import')
    .option('--resume', 'go on with an import of the same table that was broken off; nothing comes twice')
    .option('--dry-run', 'say how the table would be read and what of it, and import nothing')
    .action((files: string[], options: ImportCommandOptions, command: Command) => runImport(files, options, command));
}

interface Context {
  terminal: Terminal;
  client: OmniReg;
  signal: AbortSignal;
}

async function runImport(patterns: string[], options: ImportCommandOptions, command: Command): Promise<void> {
  const context = contextOf(command);
  const { terminal, client, signal } = context;
  const files = expandPatterns(patterns);
  checkOptions(files, options);
  const study = options.study === undefined ? undefined : await client.studies.get(options.study, { signal });
  const reports: ImportReport[] = [];
  const failures: { file: string; code: string; message: string; exitCode: number }[] = [];
  const spool = new Spool();
  try {
    for (const file of files) {
      try {
        for await (const source of openSources(file, options.format, spool)) {
          const report = await importOne(source, options, study, context);
          reports.push(report);
          sayReport(terminal, report, options.dryRun ?? false);
        }
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
  } finally {
    await spool.remove();
  }
  terminal.result({ files: reports, failures });
  process.exitCode = exitCodeOf(reports, failures);
}

function checkOptions(files: readonly string[], options: ImportCommandOptions): void {
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
  if (files.length > 1 && options.rejects !== undefined)
    throw new CliError('usage', '--rejects is for one file.', 'Import the files one by one.');
  if (options.dryRun && options.resume)
    throw new CliError('usage', '--dry-run imports nothing, and --resume goes on with it.', 'Leave out one of them.');
}

async function importOne(
  source: TableSource,
  options: ImportCommandOptions,
  study: Study | undefined,
  { terminal, client, signal }: Context,
): Promise<ImportReport> {
  const { metadata, objectives, exported, from } = await metadataOf(source, options, study, terminal);
  const wanted = options.objective;
  const known = study?.objectives ?? objectives;
  const named = options.name ?? exported?.name ?? source.name;
  const progress = followImport(terminal, named);
  try {
    return await importFile(client, {
      path: source.path,
      label: source.label,
      format: source.format,
      types: source.types,
      columns: options.objective || options.ignore || options.statusColumn ? undefined : exported?.columns,
      assumed: {},
      study,
      name: named,
      metadata,
      searchSpace: exported?.searchSpace ?? source.study?.searchSpace,
      objectives:
        wanted && !study ? wanted.map((column) => known.find((one) => one.name === column) ?? { name: column }) : known,
      objectivesFrom: study ? `an objective of ${study.id}` : wanted ? '--objective' : from,
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
      onError: options.onError,
      resume: options.resume ?? false,
      dryRun: options.dryRun ?? false,
      rejects: options.rejects,
      signal,
      onPlan: (report) => sayPlan(terminal, report),
      onProgress: progress.update,
    });
  } catch (error) {
    if (error instanceof APIError && error.code === 'row_rejected') {
      const fix = 'The rows before it are. Mend it and run the same command again with --resume.';
      throw new CliError('row_rejected', `${source.label ?? source.path}, ${error.message}.`, fix, error);
    }
    throw error;
  } finally {
    progress.finish();
    if (signal.aborted) {
      const on = 'the same command with --resume goes on';
      terminal.say(`${formatCount(progress.rows())} rows of ${source.label ?? source.path} are in; ${on}.`);
    }
  }
}

/** What is known of the study: from the table itself, from --metadata, or from a JSON file beside the table. */
async function metadataOf(
  source: TableSource,
  options: ImportCommandOptions,
  study: Study | undefined,
  terminal: Terminal,
): Promise<StudyMetadata & { from: string }> {
  const { file } = source;
  const beside = file?.slice(0, file.length - extname(file).length).concat('.json');
  const path =
    typeof options.metadata === 'string'
      ? options.metadata
      : !study && options.metadata !== false && beside !== undefined && beside !== file && existsSync(beside)
        ? beside
        : undefined;
  if (path === undefined) {
    const told = study ? undefined : source.study;
    return { metadata: told?.metadata ?? {}, objectives: told?.objectives ?? [], from: source.label ?? '' };
  }
  const read = await readMetadata(path);
  if (typeof options.metadata !== 'string') terminal.say(terminal.style('dim', `metadata from ${path}`));
  return { ...read, from: path };
}

function exitCodeOf(reports: readonly ImportReport[], failures: readonly { exitCode: number }[]): number {
  const imported = reports.reduce((sum, { imported }) => sum + imported, 0);
  const rejected = reports.reduce((sum, { rejected }) => sum + rejected, 0);
  if (imported === 0) return failures[0]?.exitCode ?? exitCodes.failed;
  return rejected > 0 || failures.length > 0 ? exitCodes.partial : exitCodes.ok;
}

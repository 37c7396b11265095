// omnireg export STUDY: its trials as CSV or NDJSON, to stdout or to a file that `omnireg import` makes the same study of.
import { type Command, Option } from 'commander';
import { exportLines, exportToFile } from '../export/export-study.js';
import { contextOf } from '../options.js';
import { formatCount, Progress } from '../progress.js';

interface ExportCommandOptions {
  format?: 'csv' | 'ndjson';
  out?: string;
}

export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description('write the trials of a study as CSV or NDJSON')
    .argument('<study>', 'id of the study')
    .addOption(new Option('--format <name>', 'default: by the ending of --out, else csv').choices(['csv', 'ndjson']))
    .option('--out <file>', 'file to write (default: stdout); what the study is goes beside it, for an import to read')
    .action(runExport);
}

async function runExport(id: string, { format, out }: ExportCommandOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  const study = await client.studies.get(id, { signal });
  const total = Object.values(study.trial_counts).reduce((sum, count) => sum + count, 0);
  const progress = new Progress(terminal, `export ${study.name}`);
  const options = {
    format: format ?? (out !== undefined && /\.(?:ndjson|jsonl)$/i.test(out) ? ('ndjson' as const) : ('csv' as const)),
    signal,
    onProgress: (done: number) => progress.update({ done: Math.round(done), total }),
  };
  let beside: string | undefined;
  try {
    if (out === undefined) for await (const text of exportLines(client, study, options)) await terminal.write(text);
    else beside = await exportToFile(client, study, out, options);
  } finally {
    progress.finish();
  }
  const where = out === undefined ? '' : ` → ${out}, and what they are → ${beside}`;
  terminal.say(`${terminal.style('green', '✓')} ${formatCount(total)} trials of ${study.name}${where}`);
  if (out !== undefined) terminal.result({ study: id, trials: total, file: out, description: beside });
}

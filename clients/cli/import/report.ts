// What is said of an import: before, how the table is read; meanwhile, how fast; after, what came of it.
import { describeRowError } from '../../../service/tabular/row-errors.js';
import type { ImportReport } from '../import-file.js';
import { formatCount, Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import type { TableProgress } from './send-table.js';

/** Errors and parameters shown to a person; --json has all parameters and up to 1,000 errors. */
const SHOWN_ERRORS = 20;
const SHOWN_PARAMETERS = 12;

/** How the table will be read. */
export function sayPlan(terminal: Terminal, report: ImportReport): void {
  for (const note of report.notes) terminal.warn(note);
  const objectives = report.objectives.map(({ name }) => `"${name}"`).join(', ');
  const assumed = report.objectiveAssumed ? ' (the last column; say otherwise with --objective)' : '';
  const parameters = report.parameters.slice(0, SHOWN_PARAMETERS).map(({ name, kind }) => `${name} (${kind})`);
  if (report.parameters.length > SHOWN_PARAMETERS)
    parameters.push(`… and ${report.parameters.length - SHOWN_PARAMETERS} more`);
  terminal.say(`  objective ${objectives}${assumed}; parameters ${parameters.join(', ')}`);
}

/** A bar with the rate in rows, and the time left by bytes: how many rows there are, a table does not say. */
export function followImport(terminal: Terminal, name: string) {
  const progress = new Progress(terminal, `import ${name}`);
  let first: { at: number; rows: number; bytes: number } | undefined;
  let rows = 0;
  return {
    rows: () => rows,
    update: (now: TableProgress) => {
      rows = now.rows;
      // What an earlier run did says nothing of this one's speed.
      first ??= { at: performance.now(), rows: now.rows, bytes: now.bytes };
      const seconds = (performance.now() - first.at) / 1000;
      const rate = seconds > 0 ? (now.rows - first.rows) / seconds : 0;
      const bytesRate = seconds > 0 ? (now.bytes - first.bytes) / seconds : 0;
      progress.update({
        done: now.rows,
        ...(now.bytes > 0 && { total: Math.round((now.rows * now.size) / now.bytes) }),
        ...(rate > 0 && { note: `${formatCount(rate)} rows/s` }),
        ...(bytesRate > 0 && { etaSeconds: (now.size - now.bytes) / bytesRate }),
      });
    },
    finish: () => progress.finish(),
  };
}

/** What came of it. */
export function sayReport(terminal: Terminal, report: ImportReport, dryRun: boolean): void {
  for (const error of report.errors.slice(0, SHOWN_ERRORS)) {
    terminal.say(`${terminal.style('yellow', 'left out:')} ${describeRowError(error)}`);
  }
  const more = report.errors.length - SHOWN_ERRORS;
  if (more > 0)
    terminal.say(`${terminal.style('yellow', 'left out:')} … and ${formatCount(more)} more; --json lists them`);
  const counts = [
    `${formatCount(report.imported)} of ${formatCount(report.rows)} rows ${dryRun ? 'would be imported' : 'imported'}`,
    report.before > 0 ? `${formatCount(report.before)} dealt with before` : '',
    report.infeasible > 0 ? `${formatCount(report.infeasible)} of them infeasible` : '',
    report.rejected > 0 ? `${formatCount(report.rejected)} left out` : '',
  ].filter(Boolean);
  const mark = report.rejected > 0 ? terminal.style('yellow', '!') : terminal.style('green', '✓');
  terminal.say(`${mark} ${report.file}: ${counts.join(', ')}${report.study ? ` → ${report.study.id}` : ''}`);
  if (!terminal.json && report.study) terminal.data(report.study.id);
}

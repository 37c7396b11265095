// What an evaluation leaves behind: its report as JSON and as a page, and the tables on the terminal.
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { renderTable } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { JudgedModel } from './follow.js';
import { reportPage } from './page.js';
import type { StudyNames } from './study-names.js';
import { familyTable, legend, METHOD_COLUMNS, methodCells, overall, protocolTitle } from './words.js';

/** @param out folder of the report's files, which is there */
export async function deliver(found: JudgedModel, names: StudyNames, out: string, terminal: Terminal): Promise<void> {
  const named = <T extends { study: string }>(entries: T[]): T[] =>
    entries.map((entry) => ({ ...entry, study: names.in(entry.study) }));
  const report = {
    ...found,
    rows: named(found.rows),
    skipped: named(found.skipped),
    seen: found.seen.map((study) => names.in(study)),
  };
  const files = [join(out, 'report.html'), join(out, 'report.json')];
  await writeFile(files[0]!, await reportPage(report, report.model));
  await writeFile(files[1]!, `${JSON.stringify(report, null, 1)}\n`);
  terminal.result(report);
  if (terminal.json) return;
  for (const protocol of report.protocols) {
    const rows = overall(report, protocol);
    if (rows.length === 0) continue;
    terminal.data(`\n${terminal.dataStyle('bold', protocolTitle(report, protocol))}`);
    const style = (r: number, line: string) =>
      rows[r]?.method === 'omnireg' ? terminal.dataStyle('green', line) : line;
    terminal.data(renderTable(METHOD_COLUMNS, rows.map(methodCells), style));
    const { columns, cells } = familyTable(report, protocol);
    if (columns.length > 1) {
      terminal.data(`\nError ratio to the best local baseline, family by family\n${renderTable(columns, cells)}`);
    }
  }
  for (const { study, reason } of report.skipped) terminal.warn(`${study} was left out: ${reason}`);
  terminal.data(`\n${legend(report).join('\n')}\n\n${files.map((file) => relative('', file)).join('\n')}`);
}

// An evaluation's report as one HTML file that needs no other: tables, and pictures drawn into it.
import type { EvaluationReport } from '../../sdk/index.js';
import { escapeHtml } from '../html.js';
import type { Column } from '../table.js';
import { plotErrors, plotFamilies } from './plots.js';
import { comparedSizes, familyTable, legend, METHOD_COLUMNS, methodCells, overall, protocolTitle } from './words.js';

export async function reportPage(report: EvaluationReport, model: string): Promise<string> {
  const sections: string[] = [];
  for (const protocol of report.protocols) {
    const rows = overall(report, protocol);
    if (rows.length === 0) continue;
    const families = familyTable(report, protocol);
    const compared = comparedSizes(report, protocol).length > 0;
    sections.push(`<section>
<h2>${escapeHtml(protocolTitle(report, protocol))}</h2>
<p>Means over ${rows[0]!.families} families, of each the mean over its tasks.</p>
<figure>${await plotErrors(report, protocol)}</figure>
${table(METHOD_COLUMNS, rows.map(methodCells), (i) => rows[i]!.method === 'omnireg')}
${compared ? `<h3>Families, beside the best local baseline</h3>\n<figure>${await plotFamilies(report, protocol)}</figure>` : ''}
${compared ? table(families.columns, families.cells, () => false) : ''}
</section>`);
  }
  const { trainings, skipped, seen } = report;
  const trained = trainings.map(
    ({ fold, studies, outcome, reason }) => `group ${fold + 1}: on ${studies} studies, ${outcome}: ${reason}`,
  );
  const left = skipped.map(({ study, reason }) => `${study}: ${reason}`);
  const list = (title: string, items: string[]) =>
    items.length === 0
      ? ''
      : `<h2>${title}</h2>\n<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n')}</ul>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Evaluation – OmniReg</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2733; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
figure { margin: 0; overflow-x: auto; } svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 13px; } th, td { padding: 2px 10px; text-align: right; white-space: nowrap; }
th.left, td.left { text-align: left; } tr.ours { font-weight: 600; color: #1f6fb2; } thead { border-bottom: 1px solid #b8c1ca; }
</style>
<h1>How good the model is</h1>
<p>Model ${escapeHtml(model)}; up to ${report.test_trials} trials of each task predicted; seed ${report.seed}.</p>
${legend(report)
  .map((line) => `<p>${escapeHtml(line)}</p>`)
  .join('\n')}
${sections.join('\n')}
${list('Trainings', trained)}
${list('Tasks whose studies the model had been trained on before', seen)}
${list('Left out', left)}
</html>
`;
}

function table(columns: readonly Column[], rows: readonly string[][], isOurs: (row: number) => boolean): string {
  const cell = (tag: 'th' | 'td', text: string, c: number) =>
    `<${tag}${columns[c]!.align === 'left' ? ' class="left"' : ''}>${escapeHtml(text)}</${tag}>`;
  const head = columns.map(({ title }, c) => cell('th', title, c)).join('');
  const body = rows.map(
    (cells, r) => `<tr${isOurs(r) ? ' class="ours"' : ''}>${cells.map((text, c) => cell('td', text, c)).join('')}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

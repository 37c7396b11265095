// What the demo leaves behind: a plot an objective, a page that shows them, and every prediction as CSV.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCsvLine } from '../../../service/tabular/write.js';
import type { JsonObject, Objective } from '../../sdk/index.js';
import { escapeHtml } from '../html.js';
import { type Comparison, comparisonTable } from './comparison.js';
import { plotPredictions } from './plot.js';

export interface DemoFilesInput {
  folder: string;
  /** Title of the study that was held out. */
  title: string;
  /** How the figures came about, in a sentence. */
  setting: string;
  queries: readonly JsonObject[];
  /** The main objective first. */
  comparisons: readonly Comparison[];
}

/** @returns Paths of the files, the plot of the main objective first. */
export async function writeDemoFiles({
  folder,
  title,
  setting,
  queries,
  comparisons,
}: DemoFilesInput): Promise<string[]> {
  const plots: { path: string; svg: string; comparison: Comparison }[] = [];
  for (const [i, comparison] of comparisons.entries()) {
    const path = join(folder, i === 0 ? 'predictions.svg' : `predictions-${comparison.objective.name}.svg`);
    const svg = await drawComparison(title, setting, comparison);
    await writeFile(path, svg);
    plots.push({ path, svg, comparison });
  }
  const page = join(folder, 'predictions.html');
  await writeFile(page, htmlPage(title, setting, plots));
  const csv = join(folder, 'predictions.csv');
  await writeFile(csv, predictionsCsv(queries, comparisons));
  return [...plots.map(({ path }) => path), page, csv];
}

function drawComparison(
  title: string,
  setting: string,
  { objective, level, measured, methods }: Comparison,
): Promise<string> {
  const { answers, scores } = methods.find(({ method }) => method === 'omnireg')!;
  const percent = level * 100;
  const figures = [
    `mean |error| ${(100 * scores.error).toFixed(1)}% of the range`,
    `rank correlation ${scores.spearman.toFixed(3)}`,
    `${(100 * scores.coverage).toFixed(1)}% of the ${percent}% intervals hold the measured value`,
  ];
  return plotPredictions({
    title: `${title}: predicted before it was run`,
    subtitle: [setting, figures.join('  ·  ')],
    quantity: quantityOf(objective),
    measured,
    answers,
    level,
  });
}

/** The objective's name as an axis has it: cpu_ms in ms is "cpu (ms)". */
function quantityOf({ name, unit }: Objective): string {
  const words = name.replaceAll('_', ' ');
  if (unit === undefined) return words;
  const suffix = ` ${unit}`;
  return `${words.endsWith(suffix) ? words.slice(0, -suffix.length) : words} (${unit})`;
}

/** One row a query: parameters, then per objective what was measured and what each method said. */
export function predictionsCsv(queries: readonly JsonObject[], comparisons: readonly Comparison[]): string {
  const keys = [...new Set(queries.flatMap((x) => Object.keys(x)))];
  const header = [
    ...keys,
    ...comparisons.flatMap(({ objective: { name }, methods }) => [
      `${name}.measured`,
      ...methods.flatMap(({ method }) => [`${name}.${method}`, `${name}.${method}.lower`, `${name}.${method}.upper`]),
    ]),
  ];
  const rows = queries.map((x, i) => [
    ...keys.map((key) => (x[key] === undefined ? '' : String(x[key]))),
    ...comparisons.flatMap(({ measured, methods }) => [
      String(measured[i]),
      ...methods.flatMap(({ answers }) => {
        const { predicted, lower, upper } = answers[i]!;
        return [predicted, lower, upper].map((value) => (value === undefined ? '' : String(value)));
      }),
    ]),
  ]);
  return [header, ...rows].map((cells) => writeCsvLine(cells)).join('');
}

function htmlPage(title: string, setting: string, plots: readonly { svg: string; comparison: Comparison }[]): string {
  const sections = plots.map(
    ({ svg, comparison }) => `<section>
<h2>${escapeHtml(comparison.objective.name)}</h2>
<figure>${svg}</figure>
<pre>${escapeHtml(comparisonTable(comparison, (line) => line))}</pre>
</section>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} – OmniReg</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2733; max-width: 760px; margin: 2rem auto; padding: 0 1rem; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
figure { margin: 0; } svg { max-width: 100%; height: auto; }
pre { background: #f5f7f9; padding: 1rem; overflow-x: auto; font-size: 13px; border-radius: 6px; }
</style>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(setting)}. All predictions, with those of the simple methods, are in <a href="predictions.csv">predictions.csv</a>.</p>
${sections.join('\n')}
</html>
`;
}

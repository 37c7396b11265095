// Table and picture of bench:suggest.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, GREY, PLAIN } from '../../clients/cli/plots/style.js';
import { METHODS, type MethodName } from './suggest-methods.js';
import { TEST_FUNCTIONS } from './test-functions.js';

export interface Run {
  function: string;
  method: MethodName;
  seed: number;
  /** The best y after each trial. */
  best: number[];
  /** Of one suggestion. */
  milliseconds: number;
}

const TITLES: Record<MethodName, string> = {
  random: 'random search',
  gp_ei: 'GP with expected improvement',
  surrogate: 'our surrogate alone',
  ours: 'OmniReg',
};

/** Mean best value after the last trial ± its standard error, by function and method; the lowest is bold. */
export function table(runs: readonly Run[]): string {
  const present = METHODS.filter((method) => runs.some((run) => run.method === method));
  const rows = TEST_FUNCTIONS.filter(({ name }) => runs.some((run) => run.function === name)).map(
    ({ name, minimum }) => {
      const cells = present.map((method) => {
        const values = runs
          .filter((run) => run.function === name && run.method === method)
          .map((run) => run.best.at(-1)!);
        return { values, mean: mean(values) };
      });
      const lowest = Math.min(...cells.map((cell) => cell.mean));
      const shown = cells.map((cell) => {
        const text = `${cell.mean.toPrecision(4)} ± ${standardError(cell.values).toPrecision(2)} (${cell.values.length})`;
        return cell.mean === lowest ? `**${text}**` : text;
      });
      return `| ${name} | ${minimum} | ${shown.join(' | ')} |`;
    },
  );
  const times = present.map(
    (method) => `${mean(runs.filter((run) => run.method === method).map((run) => run.milliseconds)).toFixed(0)}`,
  );
  return [
    `| function | minimum | ${present.map((method) => TITLES[method]).join(' | ')} |`,
    `| --- | --- | ${present.map(() => '---').join(' | ')} |`,
    ...rows,
    `| ms a suggestion | | ${times.join(' | ')} |`,
  ].join('\n');
}

/** @returns An SVG document: a panel a function, mean distance of the best y from the minimum over the trials. */
export async function drawConvergence(runs: readonly Run[]): Promise<string> {
  const present = METHODS.filter((method) => runs.some((run) => run.method === method));
  const panels = TEST_FUNCTIONS.filter(({ name }) => runs.some((run) => run.function === name)).map((target) => ({
    title: target.name,
    values: present.flatMap((method) => {
      const curves = runs
        .filter((run) => run.function === target.name && run.method === method)
        .map(({ best }) => best);
      return (curves[0] ?? []).map((_, i) => ({
        method: TITLES[method],
        trials: i + 1,
        // The minima in the table are rounded, and a logarithm needs a distance.
        regret: Math.max(1e-6, mean(curves.map((curve) => curve[i]!)) - target.minimum),
      }));
    }),
  }));
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 14,
    config: PLAIN,
    title: { text: 'Distance of the best value from the minimum, mean over seeds', anchor: 'start', fontSize: 16 },
    columns: 3,
    concat: panels.map(({ title, values }) => ({
      title,
      width: 220,
      height: 170,
      data: { values },
      mark: { type: 'line', strokeWidth: 2 },
      encoding: {
        x: { field: 'trials', type: 'quantitative', axis: { title: 'trials' } },
        y: { field: 'regret', type: 'quantitative', scale: { type: 'log' }, axis: { title: null, format: '~g' } },
        color: {
          field: 'method',
          type: 'nominal',
          scale: { domain: present.map((method) => TITLES[method]), range: present.map((method) => COLORS[method]) },
          legend: { title: null, orient: 'bottom', labelLimit: 0 },
        },
      },
    })),
  };
  return renderSvg(spec);
}

const COLORS: Record<MethodName, string> = {
  random: GREY,
  gp_ei: '#d98324',
  surrogate: '#7fb3d8',
  ours: BLUE,
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function standardError(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1) / values.length);
}

// Reports of `omnireg evaluate` as the tables and the picture of docs/accuracy.md.
import type { TopLevelSpec } from 'vega-lite';
import { methodName, overall, type Protocol, ratioText } from '../../clients/cli/evaluation/words.js';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, FONT, GREY, INK } from '../../clients/cli/plots/style.js';
import type { EvaluationReport, EvaluationSummary } from '../../clients/sdk/types.js';

const percent = (value: number): string => `${(100 * value).toFixed(0)}%`;

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `| ---: |${' --- |'.repeat(head.length - 1)}`, ...rows.map(line)].join('\n');
}

/** Rows of one method, or of the best local baseline, by number of local trials. */
function rowAt(report: EvaluationReport, protocol: Protocol, trials: number, which: string) {
  return overall(report, protocol).find(
    (row) => row.trials === trials && (which === 'best' ? row.best : row.method === which),
  );
}

/** The greatest error ratio of a family, and whose it is. */
function worstFamily(report: EvaluationReport, { protocol, trials, method }: EvaluationSummary): string {
  const rows = report.summary.filter(
    (row) =>
      row.family !== null &&
      row.protocol === protocol &&
      row.trials === trials &&
      row.method === method &&
      row.error_ratio,
  );
  const worst = rows.sort((a, b) => b.error_ratio!.value - a.error_ratio!.value)[0];
  return worst ? `${worst.error_ratio!.value.toFixed(2)} (${worst.family})` : '';
}

/** Out of distribution, over all families. */
export function outTable(report: EvaluationReport): string {
  const protocol = 'out_of_distribution';
  const rows = report.local_trials.flatMap((trials) => {
    const ours = rowAt(report, protocol, trials, 'omnireg');
    const best = rowAt(report, protocol, trials, 'best');
    if (!ours) return [];
    const beside = best
      ? [
          `${best.error.toFixed(4)}, ${methodName(best.method)}`,
          ratioText(best.error_ratio),
          worstFamily(report, best),
          ratioText(best.crps_ratio),
          `${ours.spearman.toFixed(3)} / ${best.spearman.toFixed(3)}`,
          `${percent(ours.coverage)}, ${ours.width.toFixed(3)} / ${percent(best.coverage)}, ${best.width.toFixed(3)}`,
        ]
      : ['', '', '', '', ours.spearman.toFixed(3), `${percent(ours.coverage)}, ${ours.width.toFixed(3)}`];
    return [[`${trials}`, `${ours.families}, ${ours.tasks}`, ours.error.toFixed(4), ...beside]];
  });
  const head = [
    'trials',
    'families, tasks',
    'error',
    'best local baseline',
    'error ratio',
    'worst family',
    'CRPS ratio',
    'Spearman, ours / its',
    'coverage and width of 90%, ours / its',
  ];
  return markdown(head, rows);
}

/** Out of distribution, family by family: the model's error divided by that of the best local baseline over all families. */
export function outFamilies(report: EvaluationReport): string {
  const sizes = report.local_trials.filter((trials) => rowAt(report, 'out_of_distribution', trials, 'best'));
  const rows = ratiosByFamily(report);
  const families = [...new Set(rows.map(({ family }) => family))];
  return markdown(
    ['family', ...sizes.map((size) => `${size} trials`)],
    families.map((family) => [
      family,
      ...sizes.map((size) =>
        ratioText(rows.find((row) => row.family === family && row.trials === size)?.ratio ?? null),
      ),
    ]),
  );
}

function ratiosByFamily({ summary }: EvaluationReport) {
  return summary.flatMap(({ protocol, family, trials, best, error_ratio: ratio }) =>
    protocol === 'out_of_distribution' && family !== null && best && ratio ? [{ family, trials, ratio }] : [],
  );
}

/** In distribution: beside the best local baseline, and beside boosting pooled over the family. */
export function inTable(report: EvaluationReport): string {
  const protocol = 'in_distribution';
  const rows = report.local_trials.flatMap((trials) => {
    const [ours, best, pooled] = ['omnireg', 'best', 'pooled_boosting'].map((which) =>
      rowAt(report, protocol, trials, which),
    );
    if (!ours || !pooled) return [];
    return [
      [
        `${trials}`,
        `${ours.families}, ${ours.tasks}`,
        ours.error.toFixed(4),
        best ? `${best.error.toFixed(4)}, ${methodName(best.method)}` : '',
        best ? ratioText(best.error_ratio) : '',
        pooled.error.toFixed(4),
        ratioText(pooled.error_ratio),
        ratioText(pooled.crps_ratio),
        percent(ours.coverage),
      ],
    ];
  });
  const head = [
    'trials',
    'families, tasks',
    'error',
    'best local baseline',
    'error ratio to it',
    'pooled boosting',
    'error ratio to it',
    'CRPS ratio to it',
    'coverage of 90%',
  ];
  return markdown(head, rows);
}

/** Text-rich families, with their text and without it. */
export function textTable(text: EvaluationReport, plain: EvaluationReport): string {
  const of = (report: EvaluationReport, family: string, trials: number, pick: (row: EvaluationSummary) => boolean) =>
    report.summary.find((row) => row.family === family && row.trials === trials && pick(row));
  const families = [...new Set(text.summary.flatMap(({ family }) => family ?? []))];
  const rows = families.flatMap((family) =>
    text.local_trials.flatMap((trials) => {
      const ours = of(text, family, trials, ({ method }) => method === 'omnireg');
      const without = of(plain, family, trials, ({ method }) => method === 'omnireg');
      if (!ours || !without) return [];
      const [best, bestPlain] = [text, plain].map((report) => of(report, family, trials, (row) => row.best));
      return [
        [
          family,
          `${trials}`,
          ours.error.toFixed(4),
          best ? best.error_ratio!.value.toFixed(2) : '',
          without.error.toFixed(4),
          bestPlain ? bestPlain.error_ratio!.value.toFixed(2) : '',
          (ours.error / without.error).toFixed(2),
          `${ours.spearman.toFixed(2)} / ${without.spearman.toFixed(2)}`,
        ],
      ];
    }),
  );
  const head = [
    'family',
    'trials',
    'error',
    'ratio to the best local baseline',
    'error without text',
    'ratio to the best without text',
    'with / without',
    'Spearman, with / without',
  ];
  return markdown(head, rows);
}

/** One dot a family, its bootstrap interval behind it; a panel each number of local trials. @returns An SVG document. */
export function drawFamilies(report: EvaluationReport): Promise<string> {
  const values = ratiosByFamily(report).map(({ family, trials, ratio }) => ({ family, trials, ...ratio }));
  const sizes = [...new Set(values.map(({ trials }) => trials))].sort((a, b) => a - b);
  const families = [...new Set(values.map(({ family }) => family))];
  const panel = (trials: number) => ({
    title: `${trials} trials`,
    width: 150,
    height: { step: 14 },
    transform: [{ filter: { field: 'trials', equal: trials } }],
    encoding: {
      y: {
        field: 'family',
        type: 'nominal' as const,
        // The same rows in all panels, also where a family has no studies so large.
        scale: { domain: families },
        axis: trials === sizes[0] ? { title: null, labelLimit: 0 } : null,
      },
    },
    layer: [
      { mark: { type: 'rule' as const, color: GREY, strokeDash: [4, 4] }, encoding: { x: { datum: 1 }, y: null } },
      {
        mark: { type: 'rule' as const, color: BLUE, opacity: 0.5, clip: true },
        encoding: {
          x: {
            field: 'lower',
            type: 'quantitative' as const,
            scale: { type: 'log' as const, domain: [0.5, 2], nice: false },
            axis: { title: 'error ratio', values: [0.5, 0.7, 1, 1.4, 2], format: '~g' },
          },
          x2: { field: 'upper' },
        },
      },
      {
        mark: { type: 'point' as const, filled: true, color: BLUE, size: 40, opacity: 1, clip: true },
        encoding: { x: { field: 'value', type: 'quantitative' as const } },
      },
    ],
  });
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    data: { values },
    hconcat: sizes.map(panel),
    config: {
      font: FONT,
      title: { color: INK, fontSize: 12 },
      axis: { labelColor: INK, titleColor: INK, grid: false },
      view: { stroke: null },
    },
  } as unknown as TopLevelSpec;
  return renderSvg(spec);
}

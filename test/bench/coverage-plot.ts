// The picture of bench:coverage: the share of test trials that intervals hold, over their level.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, GREY, PLAIN } from '../../clients/cli/plots/style.js';
import { overFamilies } from '../../trainer/evaluation/bootstrap.js';
import { CURVE, type Summary } from './coverage-report.js';

/** @returns An SVG document. */
export function drawReliability(summaries: readonly Summary[]): Promise<string> {
  const sizes = [...new Set(summaries.map(({ trials }) => trials))].sort((a, b) => a - b);
  const panel = (trials: number) => {
    const some = summaries.filter((s) => s.trials === trials);
    const values = (['ours', 'boosting'] as const).flatMap((side) =>
      CURVE.map((level, i) => ({ side, level, held: overFamilies(some, (s) => s[side].curve[i]!) })),
    );
    return {
      title: `${trials} local trials`,
      width: 210,
      height: 210,
      layer: [
        {
          data: { values: [{ level: 0 }, { level: 1 }] },
          mark: { type: 'line' as const, color: GREY, strokeDash: [4, 4] },
          encoding: { y: { field: 'level', type: 'quantitative' as const } },
        },
        {
          data: { values },
          mark: { type: 'line' as const, strokeWidth: 2 },
          encoding: {
            y: { field: 'held', type: 'quantitative' as const, axis: { title: 'share held', format: '%' } },
            color: {
              field: 'side',
              type: 'nominal' as const,
              scale: { domain: ['ours', 'boosting'], range: [BLUE, '#d98324'] },
              legend: { title: null },
            },
          },
        },
      ],
      encoding: {
        x: { field: 'level', type: 'quantitative' as const, axis: { title: 'level of the interval', format: '%' } },
      },
    };
  };
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 14,
    config: PLAIN,
    title: { text: 'Do intervals hold? Mean over families that the model has not seen', anchor: 'start', fontSize: 16 },
    hconcat: sizes.map(panel),
  };
  return renderSvg(spec);
}

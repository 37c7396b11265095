// The picture of bench:scale: cost a trained trial, set-up and memory over the number of stored trials.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, INK, PLAIN } from '../../clients/cli/plots/style.js';
import type { Cost } from './scale.js';

/** @returns An SVG document. */
export async function drawScale(costs: readonly Cost[]): Promise<string> {
  const panels: { title: string; limit?: number; value: (cost: Cost) => number }[] = [
    { title: 'CPU ms a trained trial', value: (c) => (1000 * c.trainCpuSeconds) / c.trainedTrials },
    { title: 'set-up, s', value: (c) => c.setUpSeconds },
    { title: 'peak memory, MB', value: (c) => c.peakBytes / 1e6 },
  ];
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 14,
    config: PLAIN,
    title: { text: 'Cost as the number of stored trials grows', anchor: 'start', fontSize: 16 },
    hconcat: panels.map(({ title, value }) => ({
      width: 190,
      height: 190,
      data: { values: costs.map((cost) => ({ trials: cost.trials, value: value(cost) })) },
      layer: [
        { mark: { type: 'line', color: BLUE, strokeWidth: 2 } },
        { mark: { type: 'point', filled: true, size: 60, color: BLUE } },
        {
          mark: { type: 'text', dy: -12, color: INK },
          encoding: { text: { field: 'value', type: 'quantitative', format: '.3~s' } },
        },
      ],
      encoding: {
        x: {
          field: 'trials',
          type: 'quantitative',
          scale: { type: 'log', padding: 20 },
          axis: { title: 'stored trials', format: '~s', values: costs.map((c) => c.trials) },
        },
        y: { field: 'value', type: 'quantitative', scale: { zero: true, padding: 20 }, axis: { title, tickCount: 5 } },
      },
    })),
  };
  return renderSvg(spec);
}

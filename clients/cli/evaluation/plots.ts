// The pictures of an evaluation's report: errors over local trials, and each family beside the best local baseline.
import type { TopLevelSpec } from 'vega-lite';
import type { EvaluationReport } from '../../sdk/index.js';
import { renderSvg } from '../plots/render-svg.js';
import { BLUE, FONT, GREY, GRID, INK } from '../plots/style.js';
import { methodName, overall, type Protocol } from './words.js';

const OURS = BLUE;
const OTHERS = [GREY, '#7a9e7e', '#c98b3c', '#b5544d', '#8a6bbf', '#4c9aa8', '#d6453d'];

const CONFIG = {
  font: FONT,
  axis: { labelColor: INK, titleColor: INK, gridColor: GRID },
  title: { color: INK, anchor: 'start' as const, fontSize: 14 },
  legend: { labelLimit: 0 },
};
const COMMON = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json' as const,
  background: '#ffffff',
  padding: 14,
  config: CONFIG,
};

/** Mean error and CRPS of every method over the numbers of local trials. @returns An SVG document. */
export function plotErrors(report: EvaluationReport, protocol: Protocol): Promise<string> {
  const rows = overall(report, protocol);
  const methods = [...new Set(rows.map(({ method }) => method))];
  const sizes = [...new Set(rows.map(({ trials }) => trials))];
  const names = methods.map(methodName);
  const panel = (field: 'error' | 'crps', title: string) => ({
    width: 300,
    height: 240,
    mark: { type: 'line' as const, point: true, strokeWidth: 2 },
    encoding: {
      x: { field: 'trials', type: 'ordinal' as const, sort: sizes, axis: { title: 'local trials', labelAngle: 0 } },
      y: { field, type: 'quantitative' as const, axis: { title } },
      color: {
        field: 'method',
        type: 'nominal' as const,
        scale: { domain: names, range: [OURS, ...OTHERS] },
        legend: { title: null },
      },
    },
  });
  const values = rows.map(({ trials, method, error, crps }) => ({ trials, method: methodName(method), error, crps }));
  const spec: TopLevelSpec = {
    ...COMMON,
    data: { values },
    hconcat: [panel('error', 'mean error, ranges of y'), panel('crps', 'CRPS, ranges of y')],
  };
  return renderSvg(spec);
}

/** Each family's ratio to the best local baseline, with its bootstrap interval; 1 is as good. @returns An SVG document. */
export function plotFamilies(report: EvaluationReport, protocol: Protocol): Promise<string> {
  const values = report.summary.flatMap(({ protocol: own, best, family, trials, error_ratio: ratio }) => {
    if (own !== protocol || !best || !ratio) return [];
    return [{ family: family ?? 'all families', trials: `${trials} trials`, ...ratio }];
  });
  const columns = [...new Set(values.map(({ trials }) => trials))];
  // One scale for all panels, with 1 in it, and ticks at halves and doubles.
  const low = Math.min(0.5, ...values.map(({ lower }) => lower));
  const high = Math.max(2, ...values.map(({ upper }) => upper));
  const scale = { type: 'log' as const, domain: [low, high], nice: false };
  const ticks = [0.125, 0.25, 0.5, 1, 2, 4, 8].filter((tick) => low <= tick && tick <= high);
  const x = { type: 'quantitative' as const, scale, axis: { title: 'error ratio', values: ticks, format: '~g' } };
  const panel = (trials: string) => ({
    title: trials,
    width: 180,
    height: { step: 18 },
    transform: [{ filter: { field: 'trials', equal: trials } }],
    layer: [
      { mark: { type: 'rule' as const, color: GREY, strokeDash: [4, 4] }, encoding: { x: { datum: 1 } } },
      {
        mark: { type: 'rule' as const, color: OURS },
        encoding: { x: { ...x, field: 'lower' }, x2: { field: 'upper' } },
      },
      {
        mark: { type: 'point' as const, filled: true, color: OURS, size: 45 },
        encoding: { x: { ...x, field: 'value' } },
      },
    ],
    encoding: {
      y: { field: 'family', type: 'nominal' as const, sort: null, axis: { title: null, labelLimit: 0 } },
    },
  });
  return renderSvg({ ...COMMON, data: { values }, hconcat: columns.map(panel) });
}

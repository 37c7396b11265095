// Loss over the steps of several trainings, as SVG drawn by Vega-Lite without a browser.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, FONT } from '../../clients/cli/plots/style.js';

export interface Curve {
  label: string;
  /** One a step. */
  losses: readonly number[];
}

const COLOURS = ['#66727f', BLUE, '#d6453d', '#2e8b57', '#8a5fbf'];
/** The first steps' losses would flatten all that comes after: the axis ends at this multiple of the lowest loss. */
const HEADROOM = 1.5;

/** @returns An SVG document; each point is the mean of `window` steps. */
export async function plotLosses(curves: readonly Curve[], window: number): Promise<string> {
  return renderSvg(plotSpec(curves, window));
}

function plotSpec(curves: readonly Curve[], window: number): TopLevelSpec {
  const values = curves.flatMap(({ label, losses }) =>
    Array.from({ length: Math.floor(losses.length / window) }, (_, i) => {
      const part = losses.slice(i * window, (i + 1) * window);
      return { label, step: (i + 1) * window, loss: part.reduce((a, b) => a + b, 0) / window };
    }),
  );
  const lowest = Math.min(...values.map(({ loss }) => loss));
  const labels = curves.map(({ label }) => label);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 640,
    height: 380,
    // Without a canvas Vega guesses the width of texts, far too wide: the room around the plot is given instead.
    autosize: 'none',
    padding: { left: 64, right: 28, top: 84, bottom: 56 },
    background: '#ffffff',
    title: {
      text: 'The same training under different optimizers',
      subtitle: [`The demo's model and data; each point is the mean loss of ${window} steps.`],
    },
    config: {
      font: FONT,
      view: { stroke: null },
      title: {
        anchor: 'start',
        frame: 'group',
        dx: -44,
        fontSize: 18,
        subtitleFontSize: 13,
        subtitlePadding: 6,
        offset: 16,
      },
      axis: {
        domainColor: '#b8c1ca',
        gridColor: '#edf0f3',
        tickColor: '#b8c1ca',
        labelFontSize: 12,
        titleFontSize: 13,
      },
      legend: { labelFontSize: 12, labelLimit: 0, fillColor: '#ffffff', padding: 8, symbolStrokeWidth: 3 },
    },
    data: { values },
    mark: { type: 'line', strokeWidth: 1.8, clip: true },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'Step', scale: { nice: false, zero: true } },
      y: {
        field: 'loss',
        type: 'quantitative',
        title: 'Training loss, nats',
        scale: { domain: [0.98 * lowest, HEADROOM * lowest], nice: false, zero: false },
      },
      color: {
        field: 'label',
        type: 'nominal',
        title: null,
        scale: { domain: labels, range: COLOURS.slice(0, labels.length) },
        legend: { orient: 'top-right' },
      },
    },
  };
}

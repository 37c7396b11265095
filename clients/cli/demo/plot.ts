// Predicted against measured with intervals, as SVG drawn by Vega-Lite without a browser.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../plots/render-svg.js';
import { BLUE, FONT, INK } from '../plots/style.js';
import type { Answer } from './scores.js';

export interface PlotInput {
  title: string;
  subtitle: string[];
  /** Name and unit of what was measured, for both axes. */
  quantity: string;
  measured: readonly number[];
  answers: readonly Answer[];
  level: number;
}

const INSIDE = BLUE;
const OUTSIDE = '#d6453d';
const FAINT = '#66727f';
/** From here on, max / min, equal distances mean equal ratios. */
const LOG_SPAN = 50;

/** @returns An SVG document. */
export async function plotPredictions(input: PlotInput): Promise<string> {
  return renderSvg(plotSpec(input));
}

export function plotSpec({ title, subtitle, quantity, measured, answers, level }: PlotInput): TopLevelSpec {
  const { domain, scaleType } = axisOf(measured, answers);
  const [low, high] = domain;
  const cut = (value: number | undefined, otherwise: number) => Math.min(high, Math.max(low, value ?? otherwise));
  const inside = `inside its ${level * 100}% interval`;
  const outside = 'outside';
  const values = answers.map(({ predicted, lower, upper }, i) => ({
    measured: measured[i]!,
    predicted,
    // An interval may reach below zero, where a logarithmic axis has no place.
    lower: cut(lower, predicted),
    upper: cut(upper, predicted),
    truth:
      lower !== undefined && upper !== undefined && lower <= measured[i]! && measured[i]! <= upper ? inside : outside,
  }));
  const scale: { type: 'log' | 'linear'; domain: [number, number]; nice: false; zero?: false } = {
    type: scaleType,
    domain: [low, high],
    nice: false,
  };
  if (scaleType === 'linear') scale.zero = false;
  const axis = {
    format: high >= 10_000 ? '~s' : '~g',
    tickCount: 6,
    ...(scaleType === 'log' ? { values: powersOfTen(low, high) } : {}),
  };
  const x = { field: 'measured', type: 'quantitative', title: `Measured ${quantity}`, scale, axis } as const;
  const y = { type: 'quantitative', title: `Predicted ${quantity}`, scale, axis } as const;
  const colour = {
    field: 'truth',
    type: 'nominal',
    title: 'Measured value lies',
    scale: { domain: [inside, outside], range: [INSIDE, OUTSIDE] },
    legend: {
      orient: 'bottom-right',
      labelLimit: 0,
      titleLimit: 0,
      direction: 'vertical',
      offset: 12,
      symbolSize: 70,
      symbolOpacity: 1,
    },
  } as const;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 560,
    height: 560,
    // Without a canvas Vega guesses the width of texts, far too wide: the room around the plot is given instead.
    autosize: 'none',
    padding: { left: 84, right: 28, top: 104, bottom: 64 },
    background: '#ffffff',
    title: { text: title, subtitle },
    config: {
      font: FONT,
      view: { stroke: null },
      title: {
        anchor: 'start',
        frame: 'group',
        dx: -64,
        color: INK,
        fontSize: 19,
        fontWeight: 600,
        subtitleColor: FAINT,
        subtitleFontSize: 13,
        subtitlePadding: 6,
        subtitleLineHeight: 18,
        offset: 18,
      },
      axis: {
        domainColor: '#b8c1ca',
        gridColor: '#edf0f3',
        tickColor: '#b8c1ca',
        labelColor: FAINT,
        labelFontSize: 12,
        titleColor: INK,
        titleFontSize: 13,
        titleFontWeight: 500,
        titlePadding: 12,
      },
      legend: {
        labelColor: INK,
        labelFontSize: 12,
        titleColor: FAINT,
        titleFontSize: 12,
        titleFontWeight: 400,
        fillColor: '#ffffff',
        padding: 8,
      },
    },
    data: { values },
    layer: [
      {
        data: { values: [{ from: low, to: high }] },
        mark: { type: 'rule', strokeDash: [5, 4], color: '#8d99a6', strokeWidth: 1.2 },
        encoding: {
          x: { field: 'from', type: 'quantitative', scale },
          y: { field: 'from', type: 'quantitative', scale },
          x2: { field: 'to' },
          y2: { field: 'to' },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.3, opacity: 0.32, clip: true },
        encoding: { x, y: { ...y, field: 'lower' }, y2: { field: 'upper' }, color: colour },
      },
      {
        mark: { type: 'point', filled: true, size: 34, opacity: 0.9, stroke: '#ffffff', strokeWidth: 0.6, clip: true },
        encoding: { x, y: { ...y, field: 'predicted' }, color: colour },
      },
    ],
  };
}

/** Lines at whole decades, and at their halves (by ratio) where there are only a few. */
function powersOfTen(low: number, high: number): number[] {
  const decades: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) decades.push(10 ** power);
  const steps = decades.length > 3 ? [1] : [1, 3];
  return decades
    .flatMap((decade) => steps.map((step) => step * decade))
    .filter((value) => value >= low && value <= high);
}

/** One scale for both axes: all points fit, and of the intervals what lies not too far beyond them. */
function axisOf(measured: readonly number[], answers: readonly Answer[]) {
  const points = [...measured, ...answers.map(({ predicted }) => predicted)];
  const min = Math.min(...points);
  const max = Math.max(...points);
  const low = quantile(
    answers.map(({ lower, predicted }) => lower ?? predicted),
    0.05,
  );
  const high = quantile(
    answers.map(({ upper, predicted }) => upper ?? predicted),
    0.95,
  );
  const positive = min > 0;
  if (positive && max / min > LOG_SPAN) {
    // Room for intervals: at most a sixth of the points' span, in decades, on either side.
    const room = (max / min) ** (1 / 6);
    const from = low > 0 ? Math.max(Math.min(low, min), min / room) : min / room;
    const to = Math.min(Math.max(high, max), max * room);
    const margin = (to / from) ** 0.03;
    return { scaleType: 'log' as const, domain: [from / margin, to * margin] as const };
  }
  const room = (max - min || Math.abs(max) || 1) / 5;
  const from = Math.max(Math.min(low, min), min - room);
  const to = Math.min(Math.max(high, max), max + room);
  const margin = 0.03 * (to - from || room);
  // A quantity that is never negative needs no room below zero.
  const bottom = positive ? Math.max(0, from - margin) : from - margin;
  return { scaleType: 'linear' as const, domain: [bottom, to + margin] as const };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))] ?? 0;
}

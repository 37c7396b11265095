// Puts the bench's figures into docs/speed.md, and draws them: the step beside PyTorch's, and where a step goes.
import { readFile, writeFile } from 'node:fs/promises';
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, INK } from '../../clients/cli/plots/style.js';
import type { BatchShape } from '../../trainer/model/training-graph.js';
import type { StepProfile } from './step-profile.js';

/** One shape's steps, milliseconds: the median run, and the fastest. */
export interface Measured {
  shape: BatchShape;
  milliseconds: number;
  fastest: number;
  /** Share of the machine that was at work for others meanwhile. */
  others: number;
  /** One for each way of setting PyTorch's threads, the same as ours first. */
  peers: MeasuredPeer[];
}

export interface MeasuredPeer {
  /** Such as `PyTorch 1.13.0, 2 threads`. */
  name: string;
  milliseconds: number;
  fastest: number;
  /** Median over pairs of runs of how many times as long the peer took. */
  ratio: number;
}

const DOCS = new URL('../../docs/', import.meta.url);
const BEGIN = '<!-- figures: written by npm run bench:training -- --write -->';
const END = '<!-- end of figures -->';
const FAINT = '#66727f';
const OURS = BLUE;
const THEIRS = '#b8c1ca';

const shapeName = ({ batch, length }: BatchShape) => `${batch} × ${length}`;

export async function writeReport(
  lines: readonly string[],
  measured: readonly Measured[],
  profiles: readonly StepProfile[],
): Promise<void> {
  const page = new URL('speed.md', DOCS);
  const text = await readFile(page, 'utf8');
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END);
  if (begin < BEGIN.length || end < begin) throw new Error(`docs/speed.md lacks the lines ${BEGIN} and ${END}`);
  const figures = `\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`;
  await writeFile(page, text.slice(0, begin) + figures + text.slice(end));
  if (measured.every(({ peers }) => peers.length > 0)) await draw('speed-peer.svg', peerPicture(measured));
  if (profiles.length > 0) await draw('speed-step.svg', stepPicture(profiles[0]!, measured[0]!.shape));
}

async function draw(name: string, spec: TopLevelSpec): Promise<void> {
  await writeFile(new URL(`images/${name}`, DOCS), await renderSvg(spec));
}

/** Horizontal bars with their values behind them. */
function bars(title: string, subtitle: string, values: object[], encoding: object, height: number): TopLevelSpec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 460,
    height,
    // Without a canvas Vega guesses the width of texts, far too wide: the room around the plot is given instead.
    autosize: 'none',
    padding: { left: 300, right: 130, top: 70, bottom: 16 },
    background: '#ffffff',
    title: { text: title, subtitle },
    config: {
      font: 'Inter, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif',
      view: { stroke: null },
      title: { anchor: 'start', frame: 'group', dx: -284, offset: 14, color: INK, fontSize: 17, subtitleColor: FAINT },
      axis: {
        labelColor: INK,
        labelFontSize: 12,
        labelLimit: 0,
        domain: false,
        ticks: false,
        grid: false,
        title: null,
      },
    },
    data: { values },
    layer: [
      { mark: { type: 'bar', cornerRadiusEnd: 2 }, encoding },
      {
        mark: { type: 'text', align: 'left', dx: 6, color: INK, fontSize: 12 },
        encoding: { ...encoding, color: undefined, text: { field: 'label', type: 'nominal' } },
      },
    ],
  } as unknown as TopLevelSpec;
}

function peerPicture(measured: readonly Measured[]): TopLevelSpec {
  const values = measured.flatMap(({ shape, milliseconds, peers }) => [
    { row: `${shapeName(shape)}, OmniReg`, side: 'ours', ms: milliseconds, label: `${milliseconds.toFixed(0)} ms` },
    ...peers.map(({ name, milliseconds: ms, ratio }) => ({
      row: `${shapeName(shape)}, ${name}`,
      side: 'theirs',
      ms,
      label: `${ms.toFixed(0)} ms, ${ratio.toFixed(1)} × as long`,
    })),
  ]);
  const encoding = {
    y: { field: 'row', type: 'nominal', sort: null, axis: {} },
    x: { field: 'ms', type: 'quantitative', axis: null },
    color: {
      field: 'side',
      type: 'nominal',
      scale: { domain: ['ours', 'theirs'], range: [OURS, THEIRS] },
      legend: null,
    },
  };
  const subtitle = 'batch × prompt tokens; the same steps from the same weights, run by turns on the same cores';
  return bars('Milliseconds a training step', subtitle, values, encoding, 26 * values.length);
}

function stepPicture({ kinds, milliseconds }: StepProfile, shape: BatchShape): TopLevelSpec {
  const values = kinds.map(({ name, milliseconds: ms }) => ({
    row: name,
    ms,
    label: `${ms.toFixed(1)} ms, ${((100 * ms) / milliseconds).toFixed(0)}%`,
  }));
  const encoding = {
    y: { field: 'row', type: 'nominal', sort: null, axis: {} },
    x: { field: 'ms', type: 'quantitative', axis: null },
    color: { value: OURS },
  };
  return bars(
    'Where a training step goes',
    `batch × prompt tokens: ${shapeName(shape)}`,
    values,
    encoding,
    26 * values.length,
  );
}

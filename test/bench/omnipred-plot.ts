// Pictures of bench:omnipred: error over the number of training studies, and over the trials of a new study.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, GREY, PLAIN } from '../../clients/cli/plots/style.js';
import type { Budget } from './omnipred-budgets.js';
import type { FineTuning } from './omnipred-fine-tuning.js';
import { mean } from './omnipred-model.js';
import type { MultiTask } from './omnipred-multi-task.js';

interface Curve {
  title: string;
  color: string;
  dash?: number[];
  points: { at: number; error: number }[];
}

/** @returns An SVG document. */
export function drawMultiTask({ plain, evidence, baselines, pooled }: MultiTask, { studies }: Budget): Promise<string> {
  const along = (errors: (count: number) => readonly number[] | undefined) =>
    studies.flatMap((at) => {
      const own = errors(at);
      return own ? [{ at, error: mean(own) }] : [];
    });
  const flat = (name: string) => along(() => baselines[name]);
  const single = mean(plain[studies[0]!]!.errors);
  return draw('New trials of known studies: BBOB functions, shifted', 'training studies', [
    { title: 'plain OmniPred, multi-task', color: BLUE, points: along((count) => plain[count]!.errors) },
    {
      title: 'plain OmniPred, single-task',
      color: BLUE,
      dash: [5, 4],
      points: studies.map((at) => ({ at, error: single })),
    },
    { title: 'ours, with evidence', color: '#0b7a4b', points: along((count) => evidence[count]!.errors) },
    { title: 'boosting over the studies', color: '#d98324', points: along((count) => pooled[count]) },
    { title: 'boosting, one study', color: '#d98324', dash: [5, 4], points: flat('gradient_boosting') },
    { title: 'forest, one study', color: '#b05fb0', dash: [5, 4], points: flat('random_forest') },
    { title: 'Gaussian process, one study', color: GREY, dash: [5, 4], points: flat('gaussian_process') },
  ]);
}

/** @returns An SVG document. */
export function drawFineTuning(
  { zeroShot, fineTuned, scratch, gaussianProcess }: FineTuning,
  { fineTuning: { trials } }: Budget,
): Promise<string> {
  const along = (errors: Record<number, number[]>) => trials.map((at) => ({ at, error: mean(errors[at]!) }));
  return draw('A study that was not trained on', 'its trials', [
    {
      title: 'pretrained, as it is',
      color: BLUE,
      dash: [5, 4],
      points: trials.map((at) => ({ at, error: mean(zeroShot) })),
    },
    { title: 'pretrained, fine-tuned', color: BLUE, points: along(fineTuned) },
    { title: 'from scratch', color: '#d98324', points: along(scratch) },
    { title: 'Gaussian process', color: GREY, dash: [5, 4], points: along(gaussianProcess) },
  ]);
}

function draw(title: string, across: string, curves: readonly Curve[]): Promise<string> {
  const drawn = curves.filter(({ points }) => points.length > 0);
  const values = drawn.flatMap(({ title: curve, points }) => points.map((point) => ({ curve, ...point })));
  const scale = {
    domain: drawn.map((curve) => curve.title),
    range: drawn.map(({ color }) => color),
  };
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 14,
    config: PLAIN,
    title: { text: title, anchor: 'start', fontSize: 16 },
    width: 460,
    height: 300,
    data: { values },
    mark: { type: 'line', strokeWidth: 2, point: { filled: true, size: 40 } },
    encoding: {
      x: {
        field: 'at',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: across, format: '~s', values: [...new Set(values.map(({ at }) => at))] },
      },
      y: {
        field: 'error',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: 'mean error, share of the range', format: '~g' },
      },
      color: { field: 'curve', type: 'nominal', scale, legend: { title: null, labelLimit: 0 } },
      strokeDash: {
        field: 'curve',
        type: 'nominal',
        scale: { domain: scale.domain, range: drawn.map(({ dash }) => dash ?? [1, 0]) },
        legend: { title: null, labelLimit: 0 },
      },
    },
  };
  return renderSvg(spec);
}

// The table and the picture of bench:ablation: each variant beside the default, on the same tasks.
import type { TopLevelSpec } from 'vega-lite';
import { renderSvg } from '../../clients/cli/plots/render-svg.js';
import { BLUE, FONT, GREY, INK } from '../../clients/cli/plots/style.js';
import { overFamilies, ratioOf } from '../../trainer/evaluation/bootstrap.js';
import type { EvaluationRow, Ratio } from '../../trainer/evaluation/types.js';
import type { GroupScore } from '../../trainer/pretraining/grouped-validation.js';
import type { Variant } from './ablation-variants.js';

/** What is kept of a variant. */
export interface VariantResult extends Variant {
  steps: number;
  parameters: number;
  /** Of pretraining and evaluation, waiting time. */
  seconds: number;
  /** On studies held back. */
  groups: GroupScore[];
  /** On families held out, every method. */
  rows: EvaluationRow[];
}

const RESAMPLES = 2000;
const SEED = 1;

export interface Comparison {
  variant: VariantResult;
  /** CRPS on studies held back, divided by the default's: geometric mean over their groups, which differ in it by tens of times. */
  validation: number;
  /** By number of local trials: mean error over families, and the same divided by the default's. */
  sizes: { trials: number; error: number; ratio: Ratio; crps: Ratio }[];
}

/** Every variant beside the default, on the tasks that both have. @param results the default's among them */
export function compare(results: readonly VariantResult[]): Comparison[] {
  const base = results.find(({ name }) => name === 'default');
  if (!base) throw new Error('The ablation has no result of the default yet: all others are told relative to it');
  return results.map((variant) => ({
    variant,
    validation: ratioOfGroups(variant.groups, base.groups),
    sizes: sizesOf(base).map((trials) => {
      const [ours, theirs] = [answersOf(variant, trials), answersOf(base, trials)];
      const ratio = (measure: 'error' | 'crps') =>
        ratioOf(
          ours.map((row) => ({
            family: row.family,
            ours: row[measure],
            theirs: theirs.find(({ study }) => study === row.study)![measure],
          })),
          RESAMPLES,
          SEED,
        );
      return { trials, error: overFamilies(ours, ({ error }) => error), ratio: ratio('error'), crps: ratio('crps') };
    }),
  }));
}

function ratioOfGroups(ours: readonly GroupScore[], theirs: readonly GroupScore[]): number {
  const crpsOf = new Map(theirs.map(({ group, crps }) => [group, crps]));
  const logs = ours.map(({ group, crps }) => Math.log(crps / crpsOf.get(group)!));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

const answersOf = ({ rows }: VariantResult, trials: number): EvaluationRow[] =>
  rows.filter((row) => row.method === 'omnireg' && row.trials === trials);

const sizesOf = ({ rows }: VariantResult): number[] =>
  [...new Set(rows.map(({ trials }) => trials))].sort((a, b) => a - b);

/** The table, and a line of what it was measured on. */
export function reportAblation(results: readonly VariantResult[]): string {
  const comparisons = compare(results);
  const base = results.find(({ name }) => name === 'default')!;
  const sizes = sizesOf(base);
  const tasks = new Set(base.rows.map(({ study }) => study)).size;
  const families = [...new Set(base.rows.map(({ family }) => family))];
  const text = ({ value, lower, upper }: Ratio) => `${value.toFixed(3)} [${lower.toFixed(2)}, ${upper.toFixed(2)}]`;
  const lines = comparisons.map(({ variant, validation, sizes }) => {
    const ratios = sizes.map(({ ratio, error }) => (variant === base ? error.toFixed(4) : text(ratio)));
    const crps = sizes.map(({ crps }) => (variant === base ? '1' : text(crps)));
    const cells = [variant.about, variant.name, (variant.parameters / 1e6).toFixed(2), validation.toFixed(3)];
    return `| ${[...cells, ...ratios, ...crps, variant.seconds.toFixed(0)].join(' | ')} |`;
  });
  const each = (what: string) => sizes.map((trials) => `${what}, ${trials} trials`);
  const head = ['', 'variant', 'M parameters', 'CRPS held back', ...each('error'), ...each('CRPS'), 'seconds'];
  const best = bestBaseline(base);
  return [
    `${base.steps} steps each, ${tasks} tasks of ${families.length} families held out (${families.join(', ')}). Ratios to the default's, with 95% intervals of a bootstrap over tasks; the default's own row has its error.`,
    `The experts' average beside it: ${sizes.map((trials) => `${best(trials).toFixed(4)} at ${trials} trials`).join(', ')}.`,
    '',
    `| ${head.join(' | ')} |`,
    `| --- | --- |${' ---: |'.repeat(head.length - 2)}`,
    ...lines,
  ].join('\n');
}

function bestBaseline({ rows }: VariantResult): (trials: number) => number {
  return (trials) =>
    overFamilies(
      rows.filter((row) => row.method === 'expert_average' && row.trials === trials),
      ({ error }) => error,
    );
}

/** Error of each variant relative to the default's, with its interval. @returns An SVG document. */
export function drawAblation(results: readonly VariantResult[]): Promise<string> {
  const values = compare(results)
    .filter(({ variant }) => variant.name !== 'default')
    .flatMap(({ variant, sizes }) =>
      sizes.map(({ trials, ratio }) => ({ variant: variant.name, about: variant.about, trials, ...ratio })),
    );
  const y = { field: 'variant', type: 'nominal' as const, sort: null, axis: { title: null, labelLimit: 0 } };
  const panel = (trials: number) => {
    const here = values.filter((value) => value.trials === trials);
    const chance = here.filter(({ about }) => about === 'chance').map(({ value }) => value);
    return {
      title: `${trials} local trials`,
      width: 230,
      height: { step: 18 },
      layer: [
        // What chance does: from the best to the worst of the trainings that differ in nothing else, the default among them.
        {
          data: { values: [{}] },
          mark: { type: 'rect' as const, color: GREY, opacity: 0.25 },
          encoding: { x: { datum: Math.min(1, ...chance) }, x2: { datum: Math.max(1, ...chance) } },
        },
        {
          data: { values: [{}] },
          mark: { type: 'rule' as const, color: GREY, strokeDash: [4, 4] },
          encoding: { x: { datum: 1 } },
        },
        {
          data: { values: here },
          mark: { type: 'rule' as const, color: BLUE },
          encoding: {
            y,
            x: {
              field: 'lower',
              type: 'quantitative' as const,
              scale: { type: 'log' as const, nice: false },
              axis: { title: 'error relative to the default', format: '~g' },
            },
            x2: { field: 'upper' },
          },
        },
        {
          data: { values: here },
          mark: { type: 'point' as const, filled: true, color: BLUE, size: 45 },
          encoding: { y, x: { field: 'value', type: 'quantitative' as const } },
        },
      ],
    };
  };
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 14,
    config: { font: FONT, axis: { labelColor: INK, titleColor: INK }, title: { color: INK } },
    title: { text: 'What each part is worth, on families that no variant has seen', anchor: 'start', fontSize: 16 },
    hconcat: [...new Set(values.map(({ trials }) => trials))].map(panel),
  };
  return renderSvg(spec);
}

// Tables of bench:omnipred, and where they go.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXPERT_NAMES } from '../../trainer/experts/expert.js';
import type { Budget } from './omnipred-budgets.js';
import { DIGIT_ORDERS, type DigitOrder } from './omnipred-digit-orders.js';
import { ESTIMATES, type EstimateErrors } from './omnipred-estimate.js';
import type { FineTuning } from './omnipred-fine-tuning.js';
import { mean } from './omnipred-model.js';
import type { MultiTask } from './omnipred-multi-task.js';
import { NAMINGS, type NamesErrors, type Naming } from './omnipred-names.js';
import { drawFineTuning, drawMultiTask } from './omnipred-plot.js';
import { replaced } from './sections.js';

/** What was run; what was not is absent. */
export interface Findings {
  budget: Budget;
  multiTask?: MultiTask;
  fineTuning?: FineTuning;
  names?: Record<Naming, NamesErrors>;
  digits?: Record<DigitOrder, number[]>;
  estimate?: Record<'exact' | 'heavy', EstimateErrors>;
}

const show = (error: number): string => error.toFixed(4).replace(/^0/, '');
const over = (errors: readonly number[]): string => show(mean(errors));
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[][]): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');

const BASELINE_TITLES: Readonly<Record<string, string>> = {
  median: 'median of the trials',
  nearest_neighbours: 'nearest neighbours',
  random_forest: 'forest',
  gradient_boosting: 'boosting',
  gaussian_process: 'Gaussian process',
};

function multiTaskTable({ plain, evidence, baselines, pooled }: MultiTask, { studies }: Budget): string {
  const single = mean(plain[studies[0]!]!.errors);
  const same = (errors: readonly number[]) => studies.map(() => over(errors));
  const steps = (own: readonly number[]) =>
    new Set(own).size === 1 ? `${own[0]}` : `${Math.min(...own)}–${Math.max(...own)}`;
  return table(
    ['mean error, training studies', ...studies.map((count) => count.toLocaleString('en'))],
    [
      ['plain OmniPred: metadata and x', ...studies.map((count) => over(plain[count]!.errors))],
      ['… relative to single-task', ...studies.map((count) => (mean(plain[count]!.errors) / single).toFixed(2))],
      ['… its steps', ...studies.map((count) => steps(plain[count]!.steps))],
      ['ours: with evidence', ...studies.map((count) => over(evidence[count]!.errors))],
      ['boosting over the studies', ...studies.map((count) => (pooled[count] ? over(pooled[count]) : '–'))],
      ...['median', ...EXPERT_NAMES].map((name) => [`${BASELINE_TITLES[name]}, one study`, ...same(baselines[name]!)]),
    ],
  );
}

function fineTuningTable(
  { zeroShot, fineTuned, scratch, gaussianProcess }: FineTuning,
  { fineTuning }: Budget,
): string {
  const sizes = fineTuning.trials;
  const line = (title: string, errors: Record<number, number[]>) => [title, '–', ...sizes.map((n) => over(errors[n]!))];
  return table(
    ['mean error, trials of a new study', '0', ...sizes.map(String)],
    [
      ['pretrained, as it is', over(zeroShot), ...sizes.map(() => over(zeroShot))],
      line('pretrained, fine-tuned', fineTuned),
      line('from scratch', scratch),
      line('Gaussian process', gaussianProcess),
    ],
  );
}

const NAMING_TITLES: Readonly<Record<Naming, string>> = {
  named: 'names and metadata',
  label: 'x1, x2 …, a label that says nothing',
  anonymous: 'x1, x2 …, no metadata',
};

const namesTable = (names: Record<Naming, NamesErrors>): string =>
  table(
    ['mean error', 'new trials of known studies', 'new studies'],
    NAMINGS.map((naming) => [NAMING_TITLES[naming], over(names[naming].known), over(names[naming].unknown)]),
  );

const ORDER_TITLES: Readonly<Record<DigitOrder, string>> = {
  most_first: 'sign, exponent, digits from the most significant (ours)',
  least_first: 'sign, exponent, digits from the least significant',
  exponent_last: 'sign, digits from the most significant, exponent',
};

const digitsTable = (digits: Record<DigitOrder, number[]>): string =>
  table(
    ['order', 'mean error'],
    DIGIT_ORDERS.map((order) => [ORDER_TITLES[order], over(digits[order])]),
  );

function estimateTable(estimate: Record<'exact' | 'heavy', EstimateErrors>): string {
  const kinds = ['exact', 'heavy'] as const;
  return table(
    [
      'estimate',
      'no noise: mean error',
      'root mean square',
      'heavy tails: mean error, measured y',
      'mean error, the function',
      'root mean square, the function',
    ],
    ESTIMATES.map((name) => [
      name.replace('_', ' '),
      ...kinds.flatMap((kind) => [
        ...(kind === 'heavy' ? [show(estimate[kind].measured[name])] : []),
        show(estimate[kind].truth[name]),
        show(estimate[kind].squared[name]),
      ]),
    ]),
  );
}

/** Markdown by section of docs/omnipred.md. */
export function tables({ budget, multiTask, fineTuning, names, digits, estimate }: Findings): Record<string, string> {
  return {
    ...(multiTask && { 'multi-task': multiTaskTable(multiTask, budget) }),
    ...(fineTuning && { 'fine-tuning': fineTuningTable(fineTuning, budget) }),
    ...(names && { names: namesTable(names) }),
    ...(digits && { digits: digitsTable(digits) }),
    ...(estimate && { estimate: estimateTable(estimate) }),
  };
}

/** Into docs/omnipred.md, between `<!-- NAME -->` and `<!-- /NAME -->`, and docs/images. Sections that were not run stay as they are. */
export async function write(findings: Findings): Promise<void> {
  const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
  const { multiTask, fineTuning, budget } = findings;
  const pictures: Record<string, { alt: string; svg: string }> = {
    ...(multiTask && {
      'multi-task': { alt: 'Error over the number of training studies', svg: await drawMultiTask(multiTask, budget) },
    }),
    ...(fineTuning && {
      'fine-tuning': { alt: 'Error over the trials of a new study', svg: await drawFineTuning(fineTuning, budget) },
    }),
  };
  mkdirSync(join(docs, 'images'), { recursive: true });
  let text = readFileSync(join(docs, 'omnipred.md'), 'utf8');
  for (const [name, body] of Object.entries(tables(findings))) {
    const picture = pictures[name];
    if (picture) writeFileSync(join(docs, 'images', `omnipred-${name}.svg`), picture.svg);
    const shown = picture ? `${body}\n\n![${picture.alt}](images/omnipred-${name}.svg)` : body;
    text = replaced(text, name, shown);
  }
  writeFileSync(join(docs, 'omnipred.md'), text);
}

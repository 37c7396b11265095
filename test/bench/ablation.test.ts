// The report of bench:ablation on given results: paired with the default's, over the tasks that both have.
import { expect, it } from 'vitest';
import type { EvaluationRow } from '../../trainer/evaluation/types.js';
import { resolvePretraining } from '../../trainer/pretraining/settings.js';
import { compare, drawAblation, reportAblation, type VariantResult } from './ablation-report.js';
import { chosenVariants, VARIANTS } from './ablation-variants.js';

const row = (family: string, study: string, method: EvaluationRow['method'], error: number): EvaluationRow => ({
  protocol: 'out_of_distribution',
  family,
  study,
  trials: 10,
  method,
  error,
  crps: error / 2,
  spearman: 0.5,
  coverage: 0.9,
  width: 0.2,
});

const result = (name: string, factor: number): VariantResult => ({
  name,
  about: 'answer',
  settings: {},
  steps: 100,
  parameters: 1_000_000,
  seconds: 12,
  groups: [
    { group: 'made up, 0 trials', questions: 20, crps: 40, error: 5 },
    { group: 'made up, 10 trials', questions: 20, crps: 0.4 * factor, error: 0.5 },
  ],
  rows: ['a', 'b', 'c'].flatMap((study, i) => [
    row(i < 2 ? 'first' : 'second', study, 'omnireg', 0.1 * (i + 1) * factor),
    row(i < 2 ? 'first' : 'second', study, 'expert_average', 0.2),
  ]),
});

it('tells each variant relative to the default, families counting alike', () => {
  const [base, worse] = compare([result('default', 1), result('1 digit', 1.5)]);
  // Of the first family .1 and .2, of the second .3.
  expect(base!.sizes[0]!.error).toBeCloseTo((0.15 + 0.3) / 2, 12);
  expect(worse!.validation).toBeCloseTo(Math.sqrt(1.5), 12);
  for (const value of Object.values(worse!.sizes[0]!.ratio)) expect(value).toBeCloseTo(1.5, 12);
});

it('writes a row a variant, and a picture of all but the default', async () => {
  const results = [result('default', 1), result('1 digit', 1.5)];
  const report = reportAblation(results);
  expect(report).toMatch(/\| default \| 1\.00 \| 1\.000 \| 0\.2250 \|/);
  expect(report).toContain('| 1 digit | 1.00 | 1.225 | 1.500 [1.50, 1.50] |');
  const picture = await drawAblation(results);
  expect(picture).toContain('1 digit');
  expect(picture).not.toContain('>default<');
});

it('wants the default first', () => {
  expect(() => compare([result('1 digit', 1)])).toThrow(/no result of the default/);
});

it('has variants of settings that there are, each of its own name', () => {
  expect(new Set(VARIANTS.map(({ name }) => name.replace(/[^a-z0-9.]+/gi, '-'))).size).toBe(VARIANTS.length);
  for (const { settings } of VARIANTS) expect(() => resolvePretraining(settings)).not.toThrow();
  expect(chosenVariants('1 digit,default').map(({ name }) => name)).toEqual(['default', '1 digit']);
  expect(() => chosenVariants('nothing')).toThrow(/no variant "nothing"/);
});

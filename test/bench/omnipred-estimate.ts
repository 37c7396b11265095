// Median against mean of what the model states, as exact numbers and from samples, without noise and with heavy tails.
import { keepPlausible, type PlausibleRange, plausibleRange } from '../../trainer/calibration/plausible.js';
import type { Distribution } from '../../trainer/distribution.js';
import type { Budget } from './omnipred-budgets.js';
import type { Cells } from './omnipred-cells.js';
import { type BenchStudy, corpusOf, dataOf } from './omnipred-corpus.js';
import { SAMPLES } from './omnipred-digits.js';
import { mean, PlainModel, plainFeed, trained } from './omnipred-model.js';

export const ESTIMATES = ['median', 'mean', 'plausible_mean', 'sampled_median', 'sampled_mean'] as const;
export type Estimate = (typeof ESTIMATES)[number];

/** In ranges of the noiseless function, over the test trials of all test studies; an error counts at most 1. */
export interface EstimateErrors {
  /** Mean absolute error against what was measured, and against the function itself. */
  measured: Record<Estimate, number>;
  truth: Record<Estimate, number>;
  /** Root of the mean squared error against the function: what a mean is best at. */
  squared: Record<Estimate, number>;
}

export async function estimateErrors(modelDir: string, tests: readonly BenchStudy[]): Promise<EstimateErrors> {
  const model = await PlainModel.load(modelDir);
  const perStudy: { study: BenchStudy; points: Record<Estimate, number[]> }[] = [];
  for (const study of tests) {
    const distributions = await model.ask(study, study.test);
    const plausible = plausibleRange(Float64Array.from(study.training, ({ y }) => y))!;
    const estimates = distributions.map((distribution, i) => estimatesOf(distribution, plausible, i));
    const points = record((name) => estimates.map((estimate) => estimate[name]));
    perStudy.push({ study, points });
  }
  await model.release();
  const over = (name: Estimate, error: (point: number, study: BenchStudy, i: number) => number) =>
    mean(perStudy.flatMap(({ study, points }) => points[name].map((point, i) => error(point, study, i))));
  const off = (point: number, y: number, { range }: BenchStudy) => Math.min(1, Math.abs(point - y) / range);
  return {
    measured: record((name) => over(name, (point, study, i) => off(point, study.test[i]!.y, study))),
    truth: record((name) => over(name, (point, study, i) => off(point, study.truth[i]!, study))),
    squared: record((name) => Math.sqrt(over(name, (point, study, i) => off(point, study.truth[i]!, study) ** 2))),
  };
}

function estimatesOf(distribution: Distribution, plausible: PlausibleRange, index: number): Record<Estimate, number> {
  const samples = Array.from({ length: SAMPLES }, (_, i) => distribution.sample(1, index, i)).filter((y) => y !== null);
  samples.sort((a, b) => a - b);
  return {
    median: distribution.median,
    mean: distribution.mean,
    plausible_mean: keepPlausible(distribution, plausible).mean,
    // An experiment that is all but sure to fail gives no samples: never the case here, and the median then.
    sampled_median: samples[samples.length >> 1] ?? distribution.median,
    sampled_mean: samples.length > 0 ? mean(samples) : distribution.median,
  };
}

const record = <T>(value: (name: Estimate) => T): Record<Estimate, T> =>
  Object.fromEntries(ESTIMATES.map((name) => [name, value(name)])) as Record<Estimate, T>;

/** Without noise, and with Student's t of two degrees of freedom, whose variance is infinite. */
const HEAVY = { degrees: 2, scale: 0.2 };

/** One model a kind of noise, asked about new trials of studies that it knows. */
export async function estimate(cells: Cells, budget: Budget): Promise<Record<'exact' | 'heavy', EstimateErrors>> {
  const { studies, steps } = budget.noise;
  const cell = (name: 'exact' | 'heavy', noise?: typeof HEAVY) =>
    cells.get(`estimate-${name}`, async () => {
      const corpus = corpusOf(budget, studies, noise);
      const config = { ...budget.config, ...plainFeed(steps, budget.config) };
      const data = corpus.map((study) => dataOf(study));
      const model = await trained({ folder: cells.out, name: `estimate-${name}`, studies: data, config, plain: true });
      return estimateErrors(model, corpus.slice(0, budget.tests));
    });
  return { exact: await cell('exact'), heavy: await cell('heavy', HEAVY) };
}

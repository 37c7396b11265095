// One model of many studies against one model a study and against what is fitted on a study: bench:omnipred's main question.

import { studyFrame } from '../../tokenizer/frame.js';
import { type PoolRow, pooledBoosting } from '../../trainer/evaluation/baselines.js';
import { EXPERT_NAMES } from '../../trainer/experts/expert.js';
import { fitExperts } from '../../trainer/experts/fit-experts.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import type { Budget } from './omnipred-budgets.js';
import type { Cells } from './omnipred-cells.js';
import { type BenchStudy, corpusOf, dataOf, type MeasuredTrial } from './omnipred-corpus.js';
import { bestLength, errorOf, mean, plainErrors, plainFeed, THREADS, trained } from './omnipred-model.js';

/** Error of each test study, and what is worth knowing of the training. */
export interface Scored {
  errors: number[];
  /** Steps of each model behind them. */
  steps: number[];
}

export interface MultiTask {
  plain: Record<number, Scored>;
  evidence: Record<number, Scored>;
  /** Of each test study, by method. */
  baselines: Record<string, number[]>;
  /** Boosting over the trials of that many studies. */
  pooled: Record<number, number[]>;
}

/** Lengths that are tried, as shares of the full one: longer ones while validation gains. */
const SHARES = [1 / 160, 1 / 50, 1 / 16, 1 / 5, 1];
/** Fewer passes over a corpus than this teach too little to be tried. */
const LEAST_PASSES = 5;
/** Rows that boosting over studies is fitted on: as many as a model's own history holds. */
const MAX_POOL = 6000;

export async function multiTask(cells: Cells, budget: Budget): Promise<MultiTask> {
  const corpus = corpusOf(budget, budget.studies.at(-1)!);
  const tests = corpus.slice(0, budget.tests);
  const result: MultiTask = { plain: {}, evidence: {}, baselines: {}, pooled: {} };
  result.baselines = await cells.get('multi-task-baselines', async () => localErrors(tests));
  for (const count of budget.studies) {
    const groups = count === 1 ? tests.map((study) => [study]) : [corpus.slice(0, count)];
    const asked = (group: readonly BenchStudy[]) => tests.filter((study) => group.includes(study));
    const plain: Scored = { errors: [], steps: [] };
    const evidence: Scored = { errors: [], steps: [] };
    for (const [g, group] of groups.entries()) {
      const name = count === 1 ? `1-${g}` : `${count}`;
      const own = await cells.get(`multi-task-plain-${name}`, () =>
        plainCell(cells, budget, name, group, asked(group)),
      );
      plain.errors.push(...own.errors);
      plain.steps.push(...own.steps);
      const ours = await cells.get(`multi-task-evidence-${name}`, () =>
        evidenceCell(cells, budget, name, group, asked(group)),
      );
      evidence.errors.push(...ours.errors);
      evidence.steps.push(...ours.steps);
    }
    result.plain[count] = plain;
    result.evidence[count] = evidence;
    if (count > 1) {
      const group = groups[0]!;
      result.pooled[count] = await cells.get(`multi-task-pooled-${count}`, async () =>
        tests.map((study) => pooledError(study, group)),
      );
    }
  }
  return result;
}

async function plainCell(
  { out }: Cells,
  budget: Budget,
  name: string,
  studies: readonly BenchStudy[],
  tests: readonly BenchStudy[],
): Promise<Scored> {
  const trials = studies.length * budget.training;
  const best = await bestLength(lengthsFor(trials, budget), tests, (steps) =>
    plainModel(out, budget, name, studies, steps),
  );
  return { errors: await plainErrors(best.model, tests), steps: [best.steps] };
}

/** The full length always, shorter ones where they go over the trials often enough. */
function lengthsFor(trials: number, { steps, config }: Budget): number[] {
  const all = SHARES.map((share) => Math.ceil(share * steps));
  return all.filter((length) => length === steps || (length * Number(config.batch_size)) / trials >= LEAST_PASSES);
}

const plainModel = (folder: string, budget: Budget, name: string, studies: readonly BenchStudy[], steps: number) =>
  trained({
    folder,
    name: `plain-${name}-${steps}`,
    studies: studies.map((study) => dataOf(study)),
    config: { ...budget.config, ...plainFeed(steps, budget.config) },
    plain: true,
  });

/** The full-length model of the first `count` studies: trained where it is not there yet. */
export const plainModelOf = ({ out }: Cells, budget: Budget, count: number): Promise<string> =>
  plainModel(out, budget, `${count}`, corpusOf(budget, count), budget.steps);

/** Ours: the same shape of model, its prompts with what the study's own trials say. */
async function evidenceCell(
  { out }: Cells,
  budget: Budget,
  name: string,
  studies: readonly BenchStudy[],
  tests: readonly BenchStudy[],
): Promise<Scored> {
  const steps = budget.evidenceSteps;
  const config = { ...budget.config, steps, validation: 0, max_context: budget.training };
  const data = studies.map((study) => dataOf(study));
  const model = await trained({ folder: out, name: `evidence-${name}`, studies: data, config, plain: false });
  const predictor = await Predictor.load(model, THREADS);
  const errors: number[] = [];
  for (const study of tests) {
    const distributions = await predictor.distributionsOf(dataOf(study), xsOf(study.test));
    errors.push(
      errorOf(
        study,
        distributions.map((d) => d.median),
      ),
    );
  }
  await predictor.release();
  return { errors, steps: [steps] };
}

const xsOf = (trials: readonly MeasuredTrial[]) => trials.map(({ x }) => x);

function localErrors(tests: readonly BenchStudy[]): Record<string, number[]> {
  const errors: Record<string, number[]> = {};
  for (const study of tests) {
    const y = study.training.map((trial) => trial.y);
    const predictions = fitExperts(xsOf(study.training), y, { seed: 1 }).predict(xsOf(study.test));
    for (const name of ['median', ...EXPERT_NAMES] as const) {
      errors[name] ??= [];
      errors[name].push(errorOf(study, predictions[name]!.mean));
    }
  }
  return errors;
}

/** Boosting over all studies with the metadata, the words of which are categories, as features: it knows what the model reads. */
function pooledError(study: BenchStudy, studies: readonly BenchStudy[]): number {
  const seen = ({ metadata }: BenchStudy, trials: readonly MeasuredTrial[]) =>
    trials.map(({ x, y }): MeasuredTrial => ({ x: { ...x, ...metadata }, y }));
  const others = studies.filter(({ id }) => id !== study.id);
  const each = Math.max(1, Math.floor(MAX_POOL / Math.max(1, others.length)));
  const pool = others.flatMap((other): PoolRow[] => {
    const frame = studyFrame(other.training.map(({ y }) => y));
    return seen(other, other.training.slice(0, each)).map((trial) => ({
      ...trial,
      task: other.id,
      u: frame.toUnit(trial.y),
    }));
  });
  const { points } = pooledBoosting(pool, seen(study, study.training), xsOf(seen(study, study.test)));
  return errorOf(study, points);
}

/** Mean over the test studies. */
export const meanError = ({ errors }: Pick<Scored, 'errors'>): number => mean(errors);

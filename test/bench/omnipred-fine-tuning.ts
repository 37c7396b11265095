// Pretrained against from scratch: a study that no model has seen, and few of its trials.
import { fitExperts } from '../../trainer/experts/fit-experts.js';
import type { Budget } from './omnipred-budgets.js';
import type { Cells } from './omnipred-cells.js';
import { type BenchStudy, corpusOf, dataOf } from './omnipred-corpus.js';
import { bestLength, errorOf, plainErrors, plainFeed, trained } from './omnipred-model.js';

export interface FineTuning {
  /** Studies behind the pretrained model. */
  studies: number;
  /** Errors of the new studies: the pretrained model as it is; by number of trials what was trained on them, and a GP. */
  zeroShot: number[];
  fineTuned: Record<number, number[]>;
  scratch: Record<number, number[]>;
  gaussianProcess: Record<number, number[]>;
}

/** Of the peak that the pretrained model was trained with: it has most of what it needs. */
const GENTLER = 0.25;

/** @param pretrained of multi-task's largest corpus */
export async function fineTuning(
  cells: Cells,
  budget: Budget,
  pretrained: string,
  studies: number,
): Promise<FineTuning> {
  const { trials, studies: count } = budget.fineTuning;
  const tests = corpusOf(budget, studies + count).slice(studies);
  const zeroShot = await cells.get('fine-tuning-zero-shot', () => plainErrors(pretrained, tests));
  const result: FineTuning = { studies, zeroShot, fineTuned: {}, scratch: {}, gaussianProcess: {} };
  for (const size of trials) {
    result.gaussianProcess[size] = tests.map((study) => gpError(study, size));
    for (const start of ['fineTuned', 'scratch'] as const) {
      result[start][size] = [];
      for (const [i, study] of tests.entries()) {
        const parent = start === 'fineTuned' ? pretrained : undefined;
        const name = `fine-tuning-${start === 'fineTuned' ? 'tuned' : 'scratch'}-${i}-${size}`;
        result[start][size].push(await cells.get(name, () => tunedError(cells, budget, name, study, size, parent)));
      }
    }
  }
  return result;
}

/** Both may be trained as long as validation gains; a pretrained model may also stay as it is. */
async function tunedError(
  { out }: Cells,
  budget: Budget,
  name: string,
  study: BenchStudy,
  size: number,
  parent: string | undefined,
): Promise<number> {
  const rate = Number(budget.config.learning_rate) * (parent ? GENTLER : 1);
  const lengths = parent ? [0, ...budget.fineTuning.steps] : budget.fineTuning.steps;
  const best = await bestLength(lengths, [study], (steps) => {
    if (steps === 0) return Promise.resolve(parent!);
    return trained({
      folder: out,
      name: `${name}-${steps}`,
      studies: [dataOf(study, size)],
      config: { ...budget.config, ...plainFeed(steps, budget.config), learning_rate: rate },
      plain: true,
      ...(parent !== undefined && { parent }),
    });
  });
  const [error] = await plainErrors(best.model, [study]);
  return error!;
}

function gpError(study: BenchStudy, size: number): number {
  const { trials } = dataOf(study, size);
  const fitted = fitExperts(
    trials.map(({ x }) => x),
    trials.map(({ y }) => y!),
    { seed: 1, which: ['gaussian_process'] },
  );
  const predictions = fitted.predict(study.test.map(({ x }) => x));
  return errorOf(study, predictions.gaussian_process!.mean);
}

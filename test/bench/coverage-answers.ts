// One task at one number of local trials: what the model and boosting say of its own trials and of test trials.

import type { Distribution } from '../../trainer/distribution.js';
import { type Difficulty, Evidence } from '../../trainer/evidence.js';
import { CrossFit } from '../../trainer/prediction/cross-fit.js';
import { type Answer, questionsAbout } from '../../trainer/prediction/questions.js';
import type { PromptEncoder } from '../../trainer/prompt.js';
import type { RealTask } from './real-tasks.js';

/** Probabilities at which a distribution is kept: fine in the middle, finer at the ends. */
export const LEVELS: readonly number[] = [
  ...[1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 2e-3, 3.5e-3],
  ...Array.from({ length: 199 }, (_, i) => (i + 1) / 200),
  ...[3.5e-3, 2e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6].map((p) => 1 - p),
];

/** A measured y, and what is stated without it: the quantiles of its distribution at `LEVELS`, and its difficulty. */
export interface Answered {
  y: number;
  quantiles: number[];
  difficulty: Difficulty;
}

/** One line of the answers' file. */
export interface TaskAnswers {
  family: string;
  task: string;
  trials: number;
  /** Greatest less smallest y of the context and test trials. */
  range: number;
  own: Answered[];
  test: (Answered & { boosting: number })[];
  /** Measured values of the context. */
  context: number[];
  /** Signed errors of boosting on the study's own trials, cross-fitted. */
  boostingErrors: number[];
}

const TEST_TRIALS = 120;
const SEED = 1;

/** Undefined where the task has too few trials to hold 100 back. */
export async function answerTask(
  { family, study }: RealTask,
  trials: number,
  encoder: PromptEncoder,
  answer: Answer,
): Promise<TaskAnswers | undefined> {
  const test = study.trials.slice(-TEST_TRIALS);
  if (study.trials.length < trials + Math.min(100, TEST_TRIALS)) return undefined;
  const context = study.trials.slice(0, Math.min(trials, study.trials.length - 100));
  const asked = study.trials.slice(Math.max(context.length, study.trials.length - TEST_TRIALS));
  const keep = (distribution: Distribution, y: number, difficulty: Difficulty | undefined): Answered => ({
    y,
    difficulty: difficulty!,
    quantiles: LEVELS.map((p) => Number(distribution.quantile(p).toPrecision(7))),
  });
  const crossFit = new CrossFit(study, undefined, encoder, answer, keep);
  const own = await crossFit.scores(context);
  const evidence = Evidence.fit(context, SEED);
  const questions = questionsAbout(study, asked, evidence, encoder);
  const distributions = await answer(questions);
  const boosting = evidence.experts!.predict(asked.map(({ x }) => x)).gradient_boosting!.mean;
  const fitted = evidence.experts!.crossFitted('gradient_boosting').mean;
  const all = [...context, ...test].map((t) => t.y!);
  return {
    family,
    task: study.id,
    trials,
    range: Math.max(...all) - Math.min(...all) || 1,
    own,
    context: context.map(({ y }) => y!),
    test: distributions.map((distribution, i) => ({
      ...keep(distribution, asked[i]!.y!, questions.difficulties[i]),
      boosting: boosting[i]!,
    })),
    boostingErrors: context.map(({ y }, i) => y! - fitted[i]!),
  };
}

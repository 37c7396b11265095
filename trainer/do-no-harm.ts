// Do no harm: a fine-tune replaces its parent only where it answers better about trials that neither has seen, by more than 1%
// and by more than chance gives.
import { clusterMeans, pValueOfGain } from './paired-test.js';
import type { ValidationAnswers } from './validation.js';

/** Of the trainings that are no better than their parents, at most this share is to be published. */
export const PUBLISHING_LEVEL = 0.025;
/**
 * Share of the parent's score by which a gain has to be surely larger: as much as is called "as well" of exports. A little is
 * to be had on pure noise too, by learning how wide it is.
 */
export const LEAST_GAIN = 0.01;
/** The fewest questions that can tell: if neither model is better, all six go to the new one in 1 case of 64. */
export const LEAST_QUESTIONS = 6;

/** Fewer studies than this cannot tell by themselves, however large the gain: then questions are counted, and no study may lose. */
export const LEAST_STUDIES = 8;

/** What is decided, and why, in words with the figures. */
export interface Verdict {
  publish: boolean;
  reason: string;
  /** Probability of a gain as large if the true one were `LEAST_GAIN`; absent where nothing was compared. */
  pValue?: number;
}

export interface Compared {
  /** The new model's answers; undefined where no trial was held back. */
  after: ValidationAnswers | undefined;
  /** The parent's to the same questions. */
  before: ValidationAnswers | undefined;
  /** Whether there is a parent, and one that has learned to answer: a model fresh from import has nothing to harm. */
  parentAnswers: boolean;
  /** Share of trials that was asked to be held back; 0: nothing was to be compared. */
  share: number;
}

/**
 * Both models have answered the same questions, so their scores are compared question by question. Questions of one study share
 * its context and are not independent: each study counts as one value, the mean of its differences. Where there are few
 * studies, what is asked is whether the new model is better on those: each question is a value, and each study has to gain.
 */
export function judge({ after, before, parentAnswers, share }: Compared): Verdict {
  if (!parentAnswers) return { publish: true, reason: 'There is no parent that has learned to answer.' };
  if (share === 0)
    return { publish: true, reason: 'Nothing was held back to compare with the parent: validation is 0.' };
  if (!before || !after || after.trials < LEAST_QUESTIONS)
    return { publish: false, reason: tooFew(after?.trials ?? 0) };
  const margin = LEAST_GAIN * before.score;
  const gains = before.scores.map((score, i) => score - after.scores[i]! - margin);
  const means = clusterMeans(gains, after.studies);
  const studies = means.length;
  const few = studies < LEAST_STUDIES;
  const pValue = pValueOfGain(few ? gains : means);
  const loses = few && means.some((gain) => !(gain > 0));
  const where = `${after.trials} trials held back of ${studies === 1 ? 'one study' : `${studies} studies`}`;
  const figures = `${after.score.toFixed(4)} against ${before.score.toFixed(4)} on ${where}`;
  if (pValue <= PUBLISHING_LEVEL && !loses) {
    const reason = `Better than its parent by more than ${MARGIN}: ${figures}; by chance p = ${shown(pValue)}.`;
    return { publish: true, pValue, reason };
  }
  if (!(after.score < before.score))
    return { publish: false, pValue, reason: `Not better than its parent: ${figures}.` };
  if (pValue <= PUBLISHING_LEVEL) {
    const reason = `Better than its parent on the whole, but not on each of so few studies: ${figures}.`;
    return { publish: false, pValue, reason };
  }
  const asked = `by chance p = ${shown(pValue)}, and at most ${PUBLISHING_LEVEL} is asked for`;
  const reason = `Not surely better than its parent by more than ${MARGIN}: ${figures}; ${asked}.`;
  return { publish: false, pValue, reason };
}

/**
 * What is told of a comparison, by name. `validation_score` is of the weights that the model has: after a refusal the parent's, as models are
 * compared by it (service/prediction/model-choice.ts), and the refused ones' are beside it.
 */
export function validationMetrics(
  { publish, pValue }: Verdict,
  { after, before }: Pick<Compared, 'after' | 'before'>,
): Record<string, number> {
  const kept = publish ? after : before;
  return {
    ...(kept && { validation_score: kept.score, validation_error: kept.error, validation_trials: kept.trials }),
    ...(before && { parent_validation_score: before.score, parent_validation_error: before.error }),
    ...(!publish && after && { refused_validation_score: after.score, refused_validation_error: after.error }),
    ...(pValue !== undefined && { improvement_p_value: pValue }),
  };
}

const MARGIN = `${100 * LEAST_GAIN}%`;

function tooFew(trials: number): string {
  const held = trials === 0 ? 'No trial was' : trials === 1 ? 'One trial was' : `${trials} trials were`;
  return `Too few trials to compare with the parent: ${held} held back, and ${LEAST_QUESTIONS} are needed. Measure more, or raise "validation".`;
}

const shown = (p: number): string => (p < 0.0001 ? 'under 0.0001' : p.toPrecision(2));

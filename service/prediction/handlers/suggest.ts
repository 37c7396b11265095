// Experiments to run next, inside a space that is declared or read off the study's trials.
import type { AcquisitionOptions } from '../../../trainer/acquisition/criteria.js';
import { inferSpace } from '../../../trainer/acquisition/infer-space.js';
import type { Parameter } from '../../../trainer/acquisition/parameter.js';
import { SearchSpace } from '../../../trainer/acquisition/search-space.js';
import { suggest as suggestFrom } from '../../../trainer/acquisition/suggest.js';
import { TrainerError } from '../../../trainer/errors.js';
import type { JsonObject } from '../../../trainer/types.js';
import { type CandidatePrediction, summarize } from './candidate.js';
import type { Asked, Target } from './handler.js';

export type SpaceParameters = Record<string, Parameter>;

export interface SuggestInput extends Target {
  /** Place of the objective in the study. */
  objective: number;
  goal: 'minimize' | 'maximize';
  /** As it was declared; undefined: to be inferred. */
  space: SpaceParameters | undefined;
  count: number;
  pending: JsonObject[];
  options: Partial<AcquisitionOptions>;
}

export type SuggestOutput =
  | {
      suggestions: { x: JsonObject; score?: number; prediction?: CandidatePrediction }[];
      incumbent: number | undefined;
      space: SpaceParameters;
      /** Number of trials that the space was inferred from. */
      inferredFrom: number | undefined;
    }
  /** The trials name no parameter to infer a space from. */
  | { refused: string };

export async function suggest(input: SuggestInput, { predictor, views, signal }: Asked): Promise<SuggestOutput> {
  const { objective: place, goal, count, pending, options } = input;
  const study = views[place]!;
  let space: SearchSpace;
  try {
    space = input.space ? new SearchSpace(input.space) : inferSpace(study.trials.map(({ x }) => x));
  } catch (error) {
    if (error instanceof TrainerError && error.code === 'search_space') return { refused: error.message };
    throw error;
  }
  const measured = { objective: { ...study.objective, goal }, trials: study.trials };
  const oracle = predictor.oracle(study, goal, signal);
  const { suggestions, incumbent } = await suggestFrom(measured, space, oracle, { ...options, count, pending });
  return {
    suggestions: suggestions.map(({ x, score, distribution }) => ({
      x,
      ...(score === undefined ? {} : { score }),
      ...(distribution === undefined ? {} : { prediction: summarize(distribution) }),
    })),
    incumbent,
    space: Object.fromEntries(space.parameters),
    inferredFrom: input.space ? undefined : study.trials.length,
  };
}

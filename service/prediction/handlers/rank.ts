// Candidates in order of what their distributions promise.
import type { AcquisitionOptions } from '../../../trainer/acquisition/criteria.js';
import { rank as rankDistributions } from '../../../trainer/acquisition/rank.js';
import type { JsonObject } from '../../../trainer/types.js';
import { bestOf, type CandidatePrediction, summarize } from './candidate.js';
import type { Asked, Target } from './handler.js';

export interface RankInput extends Target {
  /** Place of the objective in the study. */
  objective: number;
  goal: 'minimize' | 'maximize';
  candidates: JsonObject[];
  options: Partial<AcquisitionOptions>;
}

export interface RankOutput {
  incumbent: number | undefined;
  /** Best first; −∞ where the criterion sees no chance. */
  ranking: { candidate: number; score: number; prediction: CandidatePrediction }[];
}

export async function rank(input: RankInput, { predictor, views, signal }: Asked): Promise<RankOutput> {
  const { objective, goal, candidates, options } = input;
  const study = views[objective]!;
  // Corrected, as ranks are ruled by tails: the model's own hold up to one part in n + 1 beyond all that was measured.
  const corrected = await predictor.corrected(study, candidates, signal);
  const distributions = corrected.map(({ distribution }) => distribution);
  const incumbent = bestOf(study.trials, goal);
  const ranking = rankDistributions(distributions, { goal, incumbent }, options).map(({ index, score }) => ({
    candidate: index,
    score,
    prediction: summarize(corrected[index]!),
  }));
  return { incumbent, ranking };
}

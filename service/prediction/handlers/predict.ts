// Predictions of a study's objectives for some x.
import type { JsonObject, Prediction, PredictResult } from '../../../trainer/types.js';
import type { Asked, Target } from './handler.js';

export interface PredictionInput extends Target {
  queries: JsonObject[];
  levels: number[];
  includeExperts: boolean;
}

/** What the model says, by objective, in the study's order of objectives. */
export interface PredictionOutput {
  objectives: { name: string; predictions: Prediction[]; calibration: PredictResult['calibration'] }[];
}

export async function predict(input: PredictionInput, { predictor, views, signal }: Asked): Promise<PredictionOutput> {
  const { queries, levels, includeExperts } = input;
  const objectives: PredictionOutput['objectives'] = [];
  for (const study of views) {
    const { predictions, calibration } = await predictor.predict({ study, queries, levels, includeExperts }, signal);
    objectives.push({ name: study.objective.name, predictions, calibration });
  }
  return { objectives };
}

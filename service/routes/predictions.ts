// Handler of predictions: asks the model, and puts the objectives together.
import type { JsonObject } from '../../store/types.js';
import type { Prediction } from '../../trainer/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest } from '../errors.js';
import { askModel } from '../prediction/ask-model.js';
import type { PredictionOutput } from '../prediction/handlers/predict.js';
import type { Services } from '../services.js';

type Schemas = components['schemas'];

const DEFAULT_LEVELS = [0.9];

export function predictionHandlers(services: Services): Pick<Handlers, 'predict'> {
  const { maxQueries } = services.config;
  return {
    async predict({ path, body, raw }) {
      if (body.queries.length > maxQueries) {
        const detail = `has ${body.queries.length} queries, ${maxQueries} are allowed`;
        throw invalidRequest([fieldError('/queries', 'too_many', detail, 'Send several requests.')]);
      }
      const { output, model } = await askModel(services, raw, 'predict', {
        studyId: path.study_id,
        model: body.model,
        timeoutMs: body.timeout_ms,
        queries: body.queries.length,
        input: {
          queries: body.queries as JsonObject[],
          levels: body.intervals ?? DEFAULT_LEVELS,
          includeExperts: body.include?.includes('experts') ?? false,
        },
      });
      const { objectives } = output;
      return {
        status: 200,
        body: {
          study_id: path.study_id,
          model,
          predictions: body.queries.map((_, query) => joinObjectives(objectives, query)),
          calibration: Object.fromEntries(objectives.map(({ name, calibration }) => [name, calibration])),
        },
      };
    },
  };
}

function joinObjectives(
  objectives: PredictionOutput['objectives'],
  query: number,
): Schemas['PredictionResult']['predictions'][number] {
  const answers = objectives.map(({ name, predictions }) => [name, predictions[query]!] as const);
  return {
    objectives: Object.fromEntries(answers.map(([name, prediction]) => [name, presentPrediction(prediction)])),
    // An experiment fails for all its objectives or for none: each view estimates the same probability.
    p_infeasible: answers.reduce((sum, [, { pInfeasible }]) => sum + pInfeasible, 0) / answers.length,
  };
}

function presentPrediction({ median, mean, sd, intervals, experts }: Prediction): Schemas['ObjectivePrediction'] {
  return { median, mean, sd, intervals, ...(experts === undefined ? {} : { experts }) };
}

// Handler of predictions: chooses the model, asks the worker, and puts the objectives together.
import type { JsonObject } from '../../store/types.js';
import type { Prediction } from '../../trainer/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest } from '../errors.js';
import { chooseModel } from '../prediction/model-choice.js';
import type { PredictionOutput } from '../prediction/protocol.js';
import { existingStudy, type Services } from '../services.js';

type Schemas = components['schemas'];

const DEFAULT_LEVELS = [0.9];

export function predictionHandlers({ store, predictor, config, artifacts }: Services): Pick<Handlers, 'predict'> {
  return {
    async predict({ path, body }) {
      const study = await existingStudy(store, path.study_id);
      if (body.queries.length > config.maxQueries) {
        const detail = `has ${body.queries.length} queries, ${config.maxQueries} are allowed`;
        throw invalidRequest([fieldError('/queries', 'too_many', detail, 'Send several requests.')]);
      }
      const { model, chosenBy, reason } = await chooseModel(store, study.id, body.model);
      const { objectives } = await predictor.predict({
        modelId: model.id,
        modelDir: await artifacts.open(model.directory),
        studyId: study.id,
        queries: body.queries as JsonObject[],
        levels: body.intervals ?? DEFAULT_LEVELS,
        includeExperts: body.include?.includes('experts') ?? false,
      });
      return {
        status: 200,
        body: {
          study_id: study.id,
          model: { id: model.id, chosen_by: chosenBy, reason },
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

// Handler of predictions: asks the model, and puts the objectives together.
import type { JsonObject } from '../../store/types.js';
import { questionsPerQuery } from '../../trainer/joint/strata.js';
import type { Prediction } from '../../trainer/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest } from '../errors.js';
import { type Given, givenErrors } from '../given-input.js';
import { askModel } from '../prediction/ask-model.js';
import type { QueryAnswer } from '../prediction/handlers/predict.js';
import { existingStudy, type Services } from '../services.js';

type Schemas = components['schemas'];

export const DEFAULT_LEVELS = [0.9];
/** Queries with `joint` in one request: each asks the model 9 to 281 times. */
const MAX_JOINT_QUERIES = 100;

export function predictionHandlers(services: Services): Pick<Handlers, 'predict'> {
  const { maxQueries } = services.config;
  return {
    async predict({ path, body, raw }) {
      const includeJoint = body.include?.includes('joint') ?? false;
      const count = body.queries.length;
      const allowed = includeJoint ? Math.min(MAX_JOINT_QUERIES, maxQueries) : maxQueries;
      if (count > allowed) {
        const detail = `has ${count} queries, ${allowed} are allowed${includeJoint ? ' with "joint"' : ''}`;
        throw invalidRequest([fieldError('/queries', 'too_many', detail, 'Send several requests.')]);
      }
      const study = await existingStudy(services.store, path.study_id);
      let questions = count;
      const given = body.given as Given | undefined;
      if (given !== undefined || includeJoint) {
        const { objectives } = study;
        const errors = givenErrors(given ?? body.queries.map(() => null), count, objectives);
        if (errors.length > 0) throw invalidRequest(errors);
        if (includeJoint) questions += count * questionsPerQuery(objectives.length);
      }
      const { output, model } = await askModel(services, raw, 'predict', {
        study,
        model: body.model,
        timeoutMs: body.timeout_ms,
        queries: questions,
        input: {
          queries: body.queries as JsonObject[],
          ...(given && { given }),
          levels: body.intervals ?? DEFAULT_LEVELS,
          includeExperts: body.include?.includes('experts') ?? false,
          includeJoint,
        },
      });
      return {
        status: 200,
        body: {
          study_id: study.id,
          model,
          predictions: output.map(presentAnswer),
          calibration: calibrationOf(output.find(({ isGiven }) => !isGiven)),
        },
      };
    },
  };
}

function presentAnswer(answer: QueryAnswer): Schemas['PredictionResult']['predictions'][number] {
  const { objectives, isGiven, warnings, joint } = answer;
  return {
    objectives: Object.fromEntries(objectives.map(({ name, prediction }) => [name, presentPrediction(prediction)])),
    // An experiment fails for all its objectives or for none: each view estimates the same probability.
    p_infeasible: objectives.reduce((sum, { prediction }) => sum + prediction.pInfeasible, 0) / objectives.length,
    warnings,
    ...(isGiven && { calibration: calibrationOf(answer) }),
    ...(joint && {
      joint: { objectives: [...joint.objectives], draws: joint.draws, rank_correlation: joint.rankCorrelation },
    }),
  };
}

/** By objective; empty where there is no such answer. */
function calibrationOf(answer: QueryAnswer | undefined): Schemas['PredictionResult']['calibration'] {
  return Object.fromEntries((answer?.objectives ?? []).map(({ name, calibration }) => [name, calibration]));
}

export function presentPrediction({
  median,
  mean,
  sd,
  intervals,
  experts,
}: Prediction): Schemas['ObjectivePrediction'] {
  return { median, mean, sd, intervals, ...(experts === undefined ? {} : { experts }) };
}

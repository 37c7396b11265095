// Handler of predictions without a study: a text or parameters in, a number out.
import type { JsonObject } from '../../store/types.js';
import type { Handlers } from '../contract/handlers.js';
import { fieldError, invalidRequest } from '../errors.js';
import { askModel } from '../prediction/ask-model.js';
import type { Services } from '../services.js';
import { DEFAULT_LEVELS, presentPrediction } from './predictions.js';

/** Key under which a text that stands alone is read. */
const TEXT_KEY = 'text';
const DEFAULT_OBJECTIVE = { name: 'y' };

export function textPredictionHandlers(services: Services): Pick<Handlers, 'predictText'> {
  const { maxQueries } = services.config;
  return {
    async predictText({ body, raw }) {
      const { inputs, description, metadata = {}, objective = DEFAULT_OBJECTIVE } = body;
      if (inputs.length > maxQueries) {
        const detail = `has ${inputs.length} entries, ${maxQueries} are allowed`;
        throw invalidRequest([fieldError('/inputs', 'too_many', detail, 'Send several requests.')]);
      }
      const described = {
        // The model reads name and metadata as one text: what describes the numbers stands first.
        name: body.name ?? '',
        metadata: { ...(metadata as JsonObject), ...(description !== undefined && { description }) },
        objectives: [objective],
      };
      const { output, model } = await askModel(services, raw, 'predict', {
        study: described,
        model: body.model,
        timeoutMs: body.timeout_ms,
        queries: inputs.length,
        input: {
          queries: inputs.map((input) => (typeof input === 'string' ? { [TEXT_KEY]: input } : (input as JsonObject))),
          levels: body.intervals ?? DEFAULT_LEVELS,
          includeExperts: false,
        },
      });
      const predictions = output.map(({ objectives: [answer] }) => ({
        ...presentPrediction(answer!.prediction),
        p_infeasible: answer!.prediction.pInfeasible,
      }));
      return {
        status: 200,
        body: { model, objective, predictions, calibration: output[0]!.objectives[0]!.calibration },
      };
    },
  };
}

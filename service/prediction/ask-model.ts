// What every route that asks a model does: finds the model, waits in the queue no longer than the client does.
import type { FastifyRequest } from 'fastify';
import type { NewStudy, Study } from '../../store/types.js';
import { whileConnected } from '../connections.js';
import type { components } from '../contract.generated.js';
import { ServiceError } from '../errors.js';
import { existingStudy, type Services } from '../services.js';
import type { Target } from './handlers/handler.js';
import { chooseModel, type ModelChoice } from './model-choice.js';
import type { AskInput, AskKind, AskOutput } from './protocol.js';

export interface ModelQuestion<Kind extends AskKind> {
  /** A stored one, or one that is described in the request alone. */
  study: Study | NewStudy;
  /** As in the request: an id; undefined or `auto` to have one chosen. */
  model: string | undefined;
  /** How long the client wants to wait; undefined: the server's setting. */
  timeoutMs: number | undefined;
  /** How many queries this comes to, for the queue: x to be predicted. */
  queries: number;
  /** What the worker's handler needs besides study and model. */
  input: Omit<AskInput<Kind>, keyof Target>;
}

export interface ModelAnswer<Kind extends AskKind> {
  output: AskOutput<Kind>;
  /** Which model answered, and why that one. */
  model: components['schemas']['ChosenModel'];
}

/**
 * @param raw the request, whose connection is watched: when it closes, the question is withdrawn
 * @throws invalid_request, no_model, too_many_predictions, deadline_exceeded, prediction_failed
 */
export async function askModel<Kind extends AskKind>(
  services: Services,
  raw: FastifyRequest,
  kind: Kind,
  { study, model: named, timeoutMs, queries, input }: ModelQuestion<Kind>,
): Promise<ModelAnswer<Kind>> {
  const stored = 'id' in study ? study : undefined;
  const timeout = timeoutMs ?? services.config.predictionTimeoutMs;
  const ask = async ({ id, modelDir }: ModelChoice) => {
    const target: Target = { modelId: id, modelDir, studyId: stored?.id ?? '', ...(!stored && { described: study }) };
    const options = { queries, timeoutMs: timeout };
    return whileConnected(raw, (signal) =>
      services.predictor.ask(kind, { ...target, ...input } as AskInput<Kind>, { ...options, signal }),
    );
  };
  const chosen = await chooseModel(services, stored?.id, named);
  try {
    return answerOf(chosen, await ask(chosen));
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'prediction_failed') throw error;
    // Study or model may have been deleted under way: that is no fault of the service, and another model may answer.
    if (stored) await existingStudy(services.store, stored.id);
    const another = await chooseModel(services, stored?.id, named);
    if (another.id === chosen.id) throw error;
    return answerOf(another, await ask(another));
  }
}

function answerOf<Kind extends AskKind>(
  { id, chosenBy, reason }: ModelChoice,
  output: AskOutput<Kind>,
): ModelAnswer<Kind> {
  return { output, model: { id, chosen_by: chosenBy, reason } };
}

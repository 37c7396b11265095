// What every route that asks a model does: finds the model, waits in the queue no longer than the client does.
import type { FastifyRequest } from 'fastify';
import type { Study } from '../../store/types.js';
import { whileConnected } from '../connections.js';
import type { components } from '../contract.generated.js';
import type { Services } from '../services.js';
import type { Target } from './handlers/handler.js';
import { chooseModel } from './model-choice.js';
import type { AskInput, AskKind, AskOutput } from './protocol.js';

export interface ModelQuestion<Kind extends AskKind> {
  study: Study;
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
  const { predictor, config } = services;
  const { id, modelDir, chosenBy, reason } = await chooseModel(services, study.id, named);
  const target: Target = { modelId: id, modelDir, studyId: study.id };
  const output = await whileConnected(raw, (signal) =>
    predictor.ask(kind, { ...target, ...input } as AskInput<Kind>, {
      queries,
      signal,
      timeoutMs: timeoutMs ?? config.predictionTimeoutMs,
    }),
  );
  return { output, model: { id, chosen_by: chosenBy, reason } };
}

// Explanations of predictions, for one or all of a study's objectives.
import type { Explainer as ExplainerType } from '../../../trainer/explanation/explainer.js';
import type { ExplainRequest, ExplainResult } from '../../../trainer/explanation/types.js';
import type { Predictor } from '../../../trainer/prediction/predictor.js';
import type { Asked, Target } from './handler.js';

export interface ExplanationInput extends Target, Omit<ExplainRequest, 'study'> {
  /** Name of the one objective to explain; absent: all. */
  objective?: string;
}

export interface ExplanationOutput {
  objectives: { name: string; result: ExplainResult }[];
  /** Ids of the trials that the results name by their places. */
  trialIds: Record<number, string>;
}

/** What was computed for a model's studies goes when the model does. */
const explainers = new WeakMap<Predictor, ExplainerType>();

export async function explain(
  { objective, queries, include, limits }: ExplanationInput,
  { predictor, views, trialIds, signal }: Asked,
): Promise<ExplanationOutput> {
  // Loaded late, as models are: most servers never explain.
  const { Explainer } = await import('../../../trainer/explanation/explainer.js');
  const explainer = explainers.get(predictor) ?? new Explainer(predictor);
  explainers.set(predictor, explainer);
  const objectives: ExplanationOutput['objectives'] = [];
  for (const study of views) {
    const { name } = study.objective;
    if (objective !== undefined && objective !== name) continue;
    const request = { study, queries, include, ...(limits && { limits }) };
    objectives.push({ name, result: await explainer.explain(request, signal) });
  }
  const named: Record<number, string> = {};
  for (const { result } of objectives) {
    const neighbours = result.explanations.flatMap((explanation) => explanation.neighbours ?? []);
    for (const { trial } of [...neighbours, ...(result.prototypes ?? [])]) named[trial] = trialIds[trial]!;
  }
  return { objectives, trialIds: named };
}

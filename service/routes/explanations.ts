// Handler of explanations: asks the model, and writes what it says in the contract's words.
import type { JsonObject } from '../../store/types.js';
import type { SharedValue } from '../../trainer/explanation/shared-values.js';
import {
  type Effect,
  EXPLAIN_DEFAULTS,
  EXPLANATION_PARTS,
  type ExplainResult,
  type Explanation,
  type Prototype,
} from '../../trainer/explanation/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest } from '../errors.js';
import { askModel } from '../prediction/ask-model.js';
import { existingStudy, type Services } from '../services.js';

type Schemas = components['schemas'];

export function explanationHandlers(services: Services): Pick<Handlers, 'explain'> {
  return {
    async explain({ path, body, raw }) {
      const study = await existingStudy(services.store, path.study_id);
      const names = study.objectives.map(({ name }) => name);
      const { objective } = body;
      if (objective !== undefined && !names.includes(objective)) {
        const fix = `The study's objectives are ${names.join(', ')}.`;
        throw invalidRequest([fieldError('/objective', 'unknown_objective', 'is no objective of the study', fix)]);
      }
      const limits = { ...EXPLAIN_DEFAULTS, ...body.limits };
      const include = body.include ?? EXPLANATION_PARTS;
      const points = include.includes('effects') ? limits.parameters * (limits.points + 1) : 0;
      const { output, model } = await askModel(services, raw, 'explain', {
        study,
        model: body.model,
        timeoutMs: body.timeout_ms,
        queries: body.queries.length * (1 + points) * (objective === undefined ? names.length : 1),
        input: {
          queries: body.queries as JsonObject[],
          include,
          limits,
          ...(objective !== undefined && { objective }),
        },
      });
      const answers = output.objectives.map(
        ({ name, result }) => [name, presentResult(result, output.trialIds)] as const,
      );
      return { status: 200, body: { study_id: study.id, model, objectives: Object.fromEntries(answers) } };
    },
  };
}

/** By the trial's place in the study. */
type TrialIds = Readonly<Record<number, string>>;

function presentResult({ explanations, prototypes, compared }: ExplainResult, ids: TrialIds) {
  return {
    explanations: explanations.map((explanation) => presentExplanation(explanation, ids)),
    ...(prototypes && { prototypes: prototypes.map((prototype) => presentPrototype(prototype, ids)) }),
    compared,
  };
}

function presentExplanation(
  { pInfeasible, neighbours, effects, leftOut, ...same }: Explanation,
  ids: TrialIds,
): Schemas['Explanation'] {
  return {
    ...same,
    p_infeasible: pInfeasible,
    ...(neighbours && {
      neighbours: neighbours.map(({ trial, ...like }) => ({ trial_id: ids[trial]!, ...like })),
    }),
    ...(effects && { effects: effects.map(presentEffect) }),
    ...(leftOut && { left_out: leftOut }),
  } as Schemas['Explanation'];
}

function presentEffect({ points, ...same }: Effect): Schemas['Effect'] {
  return { ...same, points: points.map(({ pInfeasible, ...point }) => ({ ...point, p_infeasible: pInfeasible })) };
}

function presentPrototype(
  { trial, x, y, trials, failed, yRange, shared }: Prototype,
  ids: TrialIds,
): Schemas['Prototype'] {
  const stands = { trial_id: ids[trial]!, x, y, trials, failed, y_range: yRange };
  return { ...stands, shared: shared.map(presentShared) } as Schemas['Prototype'];
}

function presentShared({ parameter, categories, range }: SharedValue): Schemas['SharedValue'] {
  return {
    parameter,
    ...(categories && {
      categories: { values: categories.values, share: categories.share, study_share: categories.studyShare },
    }),
    ...(range && {
      range: { low: range.low, high: range.high, study_low: range.studyLow, study_high: range.studyHigh },
    }),
  };
}

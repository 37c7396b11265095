// Handlers of what is asked back: candidates ranked, and experiments suggested.
import type { Study } from '../../store/types.js';
import type { AcquisitionOptions, CriterionName } from '../../trainer/acquisition/criteria.js';
import { ACQUISITION_DEFAULTS } from '../../trainer/acquisition/criteria.js';
import type { SearchSpace } from '../../trainer/acquisition/search-space.js';
import { suggest } from '../../trainer/acquisition/suggest.js';
import { SUGGEST_DEFAULTS } from '../../trainer/acquisition/suggest-options.js';
import { nearestName } from '../../trainer/nearest.js';
import type { JsonObject } from '../../trainer/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest } from '../errors.js';
import { askModel } from '../prediction/ask-model.js';
import type { CandidatePrediction } from '../prediction/handlers/candidate.js';
import type { SpaceParameters, SuggestOutput } from '../prediction/handlers/suggest.js';
import { parseSpace, requireInside } from '../search-space-input.js';
import { existingStudy, type Services } from '../services.js';

type Schemas = components['schemas'];

/** Running trials of the study that suggestions keep clear of: the latest. */
const MAX_PENDING = 1000;

export function suggestionHandlers(services: Services): Pick<Handlers, 'rank' | 'suggest'> {
  const { store, config } = services;
  return {
    async rank({ path, body, raw }) {
      const study = await existingStudy(store, path.study_id);
      const { candidates } = body;
      if (candidates.length > config.maxQueries) {
        const detail = `has ${candidates.length} candidates, ${config.maxQueries} are allowed`;
        throw invalidRequest([fieldError('/candidates', 'too_many', detail, 'Send several requests.')]);
      }
      const aim = aimOf(study, body);
      const declared = declaredSpace(study, body.search_space);
      if (declared) requireInside(declared.space, candidates as JsonObject[], '/candidates');
      const { output, model } = await askModel(services, raw, 'rank', {
        study,
        model: body.model,
        timeoutMs: body.timeout_ms,
        queries: candidates.length,
        input: {
          objective: aim.place,
          goal: aim.goal,
          candidates: candidates as JsonObject[],
          options: acquisitionOf(body),
        },
      });
      return {
        status: 200,
        body: {
          study_id: study.id,
          model,
          ...presentAim(aim, body.criterion, output.incumbent),
          ranking: output.ranking.map(({ candidate, score, prediction }) => ({
            candidate,
            score: presentScore(score),
            prediction: presentCandidate(prediction),
          })),
        },
      };
    },

    async suggest({ path, body = {}, raw }) {
      const study = await existingStudy(store, path.study_id);
      const aim = aimOf(study, body);
      const declared = declaredSpace(study, body.search_space);
      const running = await store.listTrials(study.id, { limit: MAX_PENDING, order: 'desc' }, { status: 'running' });
      const pending = [...running.data.map(({ x }) => x), ...((body.pending ?? []) as JsonObject[])];
      const count = body.count ?? SUGGEST_DEFAULTS.count;
      const options = acquisitionOf(body);
      const ended = study.counts.completed + study.counts.infeasible;
      if (ended === 0 && !declared) throw noSpace('and no trial has ended that one could be inferred from');
      const { output, model } =
        ended === 0
          ? { output: await spread(declared!.space, aim, { ...options, count, pending }), model: null }
          : await askModel(services, raw, 'suggest', {
              study,
              model: body.model,
              timeoutMs: body.timeout_ms,
              queries: Math.max(SUGGEST_DEFAULTS.candidates, 2 * count),
              input: { objective: aim.place, goal: aim.goal, space: declared?.parameters, count, pending, options },
            });
      if ('refused' in output) throw noSpace(`and none can be inferred: ${output.refused}`);
      return {
        status: 200,
        body: {
          study_id: study.id,
          model,
          ...presentAim(aim, body.criterion, output.incumbent),
          search_space: {
            basis: declared?.basis ?? 'trials',
            trials: output.inferredFrom ?? null,
            parameters: output.space as Schemas['SearchSpace'],
          },
          pending: pending.length,
          suggestions: output.suggestions.map(({ x, score, prediction }) => ({
            x,
            score: score === undefined ? null : presentScore(score),
            prediction: prediction === undefined ? null : presentCandidate(prediction),
          })),
        },
      };
    },
  };
}

interface ChosenAim {
  /** Place of the objective in the study. */
  place: number;
  name: string;
  goal: 'minimize' | 'maximize';
}

/** Which objective, and which way. @throws invalid_request where that is not said */
function aimOf({ objectives }: Study, asked: { objective?: string; goal?: 'minimize' | 'maximize' }): ChosenAim {
  const names = objectives.map(({ name }) => name);
  const list = `The study's objectives are ${names.join(', ')}.`;
  if (asked.objective === undefined && objectives.length > 1) {
    throw invalidRequest([fieldError('/objective', 'missing_field', 'is missing from a study of several', list)]);
  }
  const place = asked.objective === undefined ? 0 : names.indexOf(asked.objective);
  const objective = objectives[place];
  if (objective === undefined) {
    const nearest = nearestName(asked.objective!, names);
    const fix = nearest === undefined ? list : `Did you mean "${nearest}"? ${list}`;
    throw invalidRequest([fieldError('/objective', 'unknown_objective', 'is no objective of the study', fix)]);
  }
  const goal = asked.goal ?? objective.goal;
  if (goal === undefined) {
    const detail = `is missing, and the objective "${objective.name}" has none`;
    throw invalidRequest([fieldError('/goal', 'missing_field', detail, 'Send "minimize" or "maximize".')]);
  }
  return { place, name: objective.name, goal };
}

interface DeclaredSpace {
  basis: 'request' | 'study';
  space: SearchSpace;
  parameters: SpaceParameters;
}

/** The request's space, else the study's; undefined where neither declares one. */
function declaredSpace(study: Study, sent: Schemas['SearchSpace'] | undefined): DeclaredSpace | undefined {
  const parameters = (sent ?? study.searchSpace) as SpaceParameters | undefined;
  if (parameters === undefined) return undefined;
  const space = parseSpace(parameters, '/search_space');
  return { basis: sent === undefined ? 'study' : 'request', space, parameters };
}

/** Suggestions of a study without an ended trial: even over the space, and no model has anything to say. */
async function spread(
  space: SearchSpace,
  { name, goal }: ChosenAim,
  options: Parameters<typeof suggest>[3],
): Promise<Exclude<SuggestOutput, { refused: string }>> {
  const study = { objective: { name, goal }, trials: [] };
  const { suggestions } = await suggest(study, space, { distributions: async () => [] }, options);
  return {
    suggestions,
    incumbent: undefined,
    space: Object.fromEntries(space.parameters),
    inferredFrom: undefined,
  };
}

function noSpace(why: string) {
  const fix = 'Send a search space, or add trials that have ended.';
  return invalidRequest([fieldError('/search_space', 'missing_field', `is declared nowhere, ${why}`, fix)]);
}

function acquisitionOf(body: {
  criterion?: CriterionName;
  level?: number;
  seed?: number;
}): Partial<AcquisitionOptions> {
  const { criterion, level, seed } = body;
  return {
    ...(criterion && { criterion }),
    ...(level !== undefined && { level }),
    ...(seed !== undefined && { seed }),
  };
}

function presentAim({ name, goal }: ChosenAim, criterion: CriterionName | undefined, incumbent: number | undefined) {
  return {
    objective: name,
    goal,
    criterion: criterion ?? ACQUISITION_DEFAULTS.criterion,
    incumbent: incumbent ?? null,
  };
}

/** JSON has no −∞. */
const presentScore = (score: number): number | null => (Number.isFinite(score) ? score : null);

function presentCandidate({ pInfeasible, ...rest }: CandidatePrediction): Schemas['CandidatePrediction'] {
  return { ...rest, p_infeasible: pInfeasible };
}

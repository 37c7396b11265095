// Handlers of evaluations: jobs that measure how good a model is.
import type { Store } from '../../store/store.js';
import type { JsonObject } from '../../store/types.js';
import type { EvaluationReport } from '../../trainer/evaluation/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { child } from '../json-pointer.js';
import { BASE_ID } from '../prediction/base-model.js';
import { chooseModel } from '../prediction/model-choice.js';
import { presentEvaluation, presentEvaluationEvent, presentReport } from '../present.js';
import type { Services } from '../services.js';
import { jobEndpoints } from './job-endpoints.js';
import { hyperparameterErrors, unknownStudies } from './jobs.js';

type EvaluationHandlers = Pick<
  Handlers,
  | 'createEvaluation'
  | 'listEvaluations'
  | 'getEvaluation'
  | 'cancelEvaluation'
  | 'listEvaluationEvents'
  | 'getEvaluationReport'
>;
type Create = components['schemas']['EvaluationCreate'];

export function evaluationHandlers(services: Services): EvaluationHandlers {
  const { store, config } = services;
  const endpoints = jobEndpoints(services, {
    kind: 'evaluation',
    path: '/v1/evaluations',
    notFound: (id) =>
      new ServiceError('evaluation_not_found', `${id} is not the id of an evaluation; GET /v1/evaluations lists them`),
    present: { job: presentEvaluation, event: presentEvaluationEvent },
  });
  return {
    async createEvaluation({ body, raw }) {
      const errors = [
        ...(await unknownStudies(store, body.studies, 'evaluate on')),
        ...(await unknownFamilyMembers(store, body)),
        ...hyperparameterErrors(body.training ?? {}, '/training'),
      ];
      if (errors.length > 0) throw invalidRequest(errors);
      const model = await chooseModel(services, undefined, body.model);
      const job = {
        request: body as JsonObject,
        studies: body.studies,
        parent: model.id === BASE_ID ? null : model.id,
        hyperparameters: {},
        seed: body.seed ?? 0,
        minTrials: config.minTrainingTrials,
      };
      return endpoints.create(job, raw);
    },

    listEvaluations: ({ query }) => endpoints.list(query),
    getEvaluation: ({ path }) => endpoints.get(path.evaluation_id),
    cancelEvaluation: ({ path, raw }) => endpoints.cancel(path.evaluation_id, raw),
    listEvaluationEvents: ({ path, query, raw }) => endpoints.events(path.evaluation_id, query, raw),

    async getEvaluationReport({ path }) {
      const { id, status } = await endpoints.existing(path.evaluation_id);
      const report = await store.jobReport(id);
      if (report === null) {
        const detail = `${id} is ${status}, and only one that has succeeded has a report`;
        throw new ServiceError('evaluation_unfinished', detail);
      }
      return { status: 200, body: presentReport(id, report as unknown as EvaluationReport) };
    },
  };
}

async function unknownFamilyMembers(store: Store, { studies, families = {} }: Create): Promise<FieldError[]> {
  const named = studies === 'all' ? undefined : new Set(studies);
  const errors: FieldError[] = [];
  for (const id of Object.keys(families)) {
    if (named ? named.has(id) : (await store.getStudy(id)) !== null) continue;
    const detail = `${JSON.stringify(id)} is not one of the studies`;
    errors.push(fieldError(child('/families', id), 'not_found', detail, 'Name it in "studies", or leave it out here.'));
  }
  return errors;
}

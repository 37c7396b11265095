// Handlers of evaluations: jobs that measure how good a model is.
import type { Store } from '../../store/store.js';
import type { Job, JsonObject } from '../../store/types.js';
import type { EvaluationReport } from '../../trainer/evaluation/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { writeOnce } from '../idempotency.js';
import { child } from '../json-pointer.js';
import { BASE_ID } from '../prediction/base-model.js';
import { chooseModel } from '../prediction/model-choice.js';
import { presentEvaluation, presentEvaluationEvent, presentPage, presentReport } from '../present.js';
import type { Services } from '../services.js';
import { firstEvent, streamAnswer, wantsStream } from './event-stream.js';
import { hyperparameterErrors, unknownStudies } from './jobs.js';
import { pageRequest } from './studies.js';

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
  const { store, jobs, config } = services;
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
        kind: 'evaluation' as const,
        request: body as JsonObject,
        studies: body.studies,
        parent: model.id === BASE_ID ? null : model.id,
        hyperparameters: {},
        seed: body.seed ?? 0,
        minTrials: config.minTrainingTrials,
      };
      const answer = await writeOnce(
        raw,
        (made: Job) => ({
          status: 202 as const,
          headers: { location: `/v1/evaluations/${made.id}` },
          body: presentEvaluation(made),
        }),
        (once) => store.createJob(job, once),
      );
      jobs.wake();
      return answer;
    },

    async listEvaluations({ query }) {
      const page = await store.listJobs(pageRequest(query), { kind: 'evaluation' });
      return { status: 200, body: presentPage(page, presentEvaluation) };
    },

    async getEvaluation({ path }) {
      return { status: 200, body: presentEvaluation(await existingEvaluation(store, path.evaluation_id)) };
    },

    async cancelEvaluation({ path, raw }) {
      await existingEvaluation(store, path.evaluation_id);
      const answer = await writeOnce(
        raw,
        (job: Job) => ({ status: 200 as const, body: presentEvaluation(job) }),
        (once) => store.cancelJob(path.evaluation_id, once),
      );
      jobs.cancel(path.evaluation_id);
      return answer;
    },

    async listEvaluationEvents({ path, query, raw }) {
      const { id } = await existingEvaluation(store, path.evaluation_id);
      const after = firstEvent(query, raw);
      if (wantsStream(raw))
        return streamAnswer(services, id, after, { job: presentEvaluation, event: presentEvaluationEvent });
      const { data, hasMore } = await store.listEvents(id, { after, limit: query.limit ?? 100 });
      return { status: 200, body: { object: 'list', data: data.map(presentEvaluationEvent), has_more: hasMore } };
    },

    async getEvaluationReport({ path }) {
      const { id, status } = await existingEvaluation(store, path.evaluation_id);
      const report = await store.jobReport(id);
      if (report === null) {
        const detail = `${id} is ${status}, and only one that has succeeded has a report`;
        throw new ServiceError('evaluation_unfinished', detail);
      }
      return { status: 200, body: presentReport(id, report as unknown as EvaluationReport) };
    },
  };
}

async function existingEvaluation(store: Store, id: string): Promise<Job> {
  const job = await store.getJob(id);
  if (job?.kind !== 'evaluation')
    throw new ServiceError(
      'evaluation_not_found',
      `${id} is not the id of an evaluation; GET /v1/evaluations lists them`,
    );
  return job;
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

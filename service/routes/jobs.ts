// Handlers of fine-tuning jobs.
import type { Store } from '../../store/store.js';
import type { JsonObject } from '../../store/types.js';
import { checkHyperparameter, resolveTrainConfig } from '../../trainer/train-config.js';
import type { Json } from '../../trainer/types.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { child } from '../json-pointer.js';
import { BASE_ID } from '../prediction/base-model.js';
import { checkpointIdOf, presentCheckpoint, presentEvent, presentJob, presentPage } from '../present.js';
import type { Services } from '../services.js';
import { jobEndpoints } from './job-endpoints.js';

type JobHandlers = Pick<
  Handlers,
  | 'createFineTuningJob'
  | 'listFineTuningJobs'
  | 'getFineTuningJob'
  | 'cancelFineTuningJob'
  | 'listFineTuningJobEvents'
  | 'listFineTuningJobCheckpoints'
>;
type JobCreate = components['schemas']['FineTuningJobCreate'];

export function jobHandlers(services: Services): JobHandlers {
  const { store, config } = services;
  const endpoints = jobEndpoints(services, {
    kind: 'fine_tuning',
    path: '/v1/fine-tuning-jobs',
    notFound: (id) =>
      new ServiceError('job_not_found', `${id} is not the id of a job; GET /v1/fine-tuning-jobs lists them`),
    present: { job: presentJob, event: presentEvent },
  });
  return {
    async createFineTuningJob({ body, raw }) {
      const hyperparameters = body.hyperparameters === 'auto' ? {} : (body.hyperparameters ?? {});
      const errors = [
        ...hyperparameterErrors(hyperparameters),
        ...(await unknownStudies(store, body.studies, 'learn from')),
        ...(await unknownParent(store, body)),
      ];
      if (errors.length > 0) throw invalidRequest(errors);
      const job = {
        request: body as JsonObject,
        studies: body.studies,
        parent: isBase(body.parent) ? null : (body.parent ?? 'newest'),
        hyperparameters: hyperparameters as JsonObject,
        seed: body.seed ?? 0,
        minTrials: config.minTrainingTrials,
      };
      return endpoints.create(job, raw);
    },

    listFineTuningJobs: ({ query }) => endpoints.list(query),
    getFineTuningJob: ({ path }) => endpoints.get(path.job_id),
    cancelFineTuningJob: ({ path, raw }) => endpoints.cancel(path.job_id, raw),
    listFineTuningJobEvents: ({ path, query, raw }) => endpoints.events(path.job_id, query, raw),

    async listFineTuningJobCheckpoints({ path, query }) {
      const { id } = await endpoints.existing(path.job_id);
      const after = query.after === undefined ? 0 : seqOf(id, query.after);
      const page = await store.listCheckpoints(id, { after, limit: query.limit ?? 100 });
      return { status: 200, body: presentPage(page, presentCheckpoint) };
    },
  };
}

/** @throws cursor_not_found where it is no checkpoint of the job */
function seqOf(jobId: string, checkpointId: string): number {
  const start = checkpointIdOf({ jobId, seq: '' });
  const seq = checkpointId.startsWith(start) ? checkpointId.slice(start.length) : '';
  if (/^[1-9]\d{0,14}$/.test(seq)) return Number(seq);
  const detail = `${checkpointId} is no checkpoint of ${jobId}; take "after" from last_id of a page of the same list`;
  throw new ServiceError('cursor_not_found', detail);
}

/** Asks the trainer about each and about all together, so that a slip is found now and not when the job's turn has come. */
export function hyperparameterErrors(
  hyperparameters: Record<string, unknown>,
  place = '/hyperparameters',
): FieldError[] {
  const refusal = (pointer: string, check: () => void): FieldError[] => {
    try {
      check();
      return [];
    } catch (error) {
      const fix = error instanceof Error ? error.message : String(error);
      const code = fix.startsWith('Unknown') ? 'unknown_field' : 'out_of_range';
      return [fieldError(pointer, code, 'is not accepted by the trainer', fix)];
    }
  };
  const errors = Object.entries(hyperparameters).flatMap(([key, value]) => {
    const pointer = child(place, key.slice(0, 200));
    if (key === 'seed')
      return [
        fieldError(pointer, 'unknown_field', 'is not a hyperparameter', `Send "seed" beside "${place.slice(1)}".`),
      ];
    return refusal(pointer, () => checkHyperparameter(key, value as Json));
  });
  if (errors.length > 0) return errors;
  return refusal(place, () => resolveTrainConfig(hyperparameters as Record<string, Json>));
}

/** Where a body names what does not exist, the place in the body is told instead of a 404. */
export async function unknownStudies(store: Store, studies: 'all' | string[], purpose: string): Promise<FieldError[]> {
  if (studies === 'all') return [];
  const errors: FieldError[] = [];
  for (const [i, id] of studies.entries()) {
    if ((await store.getStudy(id)) !== null) continue;
    const fix = `GET /v1/studies lists all studies; send "all" to ${purpose} every one.`;
    errors.push(fieldError(`/studies/${i}`, 'not_found', `${JSON.stringify(id)} is not the id of a study`, fix));
  }
  return errors;
}

/** Names no model of the database: what the server was given, or random weights where that is nothing. */
const isBase = (parent: string | undefined): boolean => parent === BASE_ID || parent === 'none';

async function unknownParent(store: Store, { parent }: JobCreate): Promise<FieldError[]> {
  if (parent === undefined || isBase(parent) || (await store.getModel(parent)) !== null) return [];
  const fix = 'GET /v1/models lists all models; send "base" for the one that the server started with.';
  return [fieldError('/parent', 'not_found', `${JSON.stringify(parent)} is not the id of a model`, fix)];
}

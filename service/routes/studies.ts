// Handlers of studies and their trials.
import type { JsonObject, NewTrial, Objective, PageRequest, Study, Trial, TrialOutcome } from '../../store/types.js';
import { ifMatch } from '../conditional.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { type FieldError, fieldError, invalidRequest, ServiceError } from '../errors.js';
import { writeOnce } from '../idempotency.js';
import { presentPage, presentStudy, presentTrial } from '../present.js';
import { parseSpace } from '../search-space-input.js';
import { existingStudy, type Services } from '../services.js';
import { parseMeasurement, parseTrial } from '../trial-input.js';

type StudyHandlers = Pick<
  Handlers,
  | 'createStudy'
  | 'listStudies'
  | 'getStudy'
  | 'updateStudy'
  | 'deleteStudy'
  | 'createTrial'
  | 'createTrials'
  | 'listTrials'
  | 'getTrial'
  | 'completeTrial'
  | 'failTrial'
>;
type BatchResult = components['schemas']['TrialBatchResult'];

const DEFAULT_OBJECTIVES: Objective[] = [{ name: 'y' }];

export function studyHandlers({ store, config, purger }: Services): StudyHandlers {
  /** Ends a running trial, as completed or as infeasible. */
  async function finish(
    request: Parameters<Handlers['completeTrial']>[0]['raw'],
    path: TrialPath,
    outcome: TrialOutcome,
  ) {
    const study = await existingStudy(store, path.study_id);
    return writeOnce(
      request,
      (trial: Trial) => ({ status: 200 as const, body: presentTrial(trial, study) }),
      (once) =>
        store.finishTrial(
          study.id,
          path.trial_id,
          outcome,
          once,
          ifMatch(request, (trial) => presentTrial(trial, study)),
        ),
    );
  }

  return {
    async createStudy({ body, raw }) {
      const objectives = body.objectives ?? DEFAULT_OBJECTIVES;
      refuseDoubleNames(objectives);
      const { search_space: space } = body;
      if (space) parseSpace(space, '/search_space');
      const study = {
        name: body.name,
        metadata: (body.metadata ?? {}) as JsonObject,
        objectives,
        ...(space && { searchSpace: space as JsonObject }),
      };
      return writeOnce(
        raw,
        (made: Study) => ({
          status: 201 as const,
          headers: { location: `/v1/studies/${made.id}` },
          body: presentStudy(made),
        }),
        (once) => store.createStudy(study, once),
      );
    },

    async listStudies({ query }) {
      const filter = query.name === undefined ? {} : { name: query.name };
      return { status: 200, body: presentPage(await store.listStudies(pageRequest(query), filter), presentStudy) };
    },

    async getStudy({ path }) {
      return { status: 200, body: presentStudy(await existingStudy(store, path.study_id)) };
    },

    async updateStudy({ path, body, raw }) {
      const { name, metadata, search_space: space } = body;
      if (space) parseSpace(space, '/search_space');
      const change = {
        ...(name !== undefined && { name }),
        ...(metadata !== undefined && { metadata: metadata as JsonObject }),
        ...(space !== undefined && { searchSpace: space as JsonObject | null }),
      };
      const changed = await store.updateStudy(path.study_id, change, ifMatch(raw, presentStudy));
      return { status: 200, body: presentStudy(changed) };
    },

    async deleteStudy({ path, raw }) {
      await store.deleteStudy(path.study_id, ifMatch(raw, presentStudy));
      purger.wake();
      return { status: 204 };
    },

    async createTrial({ path, body, raw }) {
      const study = await existingStudy(store, path.study_id);
      const parsed = parseTrial(body, study.objectives, '');
      if ('errors' in parsed) throw invalidRequest(parsed.errors);
      return writeOnce(
        raw,
        ([trial]: Trial[]) => ({
          status: 201 as const,
          headers: { location: `/v1/studies/${study.id}/trials/${trial!.id}` },
          body: presentTrial(trial!, study),
        }),
        (once) => store.createTrials(study.id, [parsed.value], once),
      );
    },

    async createTrials({ path, body, itemErrors, raw }) {
      const study = await existingStudy(store, path.study_id);
      if (body.trials.length > config.maxBatchRows) {
        const detail = `has ${body.trials.length} rows, ${config.maxBatchRows} are allowed`;
        throw invalidRequest([fieldError('/trials', 'too_many', detail, 'Send several batches.')]);
      }
      const good: { row: number; trial: NewTrial }[] = [];
      const errors: BatchResult['errors'] = [];
      body.trials.forEach((input, row) => {
        const parsed = itemErrors.has(row)
          ? { errors: itemErrors.get(row)! }
          : parseTrial(input, study.objectives, `/trials/${row}`);
        if ('errors' in parsed) errors.push(...parsed.errors.map((error) => ({ row, ...error })));
        else good.push({ row, trial: parsed.value });
      });
      const trials = good.map(({ trial }) => trial);
      return writeOnce(
        raw,
        (made: Trial[]) => ({
          status: 200 as const,
          body: { created: made.map(({ id }, i) => ({ row: good[i]!.row, id })), errors },
        }),
        (once) => store.createTrials(study.id, trials, once),
      );
    },

    async listTrials({ path, query }) {
      const study = await existingStudy(store, path.study_id);
      const filter = query.status === undefined ? {} : { status: query.status };
      const page = await store.listTrials(study.id, pageRequest(query), filter);
      return { status: 200, body: presentPage(page, (trial) => presentTrial(trial, study)) };
    },

    async getTrial({ path }) {
      const study = await existingStudy(store, path.study_id);
      const trial = await store.getTrial(study.id, path.trial_id);
      if (trial === null) {
        const detail = `${path.trial_id} is not the id of a trial of ${study.id}; GET /v1/studies/${study.id}/trials lists them`;
        throw new ServiceError('trial_not_found', detail);
      }
      return { status: 200, body: presentTrial(trial, study) };
    },

    async completeTrial({ path, body, raw }) {
      const { objectives } = await existingStudy(store, path.study_id);
      const y = parseMeasurement(body.y, objectives, '/y');
      if ('errors' in y) throw invalidRequest(y.errors);
      return finish(raw, path, { status: 'completed', y: y.value });
    },

    async failTrial({ path, body, raw }) {
      return finish(raw, path, { status: 'infeasible', reason: body?.reason ?? null });
    },
  };
}

interface TrialPath {
  study_id: string;
  trial_id: string;
}

/** Two objectives of one name could not be told apart in a measurement. */
export function refuseDoubleNames(objectives: Objective[], pointer = '/objectives'): void {
  const errors: FieldError[] = [];
  objectives.forEach(({ name }, i) => {
    const first = objectives.findIndex((objective) => objective.name === name);
    if (first < i)
      errors.push(
        fieldError(`${pointer}/${i}/name`, 'duplicate', `is the name of objective ${first} too`, 'Rename one of them.'),
      );
  });
  if (errors.length > 0) throw invalidRequest(errors);
}

/** The contract's page parameters, whose defaults validation has filled in, in the store's words. */
export function pageRequest(query: { limit?: number; after?: string; order?: 'asc' | 'desc' }): PageRequest {
  const { limit = 100, order = 'desc', after } = query;
  return after === undefined ? { limit, order } : { limit, order, after };
}

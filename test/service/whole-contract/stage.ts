// A workspace with one of everything, and for each operation of the contract a request that it answers with success.
import type { OperationId } from '../../../service/contract/load-contract.js';
import { TINY_TRAINING } from '../../tiny-training.js';
import { type Client, jobEnd, readStream, type Schemas } from '../test-server.js';

export interface Sent {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Stage {
  api: Client;
  /** A study with trials and a model that learned from it. */
  study: string;
  model: string;
  /** A training and an evaluation that have succeeded. */
  job: string;
  evaluation: string;
  /** One that takes the only place for jobs: what is made behind it waits. */
  endless: string;
}

const CSV = { 'content-type': 'text/csv' };
const trials = Array.from({ length: 24 }, (_, i) => ({ x: { level: i, kind: i % 2 ? 'a' : 'b' }, y: i * 3 }));

/** @param api of a server, with all rights. Its model is a training of two steps. */
export async function setStage(api: Client): Promise<Stage> {
  const study = (await api.makeStudy()).id;
  await api.addTrials(study, trials);
  const asked = { studies: [study], parent: 'none', hyperparameters: TINY_TRAINING };
  const job = (await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', asked)).body.id;
  const model = (await jobEnd(api.url, job, api.own)).fine_tuned_model!;
  const evaluated = { studies: [study], local_trials: [5], test_trials: 5 };
  const evaluation = (await api.post<Schemas['Evaluation']>('/v1/evaluations', evaluated)).body.id;
  await readStream(`${api.url}/v1/evaluations/${evaluation}/events`, api.own);
  const held = (await api.makeStudy()).id;
  await api.addTrials(held, trials);
  const hyperparameters = { ...TINY_TRAINING, steps: 1_000_000 };
  const busy = { studies: [held], parent: 'none', hyperparameters };
  const endless = (await api.post<Schemas['FineTuningJob']>('/v1/fine-tuning-jobs', busy)).body.id;
  return { api, study, model, job, evaluation, endless };
}

/** Whatever a request needs that can be used only once is made for it. */
export function requestsOn({ api, study, model, job, evaluation }: Stage): Record<OperationId, () => Promise<Sent>> {
  const made = async (path: string, body?: unknown) => (await api.post<{ id: string }>(path, body)).body.id;
  const get = (path: string) => async (): Promise<Sent> => ({ method: 'GET', path });
  const post = (path: string, body: unknown) => async (): Promise<Sent> => ({ method: 'POST', path, body });
  const running = async (verb: string, body: unknown): Promise<Sent> => {
    const trial = await made(`/v1/studies/${study}/trials`, { x: { level: 1 } });
    return { method: 'POST', path: `/v1/studies/${study}/trials/${trial}:${verb}`, body };
  };
  const newStudy = () => made('/v1/studies', { name: 'for once' });
  const newImport = () => made('/v1/imports', { format: 'csv', study: { name: 'imported' } });
  const newKey = () => made('/v1/keys', { name: 'for once', scope: 'admin' });
  const train = { studies: [study], hyperparameters: TINY_TRAINING };
  const queries = { queries: [{ level: 3 }] };
  const of = `/v1/studies/${study}`;
  return {
    getHealth: get('/healthz'),
    getReadiness: get('/readyz'),
    getMetrics: get('/metrics'),
    getOpenApi: get('/openapi.json'),
    getReference: get('/docs'),
    listStudies: get('/v1/studies'),
    createStudy: post('/v1/studies', { name: 'n' }),
    getStudy: get(of),
    updateStudy: async () => ({ method: 'PATCH', path: `/v1/studies/${await newStudy()}`, body: { name: 'other' } }),
    deleteStudy: async () => ({ method: 'DELETE', path: `/v1/studies/${await newStudy()}` }),
    listTrials: get(`${of}/trials`),
    createTrial: post(`${of}/trials`, { x: { level: 1 }, y: 1 }),
    createTrials: post(`${of}/trials:batch`, { trials: [{ x: { level: 1 }, y: 1 }] }),
    getTrial: async () => ({ method: 'GET', path: `${of}/trials/${await made(`${of}/trials`, { x: { level: 1 } })}` }),
    completeTrial: () => running('complete', { y: 1 }),
    failTrial: () => running('infeasible', { reason: 'too hot' }),
    listImports: get('/v1/imports'),
    createImport: async () => ({ method: 'POST', path: '/v1/imports?name=n', body: 'a,y\n1,2\n', headers: CSV }),
    getImport: async () => ({ method: 'GET', path: `/v1/imports/${await newImport()}` }),
    appendToImport: async () => {
      const path = `/v1/imports/${await newImport()}`;
      return { method: 'PATCH', path, body: 'a,y\n1,2\n', headers: CSV };
    },
    cancelImport: async () => ({ method: 'POST', path: `/v1/imports/${await newImport()}:cancel` }),
    listImportErrors: async () => ({ method: 'GET', path: `/v1/imports/${await newImport()}/errors` }),
    predict: post(`${of}/predictions`, queries),
    rank: post(`${of}:rank`, { candidates: [{ level: 3 }], goal: 'minimize' }),
    suggest: post(`${of}:suggest`, { goal: 'minimize' }),
    explain: post(`${of}:explain`, { ...queries, include: ['neighbours'] }),
    predictText: post('/v1/predictions', { inputs: ['level 3'] }),
    listFineTuningJobs: get('/v1/fine-tuning-jobs'),
    createFineTuningJob: post('/v1/fine-tuning-jobs', train),
    getFineTuningJob: get(`/v1/fine-tuning-jobs/${job}`),
    cancelFineTuningJob: async () => {
      return { method: 'POST', path: `/v1/fine-tuning-jobs/${await made('/v1/fine-tuning-jobs', train)}:cancel` };
    },
    listFineTuningJobEvents: get(`/v1/fine-tuning-jobs/${job}/events`),
    listFineTuningJobCheckpoints: get(`/v1/fine-tuning-jobs/${job}/checkpoints`),
    listEvaluations: get('/v1/evaluations'),
    createEvaluation: post('/v1/evaluations', { studies: [study] }),
    getEvaluation: get(`/v1/evaluations/${evaluation}`),
    cancelEvaluation: async () => {
      return { method: 'POST', path: `/v1/evaluations/${await made('/v1/evaluations', { studies: [study] })}:cancel` };
    },
    listEvaluationEvents: get(`/v1/evaluations/${evaluation}/events`),
    getEvaluationReport: get(`/v1/evaluations/${evaluation}/report`),
    listModels: get('/v1/models'),
    getModel: get(`/v1/models/${model}`),
    deleteModel: async () => ({ method: 'DELETE', path: `/v1/models/${model}` }),
    downloadModel: get(`/v1/models/${model}/download`),
    listKeys: get('/v1/keys'),
    createKey: post('/v1/keys', { name: 'n' }),
    getKey: async () => ({ method: 'GET', path: `/v1/keys/${await newKey()}` }),
    deleteKey: async () => ({ method: 'DELETE', path: `/v1/keys/${await newKey()}` }),
  };
}

// Which model answers: the one that is named, else the best that learned from the study, else the newest whole one, else the base.
import type { Store } from '../../store/store.js';
import type { ModelHead } from '../../store/types.js';
import type { Artifacts } from '../artifacts.js';
import { fieldError, invalidRequest, ServiceError } from '../errors.js';
import { BASE_ID, type BaseModel } from './base-model.js';

export interface ModelChoice {
  id: string;
  /** Local folder of its files. */
  modelDir: string;
  chosenBy: 'request' | 'trained_on_study' | 'newest' | 'base';
  reason: string;
}

export interface ModelSources {
  store: Store;
  artifacts: Artifacts;
  /** The model that the server was given. */
  base: BaseModel;
}

export const AUTO = 'auto';
/** The newest models of a study that are looked at: more than are ever trained on one between two that beat each other. */
const CANDIDATES = 32;

/**
 * @param studyId absent: whatever is newest
 * @param named id of a model, or `auto` to have one chosen
 * @throws invalid_request where the named model does not exist, no_model where there is none at all
 */
export async function chooseModel(sources: ModelSources, studyId?: string, named = AUTO): Promise<ModelChoice> {
  const { store, artifacts, base } = sources;
  const choice = async (model: ModelHead, chosenBy: ModelChoice['chosenBy'], reason: string) => ({
    id: model.id,
    modelDir: await artifacts.open(model.directory),
    chosenBy,
    reason,
  });
  if (named !== AUTO) {
    const reason = 'named in the request';
    const model = await store.getModel(named);
    if (model !== null) return choice(model, 'request', reason);
    if (named === BASE_ID && 'dir' in base) return { id: BASE_ID, modelDir: base.dir, chosenBy: 'request', reason };
    const fix = 'GET /v1/models lists all models; leave the field out to have one chosen.';
    throw invalidRequest([fieldError('/model', 'not_found', `${JSON.stringify(named)} is not the id of a model`, fix)]);
  }
  if (studyId !== undefined) {
    const best = bestOf(await store.modelsOfStudy(studyId, CANDIDATES));
    if (best) return choice(best.model, 'trained_on_study', best.reason);
  }
  const newest = await store.newestModel();
  if (newest !== null) {
    return choice(newest, 'newest', 'the newest published whole model; none was trained on this study');
  }
  if ('dir' in base) {
    const reason = "the server's base model; no training has published one yet";
    return { id: BASE_ID, modelDir: base.dir, chosenBy: 'base', reason };
  }
  const how = 'train one: POST /v1/fine-tuning-jobs with {"studies": "all"}, and wait until the job has succeeded';
  throw new ServiceError('no_model', `No model has been published yet${base.why}; ${how}`);
}

/**
 * A published model has beaten its parent on trials that neither had seen, or has its weights and knows more measurements
 * (`kept_parent`): so parents of others are out. What is left did not compete: the best score of its own validation, where it
 * has one; the newest among equals.
 */
function bestOf(newestFirst: readonly ModelHead[]): { model: ModelHead; reason: string } | undefined {
  const beaten = new Set(newestFirst.map(({ parent }) => parent));
  const left = newestFirst.filter(({ id }) => !beaten.has(id));
  const [first, ...others] = left;
  if (first === undefined) return undefined;
  const score = ({ metrics }: ModelHead) => metrics.validation_score ?? Number.POSITIVE_INFINITY;
  const model = others.reduce((best, other) => (score(other) < score(best) ? other : best), first);
  const among = left.length > 1 ? `, the best by its validation score among ${left.length}` : '';
  return { model, reason: `a published model whose training included this study${among}` };
}

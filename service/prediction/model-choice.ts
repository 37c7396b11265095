// Which model answers: the one that is named, else the newest that knows the study, else the newest whole one.
import type { Store } from '../../store/store.js';
import type { Model } from '../../store/types.js';
import { fieldError, invalidRequest, ServiceError } from '../errors.js';

export interface ModelChoice {
  model: Model;
  chosenBy: 'request' | 'trained_on_study' | 'newest';
  reason: string;
}

/**
 * @param named id of a model, or undefined to choose
 * @throws invalid_request where the named model does not exist, no_model where there is none at all
 */
export async function chooseModel(store: Store, studyId: string, named: string | undefined): Promise<ModelChoice> {
  if (named !== undefined) {
    const model = await store.getModel(named);
    if (model === null) {
      const fix = 'GET /v1/models lists all models; leave the field out to have one chosen.';
      throw invalidRequest([
        fieldError('/model', 'not_found', `${JSON.stringify(named)} is not the id of a model`, fix),
      ]);
    }
    return { model, chosenBy: 'request', reason: 'named in the request' };
  }
  const own = await store.newestModel({ studyId });
  if (own !== null) {
    const reason = 'the newest published model whose training included this study';
    return { model: own, chosenBy: 'trained_on_study', reason };
  }
  const newest = await store.newestModel();
  if (newest !== null) {
    const reason = 'the newest published whole model; none was trained on this study';
    return { model: newest, chosenBy: 'newest', reason };
  }
  const how = 'train one: POST /v1/fine-tuning-jobs with {"studies": "all"}, and wait until the job has succeeded';
  throw new ServiceError('no_model', `No model has been published yet; ${how}`);
}

// Handlers of models: what trainings made, what came of each, its files, and its end.
import type { Model } from '../../store/types.js';
import { ifMatch } from '../conditional.js';
import type { Handlers } from '../contract/handlers.js';
import { fieldError, invalidRequest, ServiceError } from '../errors.js';
import { zipFolder } from '../model-archive.js';
import { presentModel, presentPage } from '../present.js';
import type { Services } from '../services.js';
import { pageRequest } from './studies.js';

type ModelHandlers = Pick<Handlers, 'listModels' | 'getModel' | 'deleteModel' | 'downloadModel'>;

export function modelHandlers({ store, artifacts }: Services): ModelHandlers {
  const existing = async (id: string): Promise<Model> => {
    const model = await store.getModel(id);
    if (model === null) throw notFound(id);
    return model;
  };
  return {
    async listModels({ query }) {
      const { parent, base } = query;
      if (parent !== undefined && base !== undefined) {
        const fix = 'Ask for one of the two, and pick from the answer.';
        throw invalidRequest([fieldError('query/base', 'conflict', 'does not go together with "parent"', fix)]);
      }
      const filter = { ...(parent !== undefined && { parent }), ...(base !== undefined && { base }) };
      return { status: 200, body: presentPage(await store.listModels(pageRequest(query), filter), presentModel) };
    },

    async getModel({ path }) {
      return { status: 200, body: presentModel(await existing(path.model_id)) };
    },

    async deleteModel({ path, raw }) {
      const { directory } = await store.deleteModel(path.model_id, ifMatch(raw, presentModel));
      // Nobody can name it any more. What a kill leaves of its files, the next start removes (supervisor).
      await artifacts.remove(directory);
      return { status: 204 };
    },

    async downloadModel({ path }) {
      const { id, directory } = await existing(path.model_id);
      const archive = await zipFolder(await artifacts.open(directory), id);
      if (archive === undefined) throw notFound(id, 'its files are no longer there');
      const headers = {
        'content-type': 'application/zip',
        'content-length': String(archive.bytes),
        'content-disposition': `attachment; filename="${id}.zip"`,
      };
      return { status: 200, headers, stream: archive.stream };
    },
  };
}

function notFound(id: string, why = 'it is not the id of a model'): ServiceError {
  return new ServiceError('model_not_found', `${id}: ${why}; GET /v1/models lists them`);
}

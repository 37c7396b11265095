// Handlers of health checks: they ask the database, so that "ok" means something.
import type { Handlers } from '../contract/handlers.js';
import { ServiceError } from '../errors.js';
import { chooseModel } from '../prediction/model-choice.js';
import type { Services } from '../services.js';

export function healthHandlers(services: Services): Pick<Handlers, 'getHealth' | 'getReadiness'> {
  const { store, version } = services;
  return {
    async getHealth() {
      await store.ping();
      const { queued, running } = await store.countJobs();
      return { status: 200, body: { status: 'ok', version, database: 'ok', jobs: { queued, running } } };
    },

    async getReadiness() {
      await store.ping();
      const model = await chooseModel(services).catch((error: unknown) => {
        if (error instanceof ServiceError && error.code === 'no_model') return null;
        throw error;
      });
      return { status: 200, body: { status: 'ready', version, database: 'ok', model: model?.id ?? null } };
    },
  };
}

// Handler of the health check: asks the database, so that "ok" means something.
import type { Handlers } from '../contract/handlers.js';
import type { Services } from '../services.js';

export function healthHandlers({ store, version }: Services): Pick<Handlers, 'getHealth'> {
  return {
    async getHealth() {
      await store.ping();
      const { queued, running } = await store.countJobs();
      return { status: 200, body: { status: 'ok', version, database: 'ok', jobs: { queued, running } } };
    },
  };
}

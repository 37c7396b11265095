// Handlers of keys: made, listed and taken away by administrators.
import type { ApiKey } from '../../store/types.js';
import { makeKey } from '../access/api-keys.js';
import { ifMatch } from '../conditional.js';
import type { Handlers } from '../contract/handlers.js';
import type { components } from '../contract.generated.js';
import { fieldError, invalidRequest, ServiceError } from '../errors.js';
import { writeOnce } from '../idempotency.js';
import { presentPage } from '../present.js';
import type { Services } from '../services.js';
import { pageRequest } from './studies.js';

type KeyHandlers = Pick<Handlers, 'createKey' | 'listKeys' | 'getKey' | 'deleteKey'>;

export function keyHandlers({ store }: Services): KeyHandlers {
  return {
    async createKey({ body, raw }) {
      const { name, scope = 'write', expires_at: expires } = body;
      const expiresAt = expires === undefined ? null : new Date(expires);
      if (expiresAt !== null && !(expiresAt.getTime() > Date.now())) {
        const fix = 'Send a time to come, such as 2030-01-31T00:00:00Z, or leave the field out.';
        throw invalidRequest([fieldError('/expires_at', 'out_of_range', 'is over already', fix)]);
      }
      if (scope !== 'admin' && raw.principal?.id === null) {
        const fix = 'Make a key of scope admin first: with the first key the server begins to ask for one.';
        throw invalidRequest([fieldError('/scope', 'conflict', 'leaves nobody who could make another key', fix)]);
      }
      const { secret, kept } = makeKey(name, scope, expiresAt);
      return writeOnce(
        raw,
        (made: ApiKey) => ({
          status: 201 as const,
          headers: { location: `/v1/keys/${made.id}`, 'cache-control': 'no-store' },
          body: { ...presentKey(made), key: secret },
        }),
        (once) =>
          store.createKey(
            kept,
            // What is remembered of the answer must not be the key itself.
            once && {
              ...once,
              respond: (made) => {
                const headers = { location: `/v1/keys/${made.id}`, 'cache-control': 'no-store' };
                return { status: 201, headers, body: JSON.stringify({ ...presentKey(made), key: null }) };
              },
            },
          ),
      );
    },

    async listKeys({ query }) {
      return { status: 200, body: presentPage(await store.listKeys(pageRequest(query)), presentKey) };
    },

    async getKey({ path }) {
      const key = await store.getKey(path.key_id);
      if (key === null)
        throw new ServiceError('key_not_found', `${path.key_id} is not the id of a key; GET /v1/keys lists them`);
      return { status: 200, body: presentKey(key) };
    },

    async deleteKey({ path, raw }) {
      await store.deleteKey(path.key_id, { expect: ifMatch(raw, presentKey) });
      return { status: 204 };
    },
  };
}

function presentKey(key: ApiKey): components['schemas']['ApiKey'] {
  return {
    id: key.id,
    object: 'api_key',
    name: key.name,
    scope: key.scope,
    prefix: key.prefix,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}

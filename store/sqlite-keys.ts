// Keys of clients in SQLite: found by their first characters, told by their hash.
import { StoreError } from './errors.js';
import { newId } from './ids.js';
import { toApiKey } from './rows.js';
import type { Connection } from './sqlite-connection.js';
import type { KeyStore } from './store.js';

export function keyMethods(connection: Connection): KeyStore {
  const { sql } = connection;
  return {
    async createKey(key, once) {
      return connection.writeOnce(once, () => {
        const id = newId('key');
        const { name, scope, prefix, hash, expiresAt } = key;
        const times = { created_at: Date.now(), expires_at: expiresAt?.getTime() ?? null };
        sql.insertKey.run({ id, name, scope, prefix, hash, ...times });
        return toApiKey(sql.keyById.get(id)!);
      });
    },

    async getKey(id) {
      const row = sql.keyById.get(id);
      return row === undefined ? null : toApiKey(row);
    },

    async listKeys(request) {
      return connection.page(sql.keys, request, {}, (id) => sql.keyById.get(id), toApiKey);
    },

    async findKey(prefix) {
      const row = sql.keyByPrefix.get(prefix);
      return row === undefined ? null : toApiKey(row);
    },

    async hasKeys() {
      return sql.anyKey.get() !== undefined;
    },

    async touchKey(id) {
      await connection.write(() => sql.touchKey.run(Date.now(), id));
    },

    async deleteKey(id, { evenLast = false, expect } = {}) {
      await connection.write(() => {
        const row = sql.keyById.get(id);
        if (row === undefined) throw new StoreError('key_not_found', id);
        expect?.(toApiKey(row));
        const isLast = row.scope === 'admin' && sql.otherAdminKey.get(row.row) === undefined;
        if (isLast && !evenLast) throw new StoreError('last_admin_key', id);
        sql.deleteKey.run(row.row);
      });
    },
  };
}

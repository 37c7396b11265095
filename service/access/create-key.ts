// Makes a key in a data folder without a server: the first one, or a new one where all are lost. Prints one line of JSON.
// Usage: node dist/service/access/create-key.js --data-dir FOLDER --name NAME [--scope admin]
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { Scope } from '../../store/types.js';
import { databaseFileOf, resolveConfig } from '../config.js';
import { makeKey } from './api-keys.js';

/**
 * @param file the database, made where there is none
 * @returns the key's id, and the key, which is nowhere else
 * @throws StoreError
 */
export async function createKeyIn(file: string, name: string, scope: Scope): Promise<{ id: string; key: string }> {
  await mkdir(dirname(file), { recursive: true });
  const store = openSqliteStore({ file });
  try {
    const { secret, kept } = makeKey(name, scope, null);
    const written = await store.createKey(kept);
    if (written.replayed) throw new Error('a write without an idempotency key is never a replay');
    return { id: written.value.id, key: secret };
  } finally {
    await store.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      name: { type: 'string', default: 'first key' },
      scope: { type: 'string', default: 'admin' },
    },
  });
  const { 'data-dir': dataDir, name, scope } = values;
  if (scope !== 'read' && scope !== 'write' && scope !== 'admin') {
    process.stderr.write('--scope must be one of read, write, admin\n');
    process.exit(2);
  }
  const config = resolveConfig(dataDir === undefined ? {} : { dataDir }, process.env);
  const made = await createKeyIn(databaseFileOf(config), name, scope);
  process.stdout.write(`${JSON.stringify({ ...made, name, scope })}\n`);
}

// An import that comes in several sessions: what each leaves behind is where the next begins.
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import type { ImportRequest } from '../../../service/imports/request.js';
import { ImportSession } from '../../../service/imports/session.js';
import type { JsonObject } from '../../../store/types.js';
import { temporaryStore, value } from '../../store/temporary-store.js';

it('ends with the checksum of the whole table, also where the last session has nothing left to write', async () => {
  const { store } = temporaryStore();
  const request: ImportRequest = {
    format: 'csv',
    onError: 'skip',
    study: { name: 'mine', metadata: {}, objectives: null },
    csv: { ignore: [], infeasible: [], missing: [], decimalComma: false },
  };
  const limits = { maxParameters: 10, maxDepth: 2, maxTextLength: 100, maxRecordBytes: 1000 };
  const parts = { store, limits, check: () => [], objectives: null };
  const made = { request: request as unknown as JsonObject, source: null, studyId: null, plan: null, key: null };
  let state = value(await store.createImport(made));
  const table = Buffer.from(`a,y\n${Array.from({ length: 1500 }, (_, i) => `${i},${i}\n`).join('')}`);
  const first = new ImportSession(parts, state, false);
  await first.push(table);
  state = await first.end(false);
  expect(state).toMatchObject({ status: 'open', bytes: table.length, imported: 1500, checksum: crc32(table) });
  state = await new ImportSession(parts, state, false).end(true);
  expect(state).toMatchObject({ status: 'completed', bytes: table.length, imported: 1500, checksum: crc32(table) });
});

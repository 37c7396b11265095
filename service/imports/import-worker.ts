// The thread that reads and writes the rows of imports, with a database connection of its own: the HTTP thread only passes bytes on.
import { parentPort, workerData } from 'node:worker_threads';
import { StoreError } from '../../store/errors.js';
import { openSqliteStore } from '../../store/sqlite-store.js';
import { loadContract } from '../contract/load-contract.js';
import { type Check, compileChecks } from '../contract/validators.js';
import { ServiceError } from '../errors.js';
import { toServiceError } from '../problems-plugin.js';
import type { FromWorker, ToWorker, WorkerOptions } from './protocol.js';
import { ImportSession } from './session.js';

if (parentPort === null) throw new Error('import-worker runs as a worker thread; the service starts it');
const port = parentPort;
const { databaseFile, maxDatabaseBytes, limits } = workerData as WorkerOptions;
const store = openSqliteStore({ file: databaseFile, maxBytes: maxDatabaseBytes, bulk: true });
/** A session that has failed is kept as null until its end: bytes may still be on their way. */
const sessions = new Map<number, ImportSession | null>();

const say = (message: FromWorker) => port.postMessage(message);

let trialCheck: Check | undefined;
/** What the contract says of a trial sent alone; read when the first import is opened. */
function checkOfTrials(): Check {
  if (trialCheck) return trialCheck;
  const contract = loadContract();
  const operation = contract.operations.find(({ id }) => id === 'createTrial')!;
  trialCheck = compileChecks(contract, limits)(operation).body!;
  return trialCheck;
}

async function open({ session, importId, from }: Extract<ToWorker, { type: 'open' }>): Promise<void> {
  const found = await store.getImport(importId);
  if (found === null) throw new ServiceError('import_not_found', importId);
  // It may have moved since the request was let in: what an earlier request sent is worked off first.
  if (from !== null && from !== found.bytes)
    throw new StoreError('import_moved', importId, `${importId} is at byte ${found.bytes}, not at ${from}`);
  const study = found.studyId === null ? null : await store.getStudy(found.studyId);
  const parts = { store, limits, check: checkOfTrials(), objectives: study?.objectives ?? null };
  sessions.set(session, new ImportSession(parts, found, from === null));
}

async function obey(message: Exclude<ToWorker, { type: 'close' }>): Promise<void> {
  const { session: id } = message;
  try {
    if (message.type === 'open') return await open(message);
    const session = sessions.get(id);
    if (message.type === 'bytes') {
      const { buffer, byteOffset, byteLength } = message.bytes;
      await session?.push(Buffer.from(buffer, byteOffset, byteLength));
    } else if (session) say({ type: 'done', session: id, import: await session.end(message.whole) });
  } catch (error) {
    sessions.set(id, null);
    const { code, message: why, details } = toServiceError(error);
    const cause = code === 'internal_error' ? String((error as Error)?.stack ?? error) : undefined;
    say({
      type: 'failed',
      session: id,
      problem: { code, message: why, ...(details.errors && { errors: details.errors }), ...(cause && { cause }) },
    });
  } finally {
    if (message.type === 'bytes') say({ type: 'taken', session: id, bytes: message.bytes.byteLength });
    if (message.type === 'end') sessions.delete(id);
  }
}

/** One message after the other: what is to be written of an import is in the order of its rows. */
let queue = Promise.resolve();
port.on('message', (message: ToWorker) => {
  queue = queue.then(async () => {
    if (message.type !== 'close') return obey(message);
    await store.close();
    port.close();
  });
});

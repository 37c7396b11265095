// A store on a real file in a folder of its own, gone after the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqliteStore } from '../../store/sqlite-store.js';
import type { NewJob, NewTrial, Study } from '../../store/types.js';

/** Path of a new folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omnireg-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function temporaryStore(file = join(temporaryFolder(), 'test.sqlite')) {
  const store = openSqliteStore({ file });
  onTestFinished(() => store.close());
  return { store, file };
}

export type TestStore = ReturnType<typeof temporaryStore>['store'];

export async function makeStudy(store: TestStore, objectives = ['y']): Promise<Study> {
  const study = { name: 'a study', metadata: {}, objectives: objectives.map((name) => ({ name })) };
  return value(await store.createStudy(study));
}

export function completed(level: number, y = level): NewTrial {
  return { status: 'completed', x: { level }, y: [y], infeasibleReason: null, metadata: {} };
}

export function running(level: number): NewTrial {
  return { status: 'running', x: { level }, y: null, infeasibleReason: null, metadata: {} };
}

export function jobOn(studies: NewJob['studies'], changes: Partial<NewJob> = {}): NewJob {
  return {
    kind: 'fine_tuning',
    request: {},
    studies,
    parent: 'newest',
    hyperparameters: {},
    seed: 0,
    minTrials: 1,
    ...changes,
  };
}

/** What a write made, where it was not a replay. */
export function value<T>(written: { replayed: false; value: T } | { replayed: true }): T {
  if (written.replayed) throw new Error('expected a new write, got a replay');
  return written.value;
}

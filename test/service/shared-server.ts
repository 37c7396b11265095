// A data folder for a server that all tests of a file share; goes away with the test process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export function temporaryStoreFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'omnireg-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

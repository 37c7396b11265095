// omnireg backup: a copy that works, of a database that a server is working on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { OmniReg } from '../../../clients/sdk/index.js';
import { checkIntegrity } from '../../../store/integrity.js';
import { killService, runCli, startService, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 60_000 });

test('copies the database of a running server, and says what else there is to copy', async () => {
  const { path, remove } = temporaryFolder({ 't.csv': 'a,y\n1,2\n3,4\n' });
  onTestFinished(remove);
  const service = await startService(join(path, 'data'));
  onTestFinished(() => killService(service));
  expect((await runCli(['import', 't.csv'], { cwd: path, url: service.url })).code).toBe(0);
  const env = { OMNIREG_DATA_DIR: 'data' };
  const made = await runCli(['backup', 'copy.sqlite', '--json'], { cwd: path, env });
  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('models') });
  expect(JSON.parse(made.stdout)).toMatchObject({ file: join(path, 'copy.sqlite') });
  expect(checkIntegrity(join(path, 'copy.sqlite'))).toMatchObject({ studies: 1, trials: 2, problems: [] });
  const client = new OmniReg({ baseUrl: service.url });
  const exported = await runCli(['export', (await client.studies.list()).data[0]!.id, '--db', 'copy.sqlite'], {
    cwd: path,
  });
  expect(exported).toMatchObject({ code: 0, stdout: 'a,y\n1,2\n3,4\n' });

  const again = await runCli(['backup', 'copy.sqlite'], { cwd: path, env });
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
  const none = await runCli(['backup', 'x.sqlite', '--db', 'none.sqlite'], { cwd: path });
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('none.sqlite') });
  expect(existsSync(join(path, 'x.sqlite'))).toBe(false);
});

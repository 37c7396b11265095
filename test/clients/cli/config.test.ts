// omnireg config: the service's settings as a table and as JSON, and its own words where one is wrong.
import { expect, it } from 'vitest';
import { runCli } from './cli-process.js';

it('prints every setting with its source, and refuses what is none', async () => {
  const env = { OMNIREG_MAX_DEPTH: '7' };
  const table = await runCli(['config', '--max-queries', '5'], { env });
  expect(table).toMatchObject({ code: 0 });
  expect(table.stdout).toMatch(/^--max-depth +OMNIREG_MAX_DEPTH +7 +environment$/m);
  expect(table.stdout).toMatch(/^--max-queries +OMNIREG_MAX_QUERIES +5 +flag$/m);
  const settings = JSON.parse((await runCli(['config', '--json'], { env })).stdout) as {
    name: string;
    value: unknown;
  }[];
  expect(settings.find(({ name }) => name === 'maxDepth')).toMatchObject({
    value: 7,
    default: 16,
    source: 'environment',
  });
  const wrong = await runCli(['config', '--max-querys', '5']);
  expect(await runCli(['serve', '--prot', '0'])).toMatchObject({ code: 2, stdout: '' });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean --max-queries?') });
});

// Bad input through the real command line and the real service. docs/bad-input.md shows what each case got; this test holds
// the page against what is really said. After a change: UPDATE_DOCS=1 npx vitest run test/clients/cli/bad-input.test.ts
import { basename } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdTable, type PageRow } from '../../bad-input-page.js';
import { type BadInput, badInputs } from './bad-input-cases.js';
import {
  type CliResult,
  killService,
  type RunningService,
  runCli,
  startService,
  temporaryFolder,
} from './cli-process.js';

const data = temporaryFolder();
let service: RunningService;
beforeAll(async () => {
  service = await startService(data.path);
});
afterAll(async () => {
  await killService(service);
  data.remove();
});

/** Two at a time: the cases are independent, and starting Node takes longer than what they do. */
async function runAll(): Promise<{ input: BadInput; result: CliResult }[]> {
  const done: { input: BadInput; result: CliResult }[] = new Array(badInputs.length);
  let next = 0;
  const worker = async () => {
    while (next < badInputs.length) {
      const place = next++;
      const input = badInputs[place]!;
      const folder = temporaryFolder(input.files);
      const url = input.url ?? service.url;
      const result = await runCli(input.args, {
        cwd: folder.path,
        url,
        ...(input.stdin === undefined ? {} : { stdin: input.stdin }),
      });
      folder.remove();
      const stderr = result.stderr.replaceAll(folder.path, 'FOLDER').replaceAll(basename(folder.path), 'FOLDER');
      done[place] = { input, result: { ...result, stderr } };
    }
  };
  await Promise.all([worker(), worker()]);
  return done;
}

/** What a person is told. How the columns were read is left out where something else is said, too. */
function answer({ code, stderr }: CliResult): string {
  const lines = stderr
    .trimEnd()
    .split(/\n(?! {7})/)
    .filter(
      (line, i, all) => !/^ {2}objective |^metadata from |Trying again/.test(line) || (all.length === 2 && i === 0),
    )
    .map((line) => line.trim().replace(/\s+/g, ' '));
  return `${lines.join(' ⏎ ')} (exit ${code})`;
}

test('every bad input gets an answer that names the place and the fix, and the page shows it', {
  timeout: 400_000,
}, async () => {
  const rows: PageRow[] = [];
  for (const { input, result } of await runAll()) {
    const context = `${input.where}: ${input.input}\n${result.stderr}`;
    expect.soft(result.code, context).toBe(input.expect.code);
    expect.soft(result.stderr, context).toMatch(input.expect.says);
    expect.soft(result.stderr, context).not.toContain('defect');
    const where = input.where === 'any command' ? input.where : `\`omnireg ${input.where}\``;
    rows.push({ where, input: input.input, answer: answer(result) });
  }
  holdTable('command line', rows);
});

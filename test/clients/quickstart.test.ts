// docs/quickstart.md and README.md as a new user follows them: every command and program is run, and what it says is compared.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tinyBaseModel } from '../tiny-base-model.js';
import { type InstalledPackage, installPacked } from './sdk/packed.js';
import { type Block, blocksOf, runSteps, sameShape, stepsOf } from './transcript.js';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const root = fileURLToPath(new URL('../../', import.meta.url));
const quickstart = readFileSync(join(root, 'docs', 'quickstart.md'), 'utf8');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const ADDRESS = 'http://127.0.0.1:8080';

let installed: InstalledPackage;
let server: ChildProcess | undefined;
let env: NodeJS.ProcessEnv;
let url: string;

/** The commands of this machine: `npx omnireg` is the one that was built here. */
function installCommands(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'npx'),
    `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}dist/clients/cli/main.js" "$@"\n`,
  );
  chmodSync(join(bin, 'npx'), 0o755);
  return bin;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** The page's blocks, speaking to the server of this test. */
const here = (blocks: Block[]) => blocks.map(({ info, text }) => ({ info, text: text.replaceAll(ADDRESS, url) }));

/** Writes the files that a page shows. */
function writeFiles(blocks: readonly Block[]): void {
  for (const { info, text } of blocks) {
    const name = /^(?:csv|js|ts) (\S+)$/.exec(info)?.[1];
    if (name !== undefined) writeFileSync(join(installed.project, name), text);
  }
}

beforeAll(async () => {
  installed = await installPacked();
  url = `http://127.0.0.1:${await freePort()}`;
  const bin = installCommands(installed.project);
  env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    NO_COLOR: '1',
    OMNIREG_URL: url,
    OMNIREG_PORT: new URL(url).port,
    OMNIREG_DEVICE: 'cpu',
    // What it says is the same with the model that ships; trainings take longer.
    OMNIREG_BASE_MODEL: await tinyBaseModel(),
  };
  writeFiles(here(blocksOf(quickstart)));
});
afterAll(async () => {
  if (server && server.exitCode === null) {
    const ended = new Promise((resolve) => server!.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
  installed?.remove();
});

test('the service says where it listens', async () => {
  const [{ command, output } = { command: '', output: '' }] = stepsOf(
    here(blocksOf(quickstart)).find(({ info }) => info === 'console server')!.text,
  );
  server = spawn('bash', ['-c', `exec ${command} 2>&1`], {
    cwd: installed.project,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of server.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (said.split('\n').length > output.split('\n').length - 1 && said.includes('Ctrl-C')) break;
  }
  server.stdout!.resume();
  expect(sameShape(output, said), said).toBe(true);
});

describe.each(['Command line', 'SDK', 'curl', 'Then: your own history'])('%s', (heading) => {
  test('says what the page says', async () => {
    const blocks = here(blocksOf(quickstart, heading)).filter(({ info }) => info === 'console');
    const steps = blocks.flatMap(({ text }) => stepsOf(text));
    expect(steps.length).toBeGreaterThan(0);
    const done = await runSteps(
      steps.map(({ command }) => command),
      { cwd: installed.project, env },
    );
    steps.forEach(({ command, output }, i) => {
      expect(sameShape(output, done[i]!.output), `$ ${command}\n${done[i]!.output}`).toBe(true);
    });
  });
});

test('the README shows the same in under ten lines each', () => {
  const section = readme.split(/^## /m).find((part) => part.startsWith('Use it\n'))!;
  const shown = blocksOf(section);
  expect(shown.map(({ info }) => info)).toEqual(['sh', 'js', 'sh']);
  const [cli, program, curl] = shown.map(({ text }) => text.trimEnd().split('\n'));
  for (const lines of [cli, program, curl]) expect(lines!.length).toBeLessThan(10);
  const commands = (heading: string) =>
    blocksOf(quickstart, heading)
      .filter(({ info }) => info === 'console')
      .flatMap(({ text }) => stepsOf(text).map(({ command }) => command));
  const bare = (lines: string[]) => lines.map((line) => line.replace(/\s+# .*$/, ''));
  const tested = [...commands('Command line'), ...commands('Then: your own history'), 'npx omnireg serve'];
  for (const line of bare(cli!)) expect(tested).toContain(line.replace(/ &$/, ''));
  for (const line of bare(curl!)) expect(commands('curl')).toContain(line);
  const file = blocksOf(quickstart, 'SDK').find(({ info }) => info === 'js predict.mjs')!.text;
  expect(`${program!.join('\n')}\n`).toBe(file);
});

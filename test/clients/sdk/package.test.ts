// The SDK as others get it: what is in the package, how it is installed, imported, required, typed, and how large it is.
import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build, transform } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { VERSION } from '../../../clients/sdk/index.js';
import { testServer } from '../../service/test-server.js';
import { tinyBaseModel } from '../../tiny-base-model.js';
import { browserMissing, launchBrowser, openPage } from './in-browser.js';
import { type InstalledPackage, installPacked, runIn } from './packed.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const repository = fileURLToPath(new URL('../../../', import.meta.url));
let installed: InstalledPackage;
/** What the compiler says of files of the project. */
async function compile(files: string[], resolution: string, more: string[]): Promise<string> {
  const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2022'];
  const args = [tsc, ...files, '--module', module, '--moduleResolution', resolution, ...strict, ...more];
  const ended = promisify(execFile)(process.execPath, args, { cwd: installed.project });
  return (await ended.catch((failed: { stdout: string }) => failed)).stdout;
}

const manifest = () => JSON.parse(readFileSync(join(installed.folder, 'package.json'), 'utf8'));

beforeAll(async () => {
  installed = await installPacked();
});
afterAll(() => installed?.remove());

test('depends on nothing, and its version is what requests say', () => {
  const { dependencies, peerDependencies, optionalDependencies, version } = manifest();
  expect({ dependencies, peerDependencies, optionalDependencies }).toEqual({});
  expect(version).toBe(VERSION);
});

test('holds what was built, and no source', () => {
  expect(installed.files.filter((path) => !path.startsWith('dist/')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);
  expect(installed.files.filter((path) => /\.ts$/.test(path) && !/\.d\.ts$/.test(path))).toEqual([]);
});

test('publint finds nothing', async () => {
  const { messages } = await publint({ pkgDir: installed.folder, strict: true, pack: false });
  expect(messages.map((message) => formatMessage(message, manifest()))).toEqual([]);
});

test('Are the types wrong? No', async () => {
  const result = await checkPackage(createPackageFromTarballData(installed.tarball));
  expect(result.types).toMatchObject({ kind: 'included' });
  expect('problems' in result && result.problems).toEqual([]);
});

const program = (head: string) => `${head}
(async () => {
  const client = new OmniReg({ baseUrl: process.argv[2] });
  const study = await client.studies.create({ name: 'from the package' });
  await client.studies.trials.createBatch(study.id, [{ x: { a: 1 }, y: 1 }, { x: { a: 2 }, y: 2 }]);
  const seen = [];
  for await (const { x, y } of client.studies.trials.list(study.id, { limit: 1 })) seen.push([x.a, y]);
  const error = await client.studies.get('study_nope').catch((thrown) => thrown);
  console.log(JSON.stringify({ seen, same: Default === OmniReg, not: error instanceof NotFoundError, code: error.code }));
})();`;

test.each([
  ['esm.mjs', "import Default, { OmniReg, NotFoundError } from '@omnireg/sdk';"],
  ['cjs.cjs', "const { OmniReg, NotFoundError, default: Default } = require('@omnireg/sdk');"],
])('%s in Node, against a real server', async (name, head) => {
  const { url } = await testServer();
  const said = JSON.parse(await runIn(installed, name, program(head), { args: [url] }));
  expect(said).toEqual({
    seen: [
      [1, 1],
      [2, 2],
    ],
    same: true,
    not: true,
    code: 'study_not_found',
  });
});

describe.skipIf(browserMissing !== '')(`in Chromium${browserMissing && ` (${browserMissing})`}`, () => {
  let browser: Awaited<ReturnType<typeof launchBrowser>>;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  const found = {
    created: 12,
    trials: 12,
    imported: 12,
    notFound: true,
    code: 'study_not_found',
    status: 'succeeded',
    stepped: true,
    median: expect.any(Number),
  };
  const pages = [
    ['page', 'page.html'],
    ['worker', 'with-worker.html'],
  ] as const;

  test.each(pages)(
    'a %s of the service’s own origin writes, imports, reads pages, sees errors, follows a training and predicts',
    async (here, page) => {
      const { url } = await testServer();
      expect(await openPage(browser, installed, url, page, url)).toEqual({ here, ...found });
    },
  );

  test.each(pages)('a %s of another origin, which the service allows, does too', async (here, page) => {
    // Not a secure context either, as its address is plain HTTP and not this machine's.
    const origin = 'http://lab.example';
    const { url } = await testServer({ corsOrigins: origin });
    expect(await openPage(browser, installed, url, page, origin)).toEqual({ here, ...found });
  });
});

describe('types', () => {
  const use = (head: string) => `${head}
const client = new OmniReg({ baseUrl: 'http://127.0.0.1:8080', timeout: 1000 });
export async function main(): Promise<number> {
  const { data, requestId } = await client.studies.create({ name: 'a', objectives: [{ name: 'y' }] }).withResponse();
  for await (const trial of client.studies.trials.list(data.id, { status: 'completed' })) console.log(trial.x.a, requestId);
  for await (const event of client.fineTuningJobs.events('ftjob_1')) console.log(event.type, event.data);
  const { predictions } = await client.studies.predict(data.id, { queries: [{ a: 1, b: ['c', null] }] });
  // @ts-expect-error a study has a name
  await client.studies.create({ objectives: [] });
  // @ts-expect-error not a status
  client.studies.trials.list(data.id, { status: 'done' });
  return predictions[0]!.objectives.y!.median;
}
main().catch((error: unknown) => { if (error instanceof NotFoundError) console.log(error.status, error.errors); });
`;
  const esm = "import { NotFoundError, OmniReg } from '@omnireg/sdk';";
  test.each([
    ['use.mts', 'nodenext', esm],
    ['use.cts', 'nodenext', "import sdk = require('@omnireg/sdk');\nconst { NotFoundError, OmniReg } = sdk;"],
    ['bundled.ts', 'bundler', esm],
  ])('of %s hold, strictly and with no types of Node', async (name, resolution, head) => {
    writeFileSync(join(installed.project, name), use(head));
    expect(await compile([name], resolution, ['--lib', 'es2022,dom,dom.iterable,dom.asynciterable'])).toBe('');
  });
});

/** What each example says last. */
const SAID: Record<string, RegExp> = {
  'first-prediction.ts':
    /^\{"created":4,"status":"succeeded","fine_tuned_model":"model_\w+","median":[\d.e+-]+,"interval":\{"level":0.9,.*\}\}$/,
  'optimize.ts': /^\{"x":\{"a":[\d.]+,"kind":"(round|flat)"\},"y":[\d.]+\}$/,
  'careful.ts': /^\/name .*\. /,
};

describe('examples', () => {
  let baseModel: string;
  beforeAll(async () => {
    baseModel = await tinyBaseModel();
  });
  const folder = join(repository, 'clients', 'sdk', 'examples');
  const names = readdirSync(folder);

  test('have types that hold', async () => {
    for (const name of names) copyFileSync(join(folder, name), join(installed.project, name));
    // Node's own types, for process and console.
    const types = ['--types', 'node', '--typeRoots', join(repository, 'node_modules', '@types')];
    expect(await compile(names, 'bundler', types)).toBe('');
  });

  test.each(names)('%s', async (name) => {
    const { url } = await testServer({ baseModel });
    const { code } = await transform(readFileSync(join(folder, name), 'utf8'), { loader: 'ts', format: 'esm' });
    const said = await runIn(installed, name.replace('.ts', '.mjs'), code, { env: { OMNIREG_URL: url } });
    expect(said.trim()).toMatch(SAID[name]!);
  });
});

test('in a bundle it is as large as the docs say', async () => {
  const entry = { contents: "export * from '@omnireg/sdk'", resolveDir: installed.project };
  const { outputFiles } = await build({
    stdin: entry,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const code = outputFiles[0]!.contents;
  const sizes = { minified: code.length, gzip: gzipSync(code, { level: 9 }).length };
  const docs = readFileSync(join(repository, 'docs', 'sdk.md'), 'utf8');
  const stated = /([\d.]+) kB minified, ([\d.]+) kB gzipped/.exec(docs) ?? [];
  expect(Math.abs(Number(stated[1]) - sizes.minified / 1000), JSON.stringify(sizes)).toBeLessThan(0.25);
  expect(Math.abs(Number(stated[2]) - sizes.gzip / 1000), JSON.stringify(sizes)).toBeLessThan(0.15);
});

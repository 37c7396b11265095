// The package in a page and in a worker of Chromium, as ES modules, just as they were installed.
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { expect } from 'vitest';
import { TINY_TRAINING } from '../../tiny-training.js';
import type { InstalledPackage } from './packed.js';

/** Debian's; CI installs it (.ci/run). */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why there is no browser to test in; empty where there is one. */
export const browserMissing = existsSync(executablePath)
  ? ''
  : `there is no ${executablePath}: install chromium, or name another with CHROMIUM`;
if (browserMissing !== '' && process.env.OMNIREG_REQUIRE_BROWSER) throw new Error(browserMissing);

export const launchBrowser = () =>
  chromium.launch({
    executablePath,
    args: [
      // It does not start as root in a container.
      '--no-sandbox',
      // A page from elsewhere may ask this machine only if the user agrees, and here is no user.
      '--disable-features=LocalNetworkAccessChecks',
    ],
  });

/** All that a program does: writes, pages, errors, a training followed live, a prediction. */
const work = `
export async function work(OmniReg, NotFoundError, baseUrl) {
  const client = new OmniReg({ baseUrl });
  const study = await client.studies.create({ name: 'from a browser' });
  const rows = Array.from({ length: 12 }, (_, i) => ({ x: { a: i, k: 'é' + (i % 3) }, y: i / 2 }));
  const { created } = await client.studies.trials.createBatch(study.id, rows);
  let trials = 0;
  for await (const _ of client.studies.trials.list(study.id, { limit: 5 })) trials++;
  const table = new Blob([rows.map(({ x, y }) => JSON.stringify({ x, y }) + '\\n').join('')]);
  const { id } = await client.imports.create({ format: 'ndjson', study: { name: 'a file' } });
  const { imported } = await client.imports.send(id, table);
  const error = await client.studies.get('study_nope').catch((thrown) => thrown);
  const job = await client.fineTuningJobs.create({ studies: [study.id], hyperparameters: ${JSON.stringify(TINY_TRAINING)} });
  const events = client.fineTuningJobs.events(job.id);
  const types = new Set();
  for await (const { type } of events) types.add(type);
  const { status } = await events.final();
  const { predictions } = await client.studies.predict(study.id, { queries: [{ a: 3, k: 'é0' }] });
  const here = 'document' in globalThis ? 'page' : 'worker';
  return { here, created: created.length, trials, imported, notFound: error instanceof NotFoundError, code: error.code, status,
    stepped: types.has('step'), median: predictions[0].objectives.y.median };
}`;
const imports = `import { NotFoundError, OmniReg } from './sdk/index.js';\nimport { work } from './work.js';\n`;
const files: Record<string, string> = {
  'work.js': work,
  'page.js': `${imports}globalThis.result = work(OmniReg, NotFoundError, new URL(location.href).searchParams.get('service'));`,
  'worker.js': `${imports}work(OmniReg, NotFoundError, new URL(location.href).searchParams.get('service')).then(postMessage, (error) => postMessage(String(error)));`,
  'page.html': '<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>',
  'with-worker.html': `<!doctype html><script type="module">
    globalThis.result = new Promise((resolve) => {
      new Worker('worker.js' + location.search, { type: 'module' }).onmessage = ({ data }) => resolve(data);
    });</script>`,
};

/**
 * Opens a page that works with the service at `url`.
 * @param origin where the page lies
 * @returns What its program found.
 */
export async function openPage(
  browser: Browser,
  { folder }: InstalledPackage,
  url: string,
  page: 'page.html' | 'with-worker.html',
  origin: string,
): Promise<unknown> {
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    await context.route(`${origin}/page/**`, (route) => {
      const name = normalize(new URL(route.request().url()).pathname.slice('/page/'.length));
      const body = name.startsWith('sdk/')
        ? readFileSync(join(folder, 'dist/esm', name.slice('sdk/'.length)))
        : files[name]!;
      return route.fulfill({ body, contentType: name.endsWith('.html') ? 'text/html' : 'text/javascript' });
    });
    const errors: string[] = [];
    tab.on('pageerror', (error) => errors.push(String(error)));
    await tab.goto(`${origin}/page/${page}?service=${encodeURIComponent(url)}`);
    const result = await tab.evaluate('globalThis.result');
    expect(errors).toEqual([]);
    return result;
  } finally {
    await context.close();
  }
}

// omnireg doctor on machines that are well, and on ones that are not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { OmniReg } from '../../../clients/sdk/index.js';
import { killService, type RunningService, runCli, startService, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Check {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  detail: string;
  fix?: string;
}

const data = temporaryFolder();
let service: RunningService;
beforeAll(async () => {
  service = await startService(data.path);
  const { studies } = new OmniReg({ baseUrl: service.url });
  const { id } = await studies.create({ name: 'a' });
  await studies.trials.createBatch(id, [
    { x: { a: 1 }, y: 1 },
    { x: { a: 2 }, y: 2 },
  ]);
});
afterAll(async () => {
  await killService(service);
  data.remove();
});

/** The checks by name, and the exit status. */
async function doctor(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCli(['doctor', '--json', ...args], {
    env: { OMNIREG_DEVICE: 'cpu', ...env },
  });
  const checks = new Map((JSON.parse(stdout) as Check[]).map((check) => [check.name, check]));
  return { code, checks, stderr };
}

test('all is well beside a service that runs', async () => {
  const { code, checks } = await doctor(['--data', data.path, '--url', service.url]);
  const names = ['Node', 'data folder', 'disk', 'database', 'ONNX Runtime', 'base model', 'WebGPU', 'CUDA', 'service'];
  expect([...checks.keys()]).toEqual(names);
  for (const name of names.slice(0, 6)) expect(checks.get(name)).toMatchObject({ status: 'ok' });
  expect(checks.get('database')!.detail).toMatch(/whole, 2 trials of 1 study$/);
  expect(checks.get('service')).toMatchObject({ status: 'ok', detail: expect.stringContaining(service.url) });
  expect(code).toBe(0);
});

test('people see a line a check', async () => {
  const { code, stdout, stderr } = await runCli(['doctor', '--data', data.path], { env: { OMNIREG_URL: service.url } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'All that is needed is there and works.\n' });
  expect(stdout).toMatch(/^✓ Node +v\d/);
  expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(9);
});

test('a database that is not whole, and one that is not there', async () => {
  const broken = temporaryFolder();
  const file = join(broken.path, 'lab.sqlite');
  const copy = new Sqlite(join(data.path, 'omnireg.sqlite'), { readonly: true });
  await copy.backup(file);
  copy.close();
  const db = new Sqlite(file);
  db.exec('UPDATE studies SET completed = 7');
  db.close();
  const whole = await doctor(['--db', file]);
  expect(whole.code).toBe(1);
  expect(whole.checks.get('database')).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('counts 7 completed trials and has 2'),
    fix: expect.stringContaining('backup'),
  });
  expect(whole.checks.has('service')).toBe(false);
  expect((await doctor(['--db', file, '--skip-integrity'])).checks.get('database')).toMatchObject({ status: 'ok' });
  writeFileSync(file, 'no database at all, '.repeat(1000));
  expect((await doctor(['--db', file])).checks.get('database')).toMatchObject({ status: 'failed' });
  const none = await doctor(['--db', join(broken.path, 'none.sqlite')]);
  expect(none).toMatchObject({ code: 0 });
  expect(none.checks.get('database')!.detail).toContain('will be made');
  broken.remove();
});

test('a service that is not there, was named, or wants a key', async () => {
  const nobody = await doctor(['--data', data.path, '--url', 'http://127.0.0.1:9']);
  expect(nobody.code).toBe(1);
  expect(nobody.checks.get('service')).toMatchObject({
    status: 'failed',
    fix: expect.stringContaining('omnireg serve'),
  });
  const own = temporaryFolder();
  await runCli(['keys', 'create', 'first', '--data', own.path]);
  const closed = await startService(own.path);
  const locked = await doctor(['--data', own.path], { OMNIREG_URL: closed.url });
  expect(locked.checks.get('service')).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('missing_key'),
    fix: expect.stringContaining('OMNIREG_API_KEY'),
  });
  await killService(closed);
  own.remove();
});

test('settings that cannot be used, a model that is not there, a device that was asked for', async () => {
  expect((await doctor(['--data', data.path], { OMNIREG_PROT: '1' })).checks.get('settings')).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('OMNIREG_PORT'),
  });
  const { code, checks } = await doctor(['--data', data.path], {
    OMNIREG_BASE_MODEL: '/no/model',
    OMNIREG_DEVICE: 'cuda',
  });
  expect(code).toBe(1);
  expect(checks.get('base model')).toMatchObject({ status: 'failed', detail: expect.stringContaining('/no/model') });
  const cuda = checks.get('CUDA')!;
  expect(cuda.status).toBe(cuda.detail.startsWith('not there') ? 'failed' : 'ok');
});

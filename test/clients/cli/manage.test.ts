// Studies, trials, models, keys and suggestions from the command line: real processes against a real service.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OmniReg, type Trial } from '../../../clients/sdk/index.js';
import { TINY_TRAINING } from '../../tiny-training.js';
import { killService, type RunningService, runCli, startService, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = temporaryFolder({
  'space.json': '{"a": {"type": "integer", "low": 0, "high": 50}, "k": {"type": "categorical", "choices": ["x", "y"]}}',
});
const data = temporaryFolder();
let service: RunningService;
let client: OmniReg;

beforeAll(async () => {
  service = await startService(data.path);
  client = new OmniReg({ baseUrl: service.url });
});
afterAll(async () => {
  await killService(service);
  data.remove();
  folder.remove();
});

const cli = (...args: string[]) => runCli(args, { cwd: folder.path, url: service.url });
/** What a command that succeeds writes to stdout. */
async function out(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ args, code, stderr }).toMatchObject({ code: 0 });
  return stdout.trim();
}

describe('studies', () => {
  test('are created, listed, shown, changed and deleted', async () => {
    const metadata = '{"furnace": "vacuum"}';
    const objectives = ['--objective', 'loss:minimize:s', '--objective', 'a:b:maximize'];
    const id = await out('studies', 'create', 'alloy', ...objectives, '--metadata', metadata, '--space', 'space.json');
    expect(await client.studies.get(id)).toMatchObject({
      name: 'alloy',
      metadata: { furnace: 'vacuum' },
      objectives: [
        { name: 'loss', goal: 'minimize', unit: 's' },
        { name: 'a:b', goal: 'maximize' },
      ],
      search_space: { a: { low: 0, high: 50 } },
    });
    const other = await out('studies', 'create', 'second');
    expect((await out('studies', '-q')).split('\n')).toEqual([other, id]);
    expect((await out('studies', 'list', '--limit', '1', '--json')).replaceAll('\n', '')).toBe(
      JSON.stringify([await client.studies.get(other)]),
    );
    const first = await cli('studies', '--limit', '1');
    expect(first.stdout).toMatch(
      /^id +name +objectives +completed .*\n─+.*\nstudy_\w+ +second +y +0 +0 +0 +\d{4}-\d\d-\d\d \d\d:\d\d\n$/,
    );
    expect(first.stderr).toContain('--limit all');
    expect(JSON.parse(await out('studies', 'list', '--name', 'nobody', '--json'))).toEqual([]);
    expect(await out('studies', 'show', id)).toMatch(
      /^id +study_\w+\nname +alloy\nobjectives +loss, minimize, s\n +a:b, maximize\n/,
    );

    await out('studies', 'update', id, '--name', 'renamed', '--space', 'none');
    expect(await client.studies.get(id)).toMatchObject({ name: 'renamed', search_space: null });
    const nobodyAsked = await cli('studies', 'delete', other);
    expect(nobodyAsked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(JSON.parse(await out('studies', 'delete', other, '--yes', '--json'))).toEqual({ deleted: [other] });
    await expect(client.studies.get(other)).rejects.toMatchObject({ code: 'study_not_found' });
  });

  test.each([
    [['studies', 'create', 'a', '--metadata', '{a}'], 2, /--metadata is not JSON/],
    [['studies', 'create', 'a', '--metadata', 'nowhere.json'], 1, /nowhere\.json/],
    [['studies', 'create', 'a', '--space', '{"a": 1}'], 1, /\/search_space\/a/],
    [['studies', 'update', 'study_x'], 2, /nothing to change/],
    [['studies', 'show', 'study_x'], 1, /study_not_found/],
    [['studies', 'list', '--limit', '0'], 2, /whole number from 1, or all/],
    [['studies', 'lst'], 2, /"lst" is not a command of omnireg studies\. Did you mean "list"\?/],
  ])('%j', async (args, code, says) => {
    expect(await cli(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(says) });
  });
});

describe('trials', () => {
  test('are added as planned, measured or failed, and ended', async () => {
    const study = await out('studies', 'create', 'trials', '--objective', 'loss');
    const add = (...more: string[]) => out('trials', 'add', study, '--x', '{"a": 1, "k": "x"}', ...more);
    const measured = await add('--y', '-2.5');
    const planned = [await add(), await add()];
    const failed = await add('--infeasible', '--reason', 'broke');
    expect(JSON.parse(await out('trials', 'complete', study, planned[0]!, '--y', 'loss=1e3', '--json'))).toMatchObject({
      y: 1000,
    });
    expect(await out('trials', 'infeasible', study, planned[1]!)).toMatch(/^status +infeasible$/m);
    expect(await out('trials', 'show', study, failed)).toMatch(/^reason +broke$/m);
    const trials = JSON.parse(await out('trials', 'list', study, '--json')) as Trial[];
    expect(trials.map(({ id, status, y }) => [id, status, y])).toEqual([
      [measured, 'completed', -2.5],
      [planned[0], 'completed', 1000],
      [planned[1], 'infeasible', null],
      [failed, 'infeasible', null],
    ]);
    expect(await out('trials', 'list', study, '--status', 'infeasible', '--newest', '-q')).toBe(
      `${failed}\n${planned[1]}`,
    );
    expect(await out('trials', 'list', study)).toMatch(/completed +-2\.5 +a 1, k x +\d{4}/);
    expect(await cli('trials', 'complete', study, measured, '--y', '1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('trial_already_finished'),
    });
  });

  test('of several objectives say which is which', async () => {
    const study = await out('studies', 'create', 'two', '--objective', 'loss', '--objective', 'time');
    const id = await out('trials', 'add', study, '--x', '{"a":1}', '--y', 'loss=1', '--y', 'time=2');
    expect(await client.studies.trials.get(study, id)).toMatchObject({ y: { loss: 1, time: 2 } });
    const mixed = await cli('trials', 'add', study, '--x', '{"a":1}', '--y', '1', '--y', 'time=2');
    expect(mixed).toMatchObject({ code: 2, stderr: expect.stringContaining('--y name=number') });
  });

  test('a listing of more than a page is whole', async () => {
    const { id } = await client.studies.create({ name: 'many' });
    for (let i = 0; i < 3; i++) {
      const rows = Array.from({ length: 1000 }, (_, j) => ({ x: { a: 1000 * i + j }, y: j }));
      await client.studies.trials.createBatch(id, rows);
    }
    const ids = (await out('trials', 'list', id, '--limit', 'all', '-q')).split('\n');
    expect([ids.length, new Set(ids).size]).toEqual([3000, 3000]);
    expect(JSON.parse(await out('trials', 'list', id, '--limit', 'all', '--json'))).toHaveLength(3000);
    expect((await out('trials', 'list', id, '--limit', '1000', '-q')).split('\n')).toHaveLength(1000);
  });
});

describe('with a model', () => {
  let study: string;
  let model: string;

  beforeAll(async () => {
    study = (await client.studies.create({ name: 'model', objectives: [{ name: 'loss', goal: 'minimize' }] })).id;
    const rows = Array.from({ length: 24 }, (_, a) => ({ x: { a, k: a % 2 ? 'x' : 'y' }, y: (a - 9) ** 2 }));
    await client.studies.trials.createBatch(study, rows);
    const job = await client.fineTuningJobs.create({
      studies: [study],
      parent: 'none',
      hyperparameters: TINY_TRAINING,
    });
    model = (await client.fineTuningJobs.events(job.id).final()).fine_tuned_model!;
  });

  test('predictions stand behind the cells that were read, on a pipe without being asked for', async () => {
    const csv = 'note;a;k;loss\n"he said ""x""; y";3;x;7\n;30;y;\n;;;\n1;2\n';
    const { code, stdout, stderr } = await runCli(['predict', '--study', study], { url: service.url, stdin: csv });
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('line 5') });
    expect(stderr).toContain(`note: 'a' 30 is new: the study has 0 to 23. (line 3)\n`);
    const [header, first, second, ...rest] = stdout.trimEnd().split('\n');
    expect(header).toBe('note;a;k;loss;loss.median;loss.mean;loss.sd;loss.lower_0.9;loss.upper_0.9;p_infeasible');
    expect(first).toMatch(/^"he said ""x""; y";3;x;7;(-?[\d.e+-]+;?){6}$/);
    expect(second).toMatch(/^;30;y;;(-?[\d.e+-]+;?){6}$/);
    expect(rest).toEqual([]);
    const table = await runCli(['predict', '--study', study, '-', '--no-csv'], { url: service.url, stdin: csv });
    expect(table.stdout).toMatch(/^query +loss +90% interval/);
    const empty = await runCli(['predict', '--study', study, '-'], { url: service.url, stdin: 'a,k\n' });
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('stdin has a header and no rows') });
    const json = await runCli(['predict', '--study', study, '--json'], { url: service.url, stdin: csv });
    expect(JSON.parse(json.stdout).predictions).toHaveLength(2);
  });

  test('suggestions are a table, a CSV to be measured, or running trials', async () => {
    const ask = ['suggest', '--study', study, '--space', 'space.json', '--count', '3'];
    const { stdout, stderr } = await cli(...ask);
    expect(stdout).toMatch(
      /^parameters +loss +90% of it +score\n─.*\n(a \d+, k [xy] +-?[\d.e+-]+ +-?[\d.e+-]+ … -?[\d.e+-]+ +[\d.e+-]+\n){3}$/,
    );
    expect(stderr).toContain('search space: --space');
    const [header, ...rows] = (await out(...ask, '--csv')).split('\n');
    expect([header, rows.length]).toEqual(['a,k', 3]);
    const { trials } = JSON.parse(await out(...ask, '--add', '--json')) as { trials: string[] };
    for (const id of trials) expect(await client.studies.trials.get(study, id)).toMatchObject({ status: 'running' });
    const other = await cli('suggest', '--study', study, '--criterion', 'luck');
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('thompson') });
  });

  test('trainings are listed, shown and cancelled', async () => {
    const [id] = (await out('jobs', '-q')).split('\n');
    expect(await out('jobs')).toMatch(new RegExp(`${id} +succeeded +1 +24 +${model} `));
    expect(await out('jobs', 'show', id!)).toMatch(/^status +succeeded$/m);
    expect(JSON.parse(await out('jobs', 'show', id!, '--json'))).toEqual(await client.fineTuningJobs.get(id!));
    expect(await cli('jobs', 'cancel', id!)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('job_already_finished'),
    });
    const { id: other } = await client.fineTuningJobs.create({
      studies: [study],
      parent: 'none',
      hyperparameters: { ...TINY_TRAINING, steps: 1_000_000 },
    });
    expect(JSON.parse(await out('jobs', 'cancel', other, '--json'))).toMatchObject({ id: other });
    expect(await client.fineTuningJobs.events(other).final()).toMatchObject({ status: 'cancelled' });
  });

  test('models are listed, shown, downloaded and deleted', async () => {
    expect(await out('models', '-q')).toBe(model);
    expect(await out('models')).toMatch(new RegExp(`^id .*\\n─.*\\n${model} +model +yes +1 +– `));
    expect(await out('models', 'show', model)).toContain(study);
    expect(JSON.parse(await out('models', 'show', model, '--json'))).toEqual(await client.models.get(model));
    expect(await out('models', 'download', model)).toBe(`${model}.zip`);
    const zip = readFileSync(join(folder.path, `${model}.zip`));
    expect([zip.subarray(0, 2).toString(), zip.subarray(-22, -20).toString()]).toEqual(['PK', 'PK']);
    expect(existsSync(join(folder.path, `${model}.zip.part`))).toBe(false);
    expect(await cli('models', 'download', model, '--out', 'no/such/folder.zip')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('folder.zip could not be written'),
    });
    expect(await cli('models', 'delete', model)).toMatchObject({ code: 2 });
    await out('models', 'delete', model, '--yes');
    expect(await out('models', '-q')).toBe('');
  });
});

describe('keys', () => {
  test('are made in a data folder or by the service, sent from the environment, and taken away', async () => {
    const own = temporaryFolder();
    const key = await out('keys', 'create', 'first', '--data', own.path);
    expect(key).toMatch(/^ork_/);
    const closed = await startService(own.path);
    const as = (secret: string, ...args: string[]) =>
      runCli(args, { url: closed.url, env: { OMNIREG_API_KEY: secret } });
    expect(await as('', 'keys')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/missing_key.*\n.*OMNIREG_API_KEY/),
    });
    const reader = JSON.parse(
      (await as(key, 'keys', 'create', 'reader', '--scope', 'read', '--expires', '2099-01-31', '--json')).stdout,
    );
    expect(reader).toMatchObject({ scope: 'read', expires_at: expect.stringContaining('2099-01-31') });
    expect((await as(key, 'keys')).stdout).toMatch(/reader +read +ork_\w+ +never +2099-01-31 00:00/);
    expect(await as(reader.key, 'studies')).toMatchObject({ code: 0 });
    expect(await as(reader.key, 'studies', 'create', 'no')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('insufficient_scope'),
    });
    expect(await as(key, 'keys', 'delete', reader.id)).toMatchObject({ code: 0 });
    expect(await as(reader.key, 'studies')).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid_key') });
    await killService(closed);
    own.remove();
  });
});

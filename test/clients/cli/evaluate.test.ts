// omnireg evaluate as people use it: real processes, a folder of families, a service or a server of its own, and interruptions.
import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fingerprintOf } from '../../../clients/cli/evaluation/fingerprint.js';
import { findTasks, NO_METADATA } from '../../../clients/cli/evaluation/folder.js';
import type { EvaluationReport } from '../../../clients/sdk/types.js';
import { HIDDEN_FACTS } from '../../../trainer/pretraining/families.js';
import { memoryStudy } from '../../../trainer/study-source.js';
import { train } from '../../../trainer/train.js';
import { TINY_TRAINING } from '../../tiny-training.js';
import { killService, type RunningService, runCli, startService, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const csv = (objective: string, scale: number, rows = 40) =>
  [
    `level,kind,${objective}`,
    ...Array.from(
      { length: rows },
      (_, i) => `${(i * 17) % 40},${i % 2 ? 'a' : 'b'},${scale * ((i * 17) % 40) + (i % 2)}`,
    ),
  ].join('\n');

const work = temporaryFolder();
const tasks = join(work.path, 'tasks');
const modelDir = join(work.path, 'model');

beforeAll(async () => {
  for (const family of ['caches', 'disks']) {
    mkdirSync(join(tasks, family), { recursive: true });
    for (const [i, name] of ['one', 'two', 'three'].entries())
      writeFileSync(join(tasks, family, `${name}.csv`), csv('ms', i + 1));
  }
  const facts = { objective: 'latency', direction: 'minimize', unit: 'ms', rows: 40, y_max: 120, machine: 'm1' };
  writeFileSync(join(tasks, 'caches', 'tasks.json'), JSON.stringify({ one: facts }));
  writeFileSync(join(tasks, 'INDEX.csv'), 'dataset,use\ncaches,evaluate\ndisks,train\n');
  const trials = Array.from({ length: 30 }, (_, i) => ({ x: { level: i }, y: i }));
  const study = memoryStudy({ id: 's', metadata: {}, objective: { name: 'ms' }, trials });
  await train({ studies: [study], outDir: modelDir, workDir: join(work.path, 'job'), config: TINY_TRAINING });
});
afterAll(() => work.remove());

describe('the folder', () => {
  const filter = { families: [], use: undefined, tasks: undefined };

  it('holds families, tasks, and what is known of them but what y is', async () => {
    const found = await findTasks(tasks, filter);
    expect(found.map(({ family, name }) => `${family}/${name}`)).toEqual(
      ['caches', 'disks'].flatMap((family) => ['one', 'three', 'two'].map((name) => `${family}/${name}`)),
    );
    expect(found[0]).toMatchObject({
      metadata: { machine: 'm1' },
      objectives: [],
      assumed: { name: 'latency', goal: 'minimize', unit: 'ms' },
    });
    expect(found[0]!.metadata).not.toHaveProperty('y_max');
  });

  it('hides what trainings hide', () => expect(NO_METADATA).toEqual(HIDDEN_FACTS));

  it('is filtered by family, by use, and thinned', async () => {
    const names = async (some: object) =>
      (await findTasks(tasks, { ...filter, ...some })).map(({ name, family }) => `${family}/${name}`);
    expect(await names({ use: 'evaluate', tasks: 2 })).toEqual(['caches/one', 'caches/three']);
    expect(await names({ families: ['disks'], tasks: 1 })).toEqual(['disks/one']);
    expect(await names({ families: ['disks'], use: 'train' })).toHaveLength(3);
  });

  it('may be a family itself', async () => {
    const found = await findTasks(join(tasks, 'caches'), filter);
    expect(found.map(({ family }) => family)).toEqual(['caches', 'caches', 'caches']);
  });

  it('tells of tables beside its families, but where families are named', async () => {
    const folder = join(work.path, 'mixed');
    mkdirSync(join(folder, 'disks'), { recursive: true });
    for (const name of ['INDEX.csv', 'stray.csv', 'disks/one.csv']) writeFileSync(join(folder, name), 'a,y\n1,2\n');
    const left: string[] = [];
    const find = (families: string[]) => findTasks(folder, { ...filter, families }, (files) => left.push(...files));
    expect((await find([])).map(({ family, name }) => `${family}/${name}`)).toEqual(['disks/one']);
    expect(left).toEqual(['stray.csv']);
    await find(['disks']);
    expect(left).toHaveLength(1);
  });
});

describe('what is gone on with', () => {
  const folder = join(work.path, 'print');
  const model = join(folder, 'model');
  const table = join(folder, 'tasks', 'one.csv');
  const print = async () => {
    const filter = { families: [], use: undefined, tasks: undefined };
    return fingerprintOf(await findTasks(join(folder, 'tasks'), filter), { seed: 1 }, model);
  };
  let before: string;

  beforeAll(async () => {
    for (const name of [model, join(folder, 'tasks')]) mkdirSync(name, { recursive: true });
    writeFileSync(join(model, 'model.safetensors'), 'weights');
    writeFileSync(table, 'a,y\n1,2\n');
    before = await print();
  });

  it('is the same though files were saved again unchanged', async () => {
    writeFileSync(table, 'a,y\n1,2\n');
    utimesSync(table, 1, 1);
    expect(await print()).toBe(before);
  });

  it.each([
    ['a table', table, 'a,y\n1,3\n'],
    ['what is known of it', join(folder, 'tasks', 'one.json'), '{"machine": "m2"}'],
    ['the model', join(model, 'model.safetensors'), 'WEIGHTS'],
  ])('is another with %s changed in place, even at the same size and time', async (_, path, content) => {
    const old = existsSync(path) ? readFileSync(path, 'utf8') : '{}';
    writeFileSync(path, old);
    const { atime, mtime } = statSync(path);
    const first = await print();
    writeFileSync(path, content);
    utimesSync(path, atime, mtime);
    expect(await print()).not.toBe(first);
    writeFileSync(path, old);
  });
});

const small = ['--trials', '0,6', '--test', '8', '--tasks', '2'];
const tiny = Object.entries(TINY_TRAINING).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const reportIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as EvaluationReport;

describe('on a server of its own', () => {
  it('prints the table, and leaves JSON and a page that needs no other file', async () => {
    const out = join(work.path, 'own');
    const args = ['evaluate', tasks, '--model', modelDir, '--out', out, '--protocol', 'both', ...small, ...tiny];
    const { code, stdout, stderr } = await runCli(args, { env: { OMNIREG_DEVICE: 'cpu' } });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('imported 160 trials of 4 tasks'),
    });
    const report = reportIn(out);
    expect(new Set(report.rows.map(({ study }) => study))).toEqual(
      new Set(['caches/one', 'caches/three', 'disks/one', 'disks/three']),
    );
    const ours = report.summary.find((row) => row.family === null && row.method === 'omnireg' && row.trials === 6)!;
    expect(stdout).toContain(ours.error.toFixed(4));
    expect(stdout).toMatch(/pooled boosting/);
    expect(stdout).toMatch(/disks .*\[/);
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain(ours.crps.toFixed(4));
    expect(page).not.toMatch(/(src|href)="(?!#)/);
    expect(existsSync(join(out, '.work'))).toBe(false);
  });

  it('takes free text out where it is asked to, and says so', async () => {
    const folder = join(work.path, 'noted');
    mkdirSync(folder);
    const rows = Array.from({ length: 40 }, (_, i) => `note number ${i},${i % 7},${i % 7}`);
    writeFileSync(join(folder, 'diary.csv'), ['note,level,y', ...rows].join('\n'));
    const out = join(work.path, 'plain');
    const args = ['evaluate', folder, '--model', modelDir, '--out', out, '--without-text', ...small];
    const { code, stdout, stderr } = await runCli(args, { env: { OMNIREG_DEVICE: 'cpu' } });
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Without free text'),
      stderr: expect.stringContaining('Free text was taken out: note'),
    });
    expect(reportIn(out).without_text).toBe(true);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Without free text');
  });

  it('goes on where it was cut off', async () => {
    const sizes = Array.from({ length: 16 }, (_, i) => i).join(',');
    const some = ['--trials', sizes, '--test', '8', '--tasks', '2'];
    const args = (out: string) => ['evaluate', tasks, '--model', modelDir, '--out', out, ...some];
    const env = { OMNIREG_DEVICE: 'cpu' };
    const [cut, whole] = [join(work.path, 'cut'), join(work.path, 'whole')];
    let stopped = false;
    const onStderr = (child: { kill: (signal: 'SIGINT') => void }, stderr: string) => {
      if (stopped || !stderr.includes('Predicting')) return;
      stopped = true;
      child.kill('SIGINT');
    };
    const first = await runCli(args(cut), { env, onStderr });
    expect(first.code).toBe(130);
    const second = await runCli(args(cut), { env });
    expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining('Going on') });
    expect((await runCli(args(whole), { env })).code).toBe(0);
    expect(reportIn(cut).rows).toEqual(reportIn(whole).rows);
  });

  it('evaluates the tables as they are now where they were edited after it was cut off', async () => {
    const folder = join(work.path, 'edited');
    mkdirSync(folder);
    writeFileSync(join(folder, 'one.csv'), csv('ms', 1));
    const out = join(work.path, 'edited-out');
    const sizes = Array.from({ length: 20 }, (_, i) => i).join(',');
    const args = ['evaluate', folder, '--model', modelDir, '--out', out, '--test', '8', '--trials', sizes];
    const env = { OMNIREG_DEVICE: 'cpu' };
    let stopped = false;
    const onStderr = (child: { kill: (signal: 'SIGINT') => void }, stderr: string) => {
      if (stopped || !stderr.includes('Predicting')) return;
      stopped = true;
      child.kill('SIGINT');
    };
    expect((await runCli(args, { env, onStderr })).code).toBe(130);
    expect(existsSync(join(out, '.work'))).toBe(true);
    writeFileSync(join(folder, 'one.csv'), csv('ms', 1, 10));
    // Ten rows are too few: only who reads the table again knows.
    const { code, stderr } = await runCli(args, { env });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('not those of what was cut') });
    expect(stderr).toContain('edited/one: it has 10 measured trials');
    expect(stderr).not.toContain('Going on');
  });

  it('names the task that it failed on, and starts anew when that has been mended', async () => {
    const folder = join(work.path, 'mended');
    mkdirSync(join(folder, 'caches'), { recursive: true });
    const table = join(folder, 'caches', 'one.csv');
    writeFileSync(table, csv('ms', 1, 10));
    const out = join(work.path, 'mended-out');
    const args = ['evaluate', folder, '--model', modelDir, '--out', out, ...small];
    const env = { OMNIREG_DEVICE: 'cpu' };
    const failed = await runCli(args, { env });
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /The evaluation \S+ failed: .* caches\/one: it has 10 measured trials; 15 are needed/,
      ),
    });
    expect(failed.stderr).not.toContain('study_');
    expect(existsSync(join(out, '.work'))).toBe(false);

    writeFileSync(table, csv('ms', 1, 50));
    const tooMany = await runCli([...args, '--trials', '500'], { env });
    expect(tooMany).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/local trials: at least 500 are asked for/),
    });
    const { code, stderr } = await runCli(args, { env });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Going on') });
  });

  it('asks for a model where there is none', async () => {
    const { code, stderr } = await runCli(['evaluate', tasks, '--out', join(work.path, 'none'), ...small], {
      env: { OMNIREG_BASE_MODEL: 'none' },
    });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--model') });
  });
});

describe('on a service', () => {
  let service: RunningService;
  const data = temporaryFolder();

  beforeAll(async () => {
    process.env.OMNIREG_BASE_MODEL = modelDir;
    service = await startService(data.path);
    process.env.OMNIREG_BASE_MODEL = 'none';
  });
  afterAll(async () => {
    await killService(service);
    data.remove();
  });

  it('brings the folder there, and can evaluate its studies again', async () => {
    const out = join(work.path, 'there');
    const { code, stdout } = await runCli(['evaluate', tasks, '--json', '--out', out, ...small], { url: service.url });
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as EvaluationReport;
    expect(report.rows).toEqual(reportIn(out).rows);
    expect(report.rows[0]!.study).toBe('caches/one');

    const again = await runCli(['evaluate', '--all', '--json', '--out', out, ...small.slice(0, 4)], {
      url: service.url,
    });
    const theirs = (JSON.parse(again.stdout) as EvaluationReport).rows;
    expect(theirs.map(({ error }) => error)).toEqual(report.rows.map(({ error }) => error));
    // Without the folder a family is the objective.
    expect(new Set(theirs.map(({ family }) => family))).toEqual(new Set(['latency', 'ms']));
  });

  it('says where the model had been trained on the studies before', async () => {
    const { url } = service;
    const listed = await runCli(['studies', '--json'], { url });
    const [known] = (JSON.parse(listed.stdout) as { id: string }[]).map(({ id }) => id);
    const trained = await runCli(['train', '--study', known!, ...tiny], { url });
    expect(trained).toMatchObject({ code: 0 });
    const run = async (which: string[]) => {
      const out = join(work.path, 'seen');
      const { stdout } = await runCli(['evaluate', ...which, '--out', out, '--trials', '0', '--test', '8'], { url });
      return { stdout, seen: reportIn(out).seen, page: readFileSync(join(out, 'report.html'), 'utf8') };
    };
    const some = await run(['--all']);
    expect(some.seen).toEqual([known]);
    for (const text of [some.stdout, some.page]) {
      expect(text).toContain('Out of distribution in part: the model had been trained on 1 of these 4 tasks');
      expect(text).toContain(`had been trained on 1 of these 4 tasks (${known})`);
    }
    expect(some.page).toContain(`<li>${known}</li>`);
    const all = await run(['--study', known!]);
    expect(all.stdout).not.toContain('its local trials alone');
    for (const text of [all.stdout, all.page]) expect(text).toContain('Not out of distribution');
  });

  it('names a study that is not there', async () => {
    const { code, stderr } = await runCli(['evaluate', '--study', 'study_nope'], { url: service.url, cwd: work.path });
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"study_nope" is not the id of a study'),
    });
  });
});

describe('on a database with no service running', () => {
  const database = join(work.path, 'own.sqlite');
  const env = { OMNIREG_DEVICE: 'cpu', OMNIREG_BASE_MODEL: modelDir };

  it('brings the folder there', async () => {
    const out = join(work.path, 'in-database');
    const args = ['evaluate', tasks, '--db', database, '--out', out, '--trials', '0', '--test', '8', '--tasks', '1'];
    const { code, stderr } = await runCli(args, { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(new Set(reportIn(out).rows.map(({ study }) => study))).toEqual(new Set(['caches/one', 'disks/one']));
    const again = await runCli(['evaluate', '--all', '--db', database, '--out', out, '--trials', '0', '--test', '8'], {
      env,
    });
    expect(again.code).toBe(0);
    expect(reportIn(out).rows).toHaveLength(2);
  });
});

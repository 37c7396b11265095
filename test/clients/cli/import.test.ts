// Importing what people have: Optuna's storages, MLflow's exports, Parquet, pipes and patterns; and kills at any moment.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ImportReport } from '../../../clients/cli/import-file.js';
import { openSqliteStore } from '../../../store/sqlite-store.js';
import type { Study, Trial } from '../../../store/types.js';
import { runCli, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 180_000 });

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/imports/${name}`, import.meta.url));
const cliEntry = fileURLToPath(new URL('../../../dist/clients/cli/main.js', import.meta.url));

/** A folder with these files, gone after the test. */
function folderWith(files: Record<string, string | Uint8Array>): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

/** All studies of the folder's database, oldest first, with their trials. */
async function contents(folder: string): Promise<(Study & { trials: Trial[] })[]> {
  const store = openSqliteStore({ file: join(folder, 'my.db'), readonly: true });
  try {
    const { data } = await store.listStudies({ limit: 1000, order: 'asc' });
    return await Promise.all(
      data.map(async (study) => {
        const trials: Trial[] = [];
        for (let after: { after?: string } = {}; ; ) {
          const page = await store.listTrials(study.id, { limit: 1000, order: 'asc', ...after });
          trials.push(...page.data);
          if (!page.hasMore) return { ...study, trials };
          after = { after: page.data.at(-1)!.id };
        }
      }),
    );
  } finally {
    await store.close();
  }
}

const run = (folder: string, args: string[], options = {}) =>
  runCli(['import', ...args, '--db', 'my.db'], { cwd: folder, ...options });
const reportsOf = (stdout: string) => (JSON.parse(stdout) as { files: ImportReport[] }).files;

describe('an Optuna storage that Optuna 3.1 wrote', () => {
  interface Written {
    name: string;
    directions: string[];
    user_attrs: object;
    trials: {
      number: number;
      state: string;
      values: (number | string)[] | null;
      params: object;
      intermediate: Record<string, number>;
      user_attrs: object;
    }[];
  }

  test('is imported whole: what Optuna itself reads from it is there', async () => {
    const folder = folderWith({ 'optuna.db': gunzipSync(readFileSync(fixture('optuna-3.1.db.gz'))) });
    const { code, stderr } = await run(folder, ['optuna.db']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const written = JSON.parse(readFileSync(fixture('optuna-3.1.json'), 'utf8')) as Written[];
    const studies = await contents(folder);
    expect(studies.map(({ name }) => name)).toEqual(written.map(({ name }) => name));
    for (const [i, study] of studies.entries()) {
      const { directions, user_attrs: userAttrs, trials } = written[i]!;
      expect(study.objectives.map(({ goal }) => goal?.toUpperCase())).toEqual(directions);
      expect(study.metadata.user_attrs ?? {}).toEqual(userAttrs);
      expect(study.trials).toHaveLength(trials.length);
      for (const [t, trial] of study.trials.entries()) {
        const { number, state, values, params, intermediate, user_attrs: attrs } = trials[t]!;
        expect(trial.metadata).toMatchObject({ number, state });
        expect(trial.metadata.user_attrs ?? {}).toEqual(attrs);
        expect(trial.metadata.intermediate_values ?? {}).toEqual(intermediate);
        const finite = state === 'COMPLETE' && values!.every((value) => typeof value === 'number');
        expect(trial.y).toEqual(finite ? values : null);
        // What only waits has its parameters as a wish.
        if (state !== 'WAITING') expect(trial.x).toEqual(params);
      }
      const count = (wanted: string) => study.trials.filter(({ status }) => status === wanted).length;
      const states = (...wanted: string[]) => trials.filter(({ state }) => wanted.includes(state)).length;
      expect(count('running')).toBe(states('RUNNING', 'WAITING'));
      expect(count('infeasible')).toBeGreaterThanOrEqual(states('PRUNED', 'FAIL'));
    }
    const [single, double] = studies;
    expect(single!.trials.find(({ metadata }) => metadata.state === 'WAITING')!.x).toEqual({ layers: 2, lr: 0.01 });
    expect(single!.trials.find(({ metadata }) => metadata.state === 'PRUNED')!.infeasibleReason).toMatch(
      /^pruned at step \d$/,
    );
    expect(double!.trials[4]).toMatchObject({ status: 'infeasible', infeasibleReason: 'value_1 was inf' });
    expect(double!.searchSpace).toEqual({ x: { type: 'float', low: -1, high: 1 } });
  });

  test('is told from other databases', async () => {
    const folder = folderWith({ 'optuna.db': gunzipSync(readFileSync(fixture('optuna-3.1.db.gz'))) });
    expect((await run(folder, ['optuna.db'])).code).toBe(0);
    const { code, stderr } = await runCli(['import', 'my.db', '--db', 'other.db'], { cwd: folder });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('no storage of Optuna') });
  });
});

const MLFLOW = [
  'run_id,experiment_id,status,start_time,params.lr,params.opt,metrics.rmse,metrics.mae,tags.mlflow.user',
  'r1,0,FINISHED,2024-01-01,0.1,adam,0.5,0.3,ann',
  'r2,0,FAILED,2024-01-02,0.2,sgd,,,bob',
  'r3,0,RUNNING,2024-01-03,0.3,,,,',
  'r4,0,FINISHED,2024-01-04,0.4,sgd,,0.2,',
].join('\n');

describe('MLflow’s export', () => {
  test('has parameters, a metric, statuses; all else is metadata', async () => {
    const folder = folderWith({ 'runs.csv': MLFLOW });
    const { code, stdout } = await run(folder, ['runs.csv', '--objective', 'rmse', '--json']);
    expect(code).toBe(3);
    expect(reportsOf(stdout)[0]).toMatchObject({ imported: 3, rejected: 1, errors: [{ line: 5, code: 'missing_y' }] });
    const [study] = await contents(folder);
    expect(study!.objectives).toEqual([{ name: 'rmse' }]);
    expect(study!.trials).toMatchObject([
      {
        x: { lr: 0.1, opt: 'adam' },
        y: [0.5],
        metadata: { run_id: 'r1', 'metrics.mae': 0.3, 'tags.mlflow.user': 'ann' },
      },
      { x: { lr: 0.2, opt: 'sgd' }, status: 'infeasible', infeasibleReason: 'failed', metadata: { run_id: 'r2' } },
      { x: { lr: 0.3 }, status: 'running' },
    ]);
  });

  test('needs to be told which metric matters, where there are several', async () => {
    const folder = folderWith({ 'runs.csv': MLFLOW });
    const { code, stderr } = await run(folder, ['runs.csv']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('rmse, mae') });
    const wrong = await run(folder, ['runs.csv', '--objective', 'rmsee']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "rmse"') });
  });
});

describe('Parquet', () => {
  const columns = (rows: number) => [
    { name: 'level', data: Int32Array.from({ length: rows }, (_, i) => i), type: 'INT32' as const },
    { name: 'code', data: Array.from({ length: rows }, (_, i) => `00${i % 10}`), type: 'STRING' as const },
    { name: 'big', data: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i) * 3n), type: 'INT64' as const },
    { name: 'on', data: Array.from({ length: rows }, (_, i) => i % 2 === 0), type: 'BOOLEAN' as const },
    {
      name: 'rate',
      data: Array.from({ length: rows }, (_, i) => (i % 3 === 0 ? null : i / 3)),
      type: 'DOUBLE' as const,
      nullable: true,
    },
    { name: 'tags', data: Array.from({ length: rows }, (_, i) => ({ a: [i] })), type: 'JSON' as const },
    { name: 'loss', data: Float64Array.from({ length: rows }, (_, i) => i / 7), type: 'DOUBLE' as const },
  ];

  test.each(['SNAPPY', 'UNCOMPRESSED'] as const)('is read with its types (%s)', async (codec) => {
    const bytes = parquetWriteBuffer({ columnData: columns(2500), codec, rowGroupSize: 1000 });
    const folder = folderWith({ 'data.parquet': new Uint8Array(bytes) });
    expect((await run(folder, ['data.parquet'])).code).toBe(0);
    const [study] = await contents(folder);
    expect(study!.trials).toHaveLength(2500);
    expect(study!.trials.slice(0, 2)).toMatchObject([
      { x: { level: 0, code: '000', big: 0, on: true, tags: { a: [0] } }, y: [0] },
      { x: { level: 1, code: '001', big: 3, on: false, rate: 1 / 3, tags: { a: [1] } }, y: [1 / 7] },
    ]);
    expect(study!.trials.at(-1)!.y).toEqual([2499 / 7]);
  });

  test('that would unfold to too much is refused before it does', async () => {
    const zeros = new Float64Array(30_000_000);
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'y', data: zeros, type: 'DOUBLE' }],
      rowGroupSize: zeros.length,
    });
    const folder = folderWith({
      'bomb.parquet': new Uint8Array(bytes),
      'torn.parquet': new Uint8Array(bytes).subarray(0, 90),
    });
    const bomb = await run(folder, ['bomb.parquet']);
    expect(bomb).toMatchObject({ code: 1, stderr: expect.stringContaining('row group of 30000000 rows') });
    const torn = await run(folder, ['torn.parquet']);
    expect(torn).toMatchObject({ code: 1, stderr: expect.stringContaining('is no Parquet that can be read') });
  });
});

describe('files', () => {
  test('are found by patterns, and come through a pipe', async () => {
    const folder = folderWith({
      'runs/a.csv': 'a,y\n1,2\n',
      'runs/deep/b.csv': 'a,y\n3,4\n',
      'runs/c.ndjson': '{"x": {"a": 5}, "y": 6}\n',
      'runs/.hidden.csv': 'a,y\n9,9\n',
    });
    expect((await run(folder, ['runs/**/*.csv', 'runs/?.ndjson'])).code).toBe(0);
    expect((await run(folder, ['-', '--name', 'piped'], { stdin: 'a;y\n7;8\n' })).code).toBe(0);
    const studies = await contents(folder);
    expect(studies.map(({ name, trials }) => [name, trials.map(({ y }) => y![0])])).toEqual([
      ['a', [2]],
      ['b', [4]],
      ['c', [6]],
      ['piped', [8]],
    ]);
    expect(await run(folder, ['none/*.csv'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No file matches'),
    });
  });

  test('are only looked at in a dry run', async () => {
    const folder = folderWith({ 't.csv': 'a,y\n1,2\n3,x\n', 't.ndjson': '{"x": {"a": 1}, "y": 2}\n{\n' });
    const { code, stdout, stderr } = await run(folder, ['t.csv', 't.ndjson', '--dry-run', '--json']);
    expect(code).toBe(3);
    expect(reportsOf(stdout)).toMatchObject([
      { rows: 2, imported: 1, rejected: 1, objectives: [{ name: 'y' }], parameters: [{ name: 'a', kind: 'number' }] },
      { rows: 2, imported: 1, rejected: 1, objectives: [{ name: 'y' }] },
    ]);
    expect(stderr).toContain('would be imported');
    expect(existsSync(join(folder, 'my.db'))).toBe(false);
  });

  test('are imported through the database of a folder that a server works on, too', async () => {
    const folder = folderWith({ 't.csv': 'a,y\n1,2\n' });
    const { code } = await runCli(['import', 't.csv', '--db', 'data/omnireg.sqlite'], { cwd: folder });
    expect([code, existsSync(join(folder, 'data', 'omnireg.sqlite-data'))]).toEqual([0, false]);
    expect(await runCli(['import', 't.csv', '--db', 'a', '--url', 'http://b'], { cwd: folder })).toMatchObject({
      code: 2,
    });
  });
});

describe('rows that are bad', () => {
  test('are written as they stood, to be mended and imported', async () => {
    const folder = folderWith({ 't.csv': 'note;y\n"a;b";1\n"c\nd";x\nplain;2\nlast;' });
    const { code } = await run(folder, ['t.csv', '--rejects', 'bad.csv']);
    expect(code).toBe(3);
    expect(readFileSync(join(folder, 'bad.csv'), 'utf8')).toBe('note;y\n"c\nd";x\nlast;\n');
    writeFileSync(join(folder, 'bad.csv'), 'note;y\n"c\nd";3\nlast;4\n');
    expect((await run(folder, ['bad.csv'])).code).toBe(0);
    const studies = await contents(folder);
    expect(studies.map(({ trials }) => trials.map(({ x, y }) => [x.note, y![0]]))).toEqual([
      [
        ['a;b', 1],
        ['plain', 2],
      ],
      [
        ['c\nd', 3],
        ['last', 4],
      ],
    ]);
  });

  test('end the import where that is asked for, and it goes on when they are mended', async () => {
    const folder = folderWith({ 't.csv': 'a,y\n1,1\n2,x\n3,3\n' });
    const stopped = await run(folder, ['t.csv', '--on-error', 'abort']);
    expect(stopped).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/line 3: column "y" is not a number[\s\S]*--resume/),
    });
    writeFileSync(join(folder, 't.csv'), 'a,y\n1,1\n2,2\n3,3\n');
    expect(await run(folder, ['t.csv', '--resume'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('3 of 3'),
    });
    expect(await run(folder, ['t.csv', '--resume'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('3 dealt with before'),
    });
    const [study, ...others] = await contents(folder);
    expect([others, study!.trials.map(({ y }) => y)]).toEqual([[], [[1], [2], [3]]]);
    writeFileSync(join(folder, 't.csv'), 'a,y\n1,9\n2,2\n3,3\n');
    expect(await run(folder, ['t.csv', '--resume'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has changed since'),
    });
  });
});

test('killed at any moment and resumed, every row is there once', async () => {
  const rows = 120_000;
  const line = (i: number) => `${i},${i % 5 === 0 ? `"note ${i}, said"` : `note ${i}`},${i / 8}\n`;
  const folder = folderWith({ 't.csv': `i,note,y\n${Array.from({ length: rows }, (_, i) => line(i)).join('')}` });
  const args = [cliEntry, 'import', 't.csv', '--db', 'my.db', '--resume'];
  for (const wait of [400, 900, 1300, 1500, 1700, 1900, 2100]) {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      setTimeout(() => child.kill('SIGKILL'), wait);
    });
  }
  const { code, stderr } = await run(folder, ['t.csv', '--resume']);
  expect(code, stderr).toBe(0);
  const studies = await contents(folder);
  expect(studies.map(({ counts }) => counts)).toEqual([{ completed: rows, running: 0, infeasible: 0 }]);
  expect(studies[0]!.trials.every(({ x, y }, i) => x.i === i && y![0] === i / 8)).toBe(true);
});

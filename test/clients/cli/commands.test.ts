// The commands as people and scripts use them: real processes, a real service, signals, kills and pipes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportReport } from '../../../clients/cli/import-file.js';
import { OmniReg } from '../../../clients/sdk/index.js';
import { TINY_TRAINING } from '../../tiny-training.js';
import { killService, type RunningService, runCli, startService, temporaryFolder } from './cli-process.js';

/** What a model learns is tested elsewhere. */
const tiny = Object.entries(TINY_TRAINING).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const examples = fileURLToPath(new URL('../../examples/compression/', import.meta.url));
const folder = temporaryFolder({
  'small.csv': readFileSync(join(examples, 'dna.csv'), 'utf8').split('\n').slice(0, 31).join('\n'),
  'good.csv': 'size,kind,y\n1,a,10\n2,b,20\n,c,30\n',
  'part.csv': 'size,kind,y\n1,a,10\n2,b,oops\n3,c,30\n',
  'bad.csv': 'a,y\n1,x1\n2,x2\n',
  'many.csv': `i,text,y\n${Array.from({ length: 20_000 }, (_, i) => `${i},row ${i},${i / 7}`).join('\n')}\n`,
});
const data = temporaryFolder();
let service: RunningService;
let client: OmniReg;
const run = (args: string[], options = {}) => runCli(args, { cwd: folder.path, url: service.url, ...options });

beforeAll(async () => {
  service = await startService(data.path);
  client = new OmniReg({ baseUrl: service.url });
});
afterAll(async () => {
  await killService(service);
  data.remove();
  folder.remove();
});

describe('import', () => {
  test('prints the id of the study, which holds the rows as trials', async () => {
    const { code, stdout, stderr } = await run(['import', 'good.csv']);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('3 of 3 rows imported') });
    const { data: trials } = await client.studies.trials.list(stdout.trim(), {});
    expect(trials.map(({ x, y, status }) => ({ x, y, status }))).toEqual([
      { x: { size: 1, kind: 'a' }, y: 10, status: 'completed' },
      { x: { size: 2, kind: 'b' }, y: 20, status: 'completed' },
      { x: { kind: 'c' }, y: 30, status: 'completed' },
    ]);
  });

  test('adds to a study, leaves out bad rows, and says so to programs', async () => {
    const first = await run(['import', 'good.csv']);
    const { code, stdout } = await run(['import', 'part.csv', '--study', first.stdout.trim(), '--json']);
    const { files } = JSON.parse(stdout) as { files: ImportReport[] };
    expect(code).toBe(3);
    expect(files[0]).toMatchObject({
      study: { id: first.stdout.trim(), created: false },
      rows: 3,
      imported: 2,
      rejected: 1,
      errors: [{ line: 3, column: 'y', value: 'oops', code: 'not_a_number' }],
    });
    expect((await client.studies.get(first.stdout.trim())).trial_counts).toEqual({
      completed: 5,
      running: 0,
      infeasible: 0,
    });
  });

  test('makes no study where no row is good', async () => {
    const { code, stdout } = await run(['import', 'bad.csv', '--objective', 'y', '--json']);
    expect(code).toBe(1);
    const { files } = JSON.parse(stdout) as { files: ImportReport[] };
    expect(files).toMatchObject([{ imported: 0, rejected: 2, errors: [{ line: 2 }, { line: 3 }] }]);
    expect(files[0]!.study).toBeUndefined();
    const named = await fetch(`${service.url}/v1/studies?name=bad`).then((response) => response.json());
    expect(named).toMatchObject({ data: [] });
  });

  test('takes metadata and objectives from the file beside it', async () => {
    const { code, stdout } = await run(['import', join(examples, 'noise.csv'), '--objective', 'cpu_ms']);
    expect(code).toBe(0);
    const study = await client.studies.get(stdout.trim());
    expect(study).toMatchObject({
      name: 'noise',
      objectives: [{ name: 'cpu_ms', goal: 'minimize', unit: 'ms' }],
      metadata: { title: 'Compressing noise' },
    });
    const { data: trials } = await client.studies.trials.list(study.id, { limit: 1 });
    expect(Object.keys(trials[0]!.x)).not.toContain('compressed_bytes');
  });

  test('survives a server that is killed and started again: every row is there once', async () => {
    const { path, remove } = temporaryFolder();
    let running = await startService(path);
    const port = Number(new URL(running.url).port);
    let restarts = 0;
    let seen = 0;
    const importing = runCli(['import', 'many.csv', '--json'], { cwd: folder.path, url: running.url });
    const watcher = new OmniReg({ baseUrl: running.url });
    const database = new OmniReg({ baseUrl: running.url });
    for (const target of [1, 2000, 8000]) {
      while (seen < target) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const studies = await fetch(`${running.url}/v1/studies?name=many`).then(
          (response) => response.json() as Promise<{ data: { trial_counts: { completed: number } }[] }>,
        );
        seen = studies.data[0]?.trial_counts.completed ?? 0;
      }
      await killService(running);
      running = await startService(path, port);
      restarts++;
    }
    const { code, stdout, stderr } = await importing;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const report = (JSON.parse(stdout) as { files: ImportReport[] }).files[0]!;
    expect(report).toMatchObject({ rows: 20_000, imported: 20_000, rejected: 0 });
    const numbers = new Set<unknown>();
    for await (const { x } of watcher.studies.trials.list(report.study!.id, { limit: 1000 })) numbers.add(x.i);
    expect(numbers.size).toBe(20_000);
    expect((await database.studies.get(report.study!.id)).trial_counts.completed).toBe(20_000);
    expect(restarts).toBe(3);
    await killService(running);
    remove();
  });

  test('ends with 130 on Ctrl-C', async () => {
    let sent = false;
    const { code, stderr } = await run(['import', 'many.csv'], {
      env: { OMNIREG_URL: 'http://127.0.0.1:2' },
      onStderr: (child: { kill: (signal: 'SIGINT') => void }, said: string) => {
        if (sent || !said.includes('Trying again')) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted') });
  });
});

describe('every command', () => {
  test('has help on stdout and exits with 0', async () => {
    for (const args of [['--help'], ['import', '--help'], ['--version']]) {
      const { code, stdout, stderr } = await run(args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      expect(stdout.length).toBeGreaterThan(4);
    }
  });

  test('without arguments shows its help and exits with 2', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: omnireg');
    expect(stderr).not.toContain('error:');
  });

  test('says errors to programs as JSON, with the code of the service', async () => {
    const { code, stdout } = await run(['predict', '--study', 'study_nope', '--x', '{"a":1}', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'study_not_found' } });
  });

  test('writes no colours and no cursor movements into a pipe', async () => {
    const { stdout, stderr } = await run(['import', 'good.csv'], { env: { NO_COLOR: '' } });
    expect(stdout + stderr).not.toContain('\u001b');
  });
});

describe('serve', () => {
  test('runs the service until Ctrl-C and stops it', async () => {
    const { path, remove } = temporaryFolder();
    let url = '';
    const { code, stderr } = await runCli(['serve', '--port', '0', '--data', path], {
      onStderr: async (child, said) => {
        const found = /listens on (http:\/\/\S+)\n.*Ctrl-C/s.exec(said)?.[1];
        if (url || !found) return;
        url = found;
        await new OmniReg({ baseUrl: url }).health();
        child.kill('SIGINT');
      },
    });
    expect({ code, stderr }).toMatchObject({ code: 130 });
    await expect(new OmniReg({ baseUrl: url, maxRetries: 0 }).health()).rejects.toMatchObject({
      code: 'connection_failed',
    });
    remove();
  });

  test('says why the service did not start', async () => {
    const port = new URL(service.url).port;
    const { code, stderr } = await run(['serve', '--port', port]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/server_failed|ended|EADDRINUSE|in use/),
    });
  });
});

test('says which parameter no trial has, and which was meant', async () => {
  const study = (await run(['import', 'small.csv', '--objective', 'compressed_bytes', '--ignore', 'cpu_ms'])).stdout;
  for (const command of ['predict', 'explain']) {
    const { stderr } = await run([command, '--study', study.trim(), '--x', '{"algorithm":"gzip","levels":4}']);
    expect(stderr).toContain(`the study's trials have no parameter "levels". Did you mean "level"?`);
  }
  const { code, stdout } = await run(['trials', study.trim(), '--limit', '1']);
  expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 3 });
});

describe('train and predict', () => {
  test('go the whole way on a small study', { timeout: 120_000 }, async () => {
    const study = (
      await run(['import', 'small.csv', '--objective', 'compressed_bytes', '--ignore', 'cpu_ms'])
    ).stdout.trim();
    const early = await run(['predict', '--study', study, '--x', '{"algorithm":"gzip"}']);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('omnireg train') });
    const trained = await run(['train', '--study', study, ...tiny, '--json']);
    expect(trained, trained.stderr).toMatchObject({ code: 0 });
    const job = JSON.parse(trained.stdout);
    expect(job).toMatchObject({
      status: 'succeeded',
      outcome: 'published',
      fine_tuned_model: expect.stringMatching(/^model_/),
    });

    const csv = await run(['predict', '--study', study, '-', '--csv'], {
      stdin: 'algorithm,level,compressed_bytes\ngzip,1,5\ngzip,9,5\ngzip\n',
    });
    expect(csv.code, csv.stderr).toBe(3);
    expect(csv.stderr).toContain('line 4: the row has 1 cell ');
    const [header, ...rows] = csv.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(header).toEqual([
      'algorithm',
      'level',
      'compressed_bytes',
      'compressed_bytes.median',
      'compressed_bytes.mean',
      'compressed_bytes.sd',
      'compressed_bytes.lower_0.9',
      'compressed_bytes.upper_0.9',
      'p_infeasible',
    ]);
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ['gzip', '1', '5'],
      ['gzip', '9', '5'],
    ]);
    for (const row of rows) expect(Number(row[6])).toBeLessThan(Number(row[7]));

    const table = await run([
      'predict',
      '--study',
      study,
      '--x',
      '{"algorithm":"gzip","level":1}',
      '--interval',
      '0.5',
      '--interval',
      '0.9',
    ]);
    expect(table.stdout).toMatch(/query +compressed_bytes +50% interval +90% interval +P\(infeasible\)\n.*\nx 1 +\d/);
    expect(table.stderr).toContain(job.fine_tuned_model);
  });
});

describe('demo', () => {
  const cut = (name: string) => ({
    [`${name}.csv`]: readFileSync(join(examples, `${name}.csv`), 'utf8')
      .split('\n')
      .slice(0, 41)
      .join('\n'),
    [`${name}.json`]: readFileSync(join(examples, `${name}.json`)),
  });
  const own = temporaryFolder({ ...cut('dna'), ...cut('noise') });
  afterAll(() => own.remove());
  const args = ['demo', '--examples', '.', '--holdout', 'dna', '--trials', '10', '--queries', '20', ...tiny];

  test('compares all methods on what it did not learn from, and writes plots, a page and a CSV', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await runCli([...args, '--json'], { cwd: own.path });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ holdout: 'dna', trials: 10, queries: 20, studies: 1 });
    const names = ['median', 'nearest_neighbours', 'random_forest', 'gradient_boosting', 'gaussian_process', 'omnireg'];
    for (const { methods } of result.objectives) {
      expect(methods.map(({ method }: { method: string }) => method)).toEqual(names);
      for (const { error } of methods) expect(error).toBeGreaterThan(0);
    }
    expect(result.objectives.map(({ name }: { name: string }) => name)).toEqual(['compressed_bytes', 'cpu_ms']);
    const written = (name: string) => readFileSync(join(own.path, 'omnireg-demo', name), 'utf8');
    expect(written('predictions.csv').trim().split('\n')).toHaveLength(21);
    expect(written('predictions.svg')).toContain('Measured compressed (bytes)');
    expect(written('predictions-cpu_ms.svg')).toContain('Measured cpu (ms)');
    expect(written('predictions.html')).toContain('Compressing DNA-like text');
    expect(Object.keys(result.seconds)).toEqual(['start', 'import', 'train', 'predict', 'report']);
  });

  test('ends with 130 on Ctrl-C and leaves no server behind', { timeout: 120_000 }, async () => {
    let url = '';
    const { code, stderr } = await runCli(args, {
      cwd: own.path,
      onStderr: (child, said) => {
        if (url || !said.includes('Training on')) return;
        url = /listens on (\S+)/.exec(said)?.[1] ?? '';
        child.kill('SIGINT');
      },
    });
    expect({ code, stderr }).toMatchObject({ code: 130 });
    await expect(new OmniReg({ baseUrl: url, maxRetries: 0 }).health()).rejects.toMatchObject({
      code: 'connection_failed',
    });
  });
});

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect((await run(['--version'])).stdout.trim()).toBe(version);
});

// What is exported and imported again is the same study: every value, of whatever JSON, and every trial in its order.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ColumnFinder, headerLine, trialLine } from '../../../clients/cli/export/export-csv.js';
import type { Json, JsonObject, Objective, Trial } from '../../../clients/sdk/index.js';
import { CsvReader } from '../../../service/tabular/csv-reader.js';
import { planFromColumns } from '../../../service/tabular/planned-columns.js';
import { rowToTrial } from '../../../service/tabular/trials.js';
import { openSqliteStore } from '../../../store/sqlite-store.js';
import { runCli, temporaryFolder } from './cli-process.js';

vi.setConfig({ testTimeout: 120_000 });

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '',
    ' ',
    '007',
    'true',
    'nan',
    '1e999',
    'a,b',
    '"',
    '\n',
    '\r',
    '\ufffd',
    '\ufeff',
    '\0',
    'null',
    '{}',
    '=1+1',
    '-',
  ),
);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.integer(),
  fc.constantFrom(2 ** 60, 1e300, 1e-300, 0.1 + 0.2),
);
const scalar: fc.Arbitrary<Json> = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const json: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
  { weight: 1, arbitrary: fc.dictionary(text, scalar, { maxKeys: 2, noNullPrototype: true }) },
);
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'y', 'status', 'metadata.a', ' a', '', 'infeasible_reason', 'c1', 'a_2', '__proto__'),
  text,
);
/** Of one kind for each key, mostly: a column of its own. */
const record = (minKeys: number) =>
  fc.dictionary(key, json, { minKeys, maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
const objectiveLists: Objective[][] = [[{ name: 'y' }], [{ name: 'status' }, { name: 'a' }]];

const trials = (objectives: readonly Objective[]): fc.Arbitrary<Trial> => {
  const measured = fc.double({ min: -1e30, max: 1e30, noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value));
  const y: fc.Arbitrary<Trial['y']> =
    objectives.length === 1
      ? measured
      : fc
          .tuple(...objectives.map(() => measured))
          .map((values) => Object.fromEntries(values.map((v, i) => [objectives[i]!.name, v])));
  const end = fc.oneof(
    y.map((value) => ({ status: 'completed' as const, y: value, infeasible_reason: null })),
    fc.option(text).map((reason) => ({ status: 'infeasible' as const, y: null, infeasible_reason: reason })),
    fc.constant({ status: 'running' as const, y: null, infeasible_reason: null }),
  );
  // A value that is null counts as absent and is kept all the same; a key that is only null is one too.
  return fc.record({ x: record(1), metadata: record(0), end }).map(({ x, metadata, end: how }) => ({
    id: 'trial_1',
    object: 'trial' as const,
    study_id: 'study_1',
    x,
    metadata,
    ...how,
    created_at: '',
    completed_at: null,
  }));
};

test('a CSV has all of a trial but its times', () => {
  const sets = fc
    .constantFrom(...objectiveLists)
    .chain((objectives) =>
      fc.tuple(fc.constant(objectives), fc.array(trials(objectives), { minLength: 1, maxLength: 6 })),
    );
  fc.assert(
    fc.property(sets, ([objectives, given]) => {
      const finder = new ColumnFinder();
      for (const trial of given) finder.observe(trial);
      const columns = finder.columns(objectives);
      const csv = headerLine(columns) + given.map((trial) => trialLine(trial, columns, objectives)).join('');
      const reader = new CsvReader(',', 'export');
      const items = [...reader.push(Buffer.from(csv)), ...reader.end()];
      const [header, ...rows] = items;
      expect('cells' in header! && header.cells).toEqual(columns.map(({ name }) => name));
      // As it is sent, and read by the service.
      const sent = JSON.parse(JSON.stringify(columns)) as typeof columns;
      const plan = planFromColumns(sent, objectives, { infeasible: [], missing: [], decimalComma: false }, 'export');
      const read = rows.map((row) => ('cells' in row ? rowToTrial(row, plan) : row));
      expect(read).toEqual(
        given.map(({ x, y, status, infeasible_reason: reason, metadata }) => ({
          trial: {
            x,
            ...(y === null ? { status } : { y }),
            ...(reason === null ? {} : { infeasible_reason: reason }),
            ...(columns.some(({ role }) => role === 'metadata') ? { metadata } : {}),
          },
        })),
      );
    }),
    { numRuns: 500 },
  );
});

async function contents(file: string) {
  const store = openSqliteStore({ file, readonly: true });
  try {
    const { data } = await store.listStudies({ limit: 10, order: 'asc' });
    return await Promise.all(
      data.map(async ({ name, metadata, objectives, searchSpace, id }) => {
        const { data: rows } = await store.listTrials(id, { limit: 10_000, order: 'asc' });
        const made = rows.map(({ x, y, status, infeasibleReason, metadata: more }) => ({
          x,
          y,
          status,
          infeasibleReason,
          more,
        }));
        return { name, metadata, objectives, searchSpace, trials: made };
      }),
    );
  } finally {
    await store.close();
  }
}

test.each(['csv', 'ndjson'])('a study goes out as %s and comes back as it was', async (format) => {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const lines = Array.from({ length: 2300 }, (_, i) =>
    i % 7 === 3
      ? { x: { a: i }, status: 'infeasible', infeasible_reason: `no, "${i}"` }
      : { x: { a: i, note: `row\n${i}`, deep: { b: [i] } }, y: { loss: i / 3, ms: -i }, metadata: { host: 'b7', i } },
  );
  writeFileSync(join(path, 'in.ndjson'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(
    join(path, 'in.json'),
    JSON.stringify({
      description: 'mine',
      objectives: [
        { name: 'loss', goal: 'minimize' },
        { name: 'ms', unit: 'ms' },
      ],
    }),
  );
  const made = await runCli(['import', 'in.ndjson', '--name', 'a study', '--db', 'one.db'], { cwd: path });
  expect(made.code).toBe(0);
  const id = made.stdout.trim();
  mkdirSync(join(path, 'out'));
  const out = join('out', `t.${format}`);
  const exported = await runCli(['export', id, '--out', out, '--db', 'one.db', '--json'], { cwd: path });
  expect(JSON.parse(exported.stdout)).toEqual({
    study: id,
    trials: 2300,
    file: out,
    description: join('out', 't.json'),
  });
  expect((await runCli(['import', out, '--db', 'two.db'], { cwd: path })).code).toBe(0);
  expect(await contents(join(path, 'two.db'))).toEqual(await contents(join(path, 'one.db')));
  // To a pipe comes what goes to a file.
  const piped = await runCli(['export', id, '--format', format, '--db', 'one.db'], { cwd: path });
  expect(piped).toMatchObject({ code: 0, stdout: readFileSync(join(path, out), 'utf8') });
});

// Columns and rows: which values a column has over the whole file, and what a row becomes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { readRows, scanCsv } from '../../../clients/cli/csv/scan.js';
import { type ImportFileOptions, importFileDefaults } from '../../../clients/cli/import-file.js';
import { cellKind, parseNumber } from '../../../service/tabular/cells.js';
import { planImport } from '../../../service/tabular/plan.js';
import type { RowError } from '../../../service/tabular/row-errors.js';
import { rowToTrial } from '../../../service/tabular/trials.js';
import type { TrialInput } from '../../../service/tabular/types.js';
import { writeCsvLine } from '../../../service/tabular/write.js';
import { temporaryFolder } from './cli-process.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const path = join(folder.path, 'file.csv');

async function trialsOf(content: string, overrides: Partial<ImportFileOptions> = {}) {
  writeFileSync(path, content);
  const options = { ...importFileDefaults, ...overrides };
  const scan = await scanCsv(path, options);
  const plan = planImport(scan.header, scan.profiles, options, path);
  const trials: TrialInput[] = [];
  const errors: RowError[] = [];
  for await (const item of readRows(scan)) {
    const result = 'error' in item ? { errors: [item.error] } : rowToTrial(item, plan);
    if ('trial' in result) trials.push(result.trial);
    else errors.push(...result.errors);
  }
  return { trials, errors, plan };
}

describe('cells', () => {
  test('every finite double is a number and survives', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = String(value);
        if (Number.isInteger(value) && !Number.isSafeInteger(value) && !text.includes('e')) return;
        expect(cellKind(text)).toBe('number');
        expect(Object.is(parseNumber(text), value) || parseNumber(text) === value).toBe(true);
      }),
    );
  });

  test.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['0', 'number'],
    ['-0.5', 'number'],
    ['.5', 'number'],
    ['5.', 'number'],
    ['+3', 'number'],
    ['1e-7', 'number'],
    [' 7 ', 'number'],
    ['007', 'text'],
    ['-01', 'text'],
    ['0x10', 'text'],
    ['1e', 'text'],
    ['.', 'text'],
    ['1,5', 'text'],
    ['1_000', 'text'],
    ['12345678901234567890', 'text'],
    ['9007199254740991', 'number'],
    ['1e400', 'not_finite'],
    ['NaN', 'not_finite'],
    ['-inf', 'not_finite'],
    ['Infinity', 'not_finite'],
    ['TRUE', 'boolean'],
    ['false', 'boolean'],
    ['yes', 'text'],
    ['null', 'text'],
    ['1.2.3', 'text'],
    ['2024-01-05', 'text'],
  ])('%j is %s', (cell, kind) => {
    expect(cellKind(cell)).toBe(kind);
  });
});

describe('columns', () => {
  test('have one kind over the whole file', async () => {
    const { plan, trials } = await trialsOf(
      'n,b,t,id,mixed,none,y\n1,true,a,007,1,,5\n2.5,FALSE,b,008,x,,6\n,,,,,,7\n3,true,c,009,2,,8\n',
    );
    expect(plan.parameters.map(({ name, kind }) => [name, kind])).toEqual([
      ['n', 'number'],
      ['b', 'boolean'],
      ['t', 'text'],
      ['id', 'text'],
      ['mixed', 'text'],
    ]);
    expect(trials[0]).toEqual({ x: { n: 1, b: true, t: 'a', id: '007', mixed: '1' }, y: 5 });
    expect(trials[1]).toEqual({ x: { n: 2.5, b: false, t: 'b', id: '008', mixed: 'x' }, y: 6 });
  });

  test('may have any name', async () => {
    const { trials } = await trialsOf('__proto__,constructor,اسم,y\n1,2,3,4\n');
    expect(Object.entries(trials[0]!.x)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['اسم', 3],
    ]);
    expect(({} as Record<string, unknown>).constructor).toBe(Object);
  });

  test('without a header are named by their place', async () => {
    const { trials } = await trialsOf('1,2,3\n4,5,6\n');
    expect(trials).toEqual([
      { x: { c1: 1, c2: 2 }, y: 3 },
      { x: { c1: 4, c2: 5 }, y: 6 },
    ]);
  });

  test('numbers can be names of columns where the user says so', async () => {
    const { trials } = await trialsOf('2020,2021\n4,5\n', { header: true });
    expect(trials).toEqual([{ x: { '2020': 4 }, y: 5 }]);
  });
});

describe('rows', () => {
  test('what was written as CSV comes back as the same trials', async () => {
    const kinds = fc.record({
      number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      flag: fc.boolean(),
      text: fc.constantFrom('a', 'x,y', '"q"', '😀', 'two\nlines', 'עברית'),
    });
    const row = fc.record({
      x: kinds,
      present: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      y: fc.double({ min: -1e30, max: 1e30, noNaN: true }).map((value) => value + 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        const used = rows.map(({ x, present, y }) => {
          const entries = Object.entries(x).filter((_, i) => present[i]);
          return { x: Object.fromEntries(entries.length > 0 ? entries : [['flag', x.flag]]), y };
        });
        const keys = ['flag', 'number', 'text'];
        const text = [
          ['flag', 'number', 'text', 'y'],
          ...used.map(({ x, y }) => [...keys.map((key) => String(x[key] ?? '')), String(y)]),
        ];
        const { trials, errors } = await trialsOf(text.map((cells) => writeCsvLine(cells)).join(''), {
          header: true,
          objectives: [{ name: 'y' }],
        });
        // A double such as 123456789012345680000 has an integer's spelling that no longer says which integer was meant.
        fc.pre(used.every(({ x }) => typeof x.number !== 'number' || cellKind(String(x.number)) === 'number'));
        expect(errors).toEqual([]);
        expect(trials).toEqual(used);
      }),
      { numRuns: 100 },
    );
  });

  test('report every error they have', async () => {
    const { errors } = await trialsOf('a,b,cost,time\n1,2,3,4\n1e400,inf,fast,\n', {
      objectives: [{ name: 'cost' }, { name: 'time' }],
    });
    expect(errors.map(({ line, column, code }) => [line, column, code])).toEqual([
      [3, 'a', 'not_finite'],
      [3, 'b', 'not_finite'],
      [3, 'cost', 'not_a_number'],
      [3, 'time', 'missing_y'],
    ]);
  });

  test('are infeasible as they are marked', async () => {
    const content = 'a,y\n1,5\n2,\n3,NaN\n4,oom\n';
    const infeasible = [{ type: 'empty' }, { type: 'nan' }, { type: 'value', value: 'OOM' }] as const;
    expect((await trialsOf(content, { infeasible })).trials.map(({ status }) => status)).toEqual([
      undefined,
      'infeasible',
      'infeasible',
      'infeasible',
    ]);
    expect((await trialsOf(content)).errors).toHaveLength(3);
  });

  test('take their status from a column', async () => {
    const { trials, errors } = await trialsOf(
      'a,status,y\n1,completed,5\n2,Infeasible,\n3,running,\n4,,6\n5,done,7\n6,completed,\n',
      { statusColumn: 'status' },
    );
    expect(trials).toEqual([
      { x: { a: 1 }, y: 5 },
      { x: { a: 2 }, status: 'infeasible' },
      { x: { a: 3 }, status: 'running' },
      { x: { a: 4 }, y: 6 },
    ]);
    expect(errors.map(({ code }) => code)).toEqual(['unknown_status', 'missing_y']);
  });

  test.each([
    ['1e31', 'y_out_of_range'],
    ['-1e31', 'y_out_of_range'],
    ['9.9999e30', undefined],
    ['1e400', 'not_finite'],
    ['"1,5"', 'not_a_number'],
    ['12 ms', 'not_a_number'],
    ['"12,345"', 'not_a_number'],
    ['', 'missing_y'],
    ['nan', 'not_finite'],
    ['123456789012345678901', undefined],
  ])('a measurement %s', async (cell, code) => {
    const { errors } = await trialsOf(`a,y\n1,1\n2,${cell}\n`);
    expect(errors.map((error) => error.code)).toEqual(code === undefined ? [] : [code]);
    for (const { fix } of errors) expect(fix.length).toBeGreaterThan(10);
  });

  test('may write decimal commas', async () => {
    const { trials } = await trialsOf('a;t;y\n0,5;1,5 m;2,25\n1;x;-3e2\n', { decimalComma: true });
    expect(trials).toEqual([
      { x: { a: 0.5, t: '1,5 m' }, y: 2.25 },
      { x: { a: 1, t: 'x' }, y: -300 },
    ]);
  });
});

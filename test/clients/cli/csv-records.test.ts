// Reading CSV: whatever is written is read again, and broken lines cost only themselves.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { detectDelimiter, readCsv } from '../../../clients/cli/csv/records.js';
import type { RowError } from '../../../clients/cli/csv/row-errors.js';
import { writeCsvLine } from '../../../clients/cli/csv/write.js';
import { temporaryFolder } from './cli-process.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const path = join(folder.path, 'file.csv');

async function read(content: string | Uint8Array, delimiter = ',') {
  writeFileSync(path, content);
  const records: { line: number; cells: string[] }[] = [];
  const errors: RowError[] = [];
  for await (const item of readCsv(path, delimiter)) {
    if ('record' in item) records.push(item.record);
    else errors.push(item.error);
  }
  return { records, errors, cells: records.map(({ cells }) => cells) };
}

/** Text as cells hold it; a leading byte order mark belongs to the file, not to its first cell. */
const cell = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('', '"', '""', ',', ';', '\n', '\r\n', '\r', ' ', 'a"b', '1,5', '😀', 'مرحبا', '\u2028'),
  )
  .map((text) => text.replaceAll('\ufeff', ''));

describe('a CSV that was written', () => {
  test('is read as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 1, max: 5 })
          .chain((width) =>
            fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
          ),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        async (rows, delimiter, mark) => {
          const text = rows.map((row) => writeCsvLine(row, delimiter)).join('');
          const { cells, errors } = await read((mark ? '\ufeff' : '') + text, delimiter);
          expect(errors).toEqual([]);
          expect(cells).toEqual(rows);
        },
      ),
      { numRuns: 200, examples: [[[['', '']], '\t', false]] },
    );
  });

  test('keeps its line numbers, whatever ends its lines and whatever its cells contain', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('\n', '\r\n'), cell, fc.integer({ min: 0, max: 2 })), {
          minLength: 1,
          maxLength: 15,
        }),
        async (rows) => {
          let text = '';
          let line = 1;
          const expected: number[] = [];
          for (const [end, value, blank] of rows) {
            expected.push(line);
            const written = writeCsvLine(['x', value]).replace(/\n$/, end) + end.repeat(blank);
            text += written;
            line += written.match(/\r\n|\n|\r/g)?.length ?? 0;
          }
          expect((await read(text)).records.map((record) => record.line)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('can be larger than one chunk, with characters and quotes across its borders', async () => {
    const rows = Array.from({ length: 9000 }, (_, i) => [String(i), `"é😀\r\n${'ü'.repeat(i % 60)}`]);
    const { cells, errors } = await read(rows.map((row) => writeCsvLine(row)).join(''));
    expect(errors).toEqual([]);
    expect(cells).toEqual(rows);
  });
});

describe('broken lines', () => {
  test.each([
    ['text after a closing quote', '1,"a"b', 'goes on after its closing quote'],
    ['a quote inside a bare cell', '1,5" pipe', 'inside a cell that does not begin with one'],
    ['a quote that is never closed', '1,"open', 'never closed'],
  ])('%s', async (_, broken, what) => {
    const { cells, errors, records } = await read(`a,b\r\n1,2\r\n${broken}\r\n3,4\r\n5,"x\r\ny"\r\n7,8`);
    expect(cells).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
      ['5', 'x\r\ny'],
      ['7', '8'],
    ]);
    expect(records.map(({ line }) => line)).toEqual([1, 2, 4, 5, 7]);
    expect(errors).toEqual([
      expect.objectContaining({ line: 3, code: 'broken_quotes', what: expect.stringContaining(what) }),
    ]);
  });

  test('many of them, among a thousand good rows, each named by its line', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => (i % 50 === 7 ? `${i},"` : `${i},"ok"`));
    const { records, errors } = await read(lines.join('\n'));
    expect(errors.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, i) => 50 * i + 8));
    expect(records).toHaveLength(980);
  });

  test('the last line of the file', async () => {
    const { cells, errors } = await read('a,b\n1,2\n3,"');
    expect(cells).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(errors).toEqual([expect.objectContaining({ line: 3 })]);
  });
});

test.each([
  [',', 'a,b\n1;2;3;4,5\n'],
  [';', 'a;b;c\n1,5;2;3\n'],
  ['\t', 'a\tb\n1\t2\n'],
  [',', '"a;b;c;d",e\n'],
  [',', 'only\n1\n'],
])('the delimiter %j is found', async (delimiter, content) => {
  writeFileSync(path, content);
  expect(await detectDelimiter(path)).toBe(delimiter);
});

test.each([
  ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')],
  ['a zip archive', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 0])],
])('%s is refused', async (_, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({ code: 'csv_unusable' });
});

// Reading CSV: whatever is written is read again, and broken lines cost only themselves.
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvItem, CsvReader, type CsvRecord, detectDelimiter } from '../../../service/tabular/csv-reader.js';
import { writeCsvLine } from '../../../service/tabular/write.js';

const CHUNK = 64 * 1024;

function itemsOf(content: string | Uint8Array, delimiter = ',', sizes: readonly number[] = [CHUNK]): CsvItem[] {
  const bytes = Buffer.from(content as string);
  const reader = new CsvReader(delimiter, 'table');
  const items: CsvItem[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    items.push(...reader.push(bytes.subarray(at, at + size)));
    at += size;
  }
  items.push(...reader.end());
  return items;
}

function read(content: string | Uint8Array, delimiter = ',') {
  const items = itemsOf(content, delimiter);
  const records = items.filter((item): item is CsvRecord => 'cells' in item);
  const errors = items.flatMap((item) => ('error' in item ? [item.error] : []));
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
  test('is read as it was', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5 })
          .chain((width) =>
            fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
          ),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.boolean(),
        (rows, delimiter, mark) => {
          const text = rows.map((row) => writeCsvLine(row, delimiter)).join('');
          const { cells, errors } = read((mark ? '\ufeff' : '') + text, delimiter);
          expect(errors).toEqual([]);
          expect(cells).toEqual(rows);
        },
      ),
      { numRuns: 200, examples: [[[['', '']], '\t', false]] },
    );
  });

  test('keeps its line numbers, whatever ends its lines and whatever its cells contain', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('\n', '\r\n'), cell, fc.integer({ min: 0, max: 2 })), {
          minLength: 1,
          maxLength: 15,
        }),
        (rows) => {
          let text = '';
          let line = 1;
          const expected: number[] = [];
          for (const [end, value, blank] of rows) {
            expected.push(line);
            const written = writeCsvLine(['x', value]).replace(/\n$/, end) + end.repeat(blank);
            text += written;
            line += written.match(/\r\n|\n|\r/g)?.length ?? 0;
          }
          expect(read(text).records.map((record) => record.line)).toEqual(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('can be larger than one chunk, with characters and quotes across its borders', () => {
    const rows = Array.from({ length: 9000 }, (_, i) => [String(i), `"é😀\r\n${'ü'.repeat(i % 60)}`]);
    const { cells, errors } = read(rows.map((row) => writeCsvLine(row)).join(''));
    expect(errors).toEqual([]);
    expect(cells).toEqual(rows);
  });
});

describe('broken lines', () => {
  test.each([
    ['text after a closing quote', '1,"a"b', 'goes on after its closing quote'],
    ['a quote inside a bare cell', '1,5" pipe', 'inside a cell that does not begin with one'],
    ['a quote that is never closed', '1,"open', 'never closed'],
  ])('%s', (_, broken, what) => {
    const { cells, errors, records } = read(`a,b\r\n1,2\r\n${broken}\r\n3,4\r\n5,"x\r\ny"\r\n7,8`);
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

  test('many of them, among a thousand good rows, each named by its line', () => {
    const lines = Array.from({ length: 1000 }, (_, i) => (i % 50 === 7 ? `${i},"` : `${i},"ok"`));
    const { records, errors } = read(lines.join('\n'));
    expect(errors.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, i) => 50 * i + 8));
    expect(records).toHaveLength(980);
  });

  test('the last line of the file', () => {
    const { cells, errors } = read('a,b\n1,2\n3,"');
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
])('the delimiter %j is found', (delimiter, content) => {
  expect(detectDelimiter(Buffer.from(content))).toBe(delimiter);
});

test.each([
  ['UTF-16', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')],
  ['a zip archive', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 0])],
])('%s is refused', (_, bytes) => {
  expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'csv_unusable' }));
});

/** Anything: also quotes where none belong, and lines that never end. */
const anything = fc
  .array(fc.constantFrom('a', 'é', '😀', '1', ',', ',', '"', '\n', '\n', '\r\n', '\r', ' ', '""', ',"b"'), {
    maxLength: 60,
  })
  .map((parts) => parts.join(''));

test('what is read does not depend on how the bytes come in, and every byte belongs to a record or to an empty line', () => {
  fc.assert(
    fc.property(anything, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (text, sizes) => {
      const whole = itemsOf(text);
      expect(itemsOf(text, ',', sizes)).toEqual(whole);
      let end = 0;
      for (const item of whole) {
        expect(Buffer.from(text).subarray(end, item.start).toString().trim()).toBe('');
        expect(item.end).toBeGreaterThan(item.start);
        end = item.end;
      }
      expect(Buffer.from(text).subarray(end).toString().trim()).toBe('');
    }),
    { numRuns: 500 },
  );
});

test('from any record on the same records are read', () => {
  fc.assert(
    fc.property(anything, fc.nat(), (text, at) => {
      const whole = itemsOf(text);
      if (whole.length === 0) return;
      const from = at % whole.length;
      const { start: offset, line } = whole[from]!;
      const reader = new CsvReader(',', 'table', { offset, line });
      const rest = [...reader.push(Buffer.from(text).subarray(offset)), ...reader.end()];
      expect(rest).toEqual(whole.slice(from));
      const { end, nextLine } = whole[from]!;
      const behind = new CsvReader(',', 'table', { offset: end, line: nextLine });
      expect([...behind.push(Buffer.from(text).subarray(end)), ...behind.end()]).toEqual(whole.slice(from + 1));
    }),
    { numRuns: 500 },
  );
});

test('lines without a quote are cut as csv-parse cuts them', () => {
  const line = fc.array(fc.constantFrom('a', 'é', '😀', '\u2028', '1.5', ',', ' ', '\t', '\\'), { maxLength: 12 });
  const file = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 12 });
  fc.assert(
    fc.property(file, fc.constantFrom(',', '\t', 'é'), (lines, delimiter) => {
      const text = lines.map(([characters, end]) => characters.join('') + end).join('');
      const options = { delimiter, relax_column_count: true, record_delimiter: ['\r\n', '\n'], skip_empty_lines: true };
      const expected = (parse(text, options) as string[][]).filter(
        (cells) => cells.length > 1 || cells[0]!.trim() !== '',
      );
      expect(read(text, delimiter).cells).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

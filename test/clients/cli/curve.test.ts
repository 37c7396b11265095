// The loss curve of a training: its dots, its labels, and how it is drawn, redrawn and left on a terminal.
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawCurve, type Point } from '../../../clients/cli/curve.js';
import { Terminal } from '../../../clients/cli/terminal.js';
import { TrainingView } from '../../../clients/cli/training-view.js';

/** The dots of a drawing as booleans, by row and column. */
function dotsOf(lines: readonly string[]): boolean[][] {
  const order = [
    [0x01, 0x08],
    [0x02, 0x10],
    [0x04, 0x20],
    [0x40, 0x80],
  ];
  return lines.flatMap((line) => {
    const cells = [...line.slice(line.indexOf('┤') + 1)].map((character) => character.codePointAt(0)! - 0x2800);
    return order.map(([left, right]) => cells.flatMap((bits) => [(bits & left!) > 0, (bits & right!) > 0]));
  });
}

test('a line that falls goes from the upper left to the lower right, with its range at the left and the steps below', () => {
  const points = Array.from({ length: 20 }, (_, i) => ({ x: i, y: 20 - i }));
  const lines = drawCurve(points, 20, { width: 10, height: 5 });
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/^20 ┤/);
  expect(lines[4]).toMatch(/^ 1 ┤/);
  expect(lines[5]).toMatch(/^ {4}0 +20$/);
  const dots = dotsOf(lines.slice(0, 5));
  const tops = Array.from({ length: 20 }, (_, column) => dots.findIndex((row) => row[column]));
  expect(tops).toEqual([...tops].sort((a, b) => a - b));
  expect([tops[0], tops[19]! >= 18]).toEqual([0, true]);
});

test('every part of x that has points has a dot, no other has one, and each line is as wide as it was asked to be', () => {
  const point = fc.record({ x: fc.integer({ min: 0, max: 99 }), y: fc.double({ min: -1e6, max: 1e6, noNaN: true }) });
  const size = fc.record({ width: fc.integer({ min: 1, max: 50 }), height: fc.integer({ min: 2, max: 9 }) });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 60 }), size, (points, { width, height }) => {
      const lines = drawCurve(points, 100, { width, height });
      const dots = dotsOf(lines.slice(0, height));
      expect(dots.map((row) => row.length)).toEqual(Array(4 * height).fill(2 * width));
      const has = new Set(points.map(({ x }) => Math.floor((x / 100) * 2 * width)));
      for (let column = 0; column < 2 * width; column++) {
        expect(dots.some((row) => row[column])).toBe(has.has(column));
      }
    }),
  );
});

test('nothing is drawn of nothing, and a constant is a line', () => {
  expect(drawCurve([], 10, { width: 4, height: 2 })).toEqual([]);
  const flat = dotsOf(
    drawCurve(
      [0, 1, 2, 3].map((x): Point => ({ x, y: 7 })),
      4,
      { width: 2, height: 2 },
    ).slice(0, 2),
  );
  expect(flat.filter((row) => row.some(Boolean))).toEqual([[true, true, true, true]]);
});

/** What a terminal of so many columns shows in the end: carriage returns, erased lines and steps up are obeyed. */
function screenOf(written: string): string[] {
  const lines = [''];
  let at = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  for (const [part] of written.matchAll(/\u001b\[2K|\u001b\[1A|\r|\n|[^\u001b\r\n]+/g)) {
    if (part === '\u001b[2K' || part === '\r') lines[at] = part === '\r' ? lines[at]! : '';
    else if (part === '\u001b[1A') at--;
    else if (part === '\n') lines[++at] ??= '';
    else lines[at] += part;
  }
  return lines;
}

test('on a terminal the curve grows above the bar, is taken back with it, and stays at the end', () => {
  let written = '';
  const stderr = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    }),
    { isTTY: true, columns: 80 },
  );
  const terminal = new Terminal({ json: false, stderr, env: { NO_COLOR: '1' } });
  const view = new TrainingView(terminal);
  const step = (n: number) => ({
    type: 'step' as const,
    level: 'info' as const,
    message: '',
    data: { step: n, steps: 100, loss: 5 - n / 25, tokens_per_second: 1000, eta_seconds: 1 },
  });
  for (let n = 1; n <= 100; n++) view.show(step(n));
  const live = screenOf(written);
  expect(live.filter((line) => line.includes('┤'))).toHaveLength(6);
  expect(live.at(-1)).toMatch(/train +█+ 100\/100 · loss 1\.000/);
  terminal.say('a word in between');
  expect(screenOf(written).filter((line) => line.includes('┤'))).toHaveLength(6);
  view.finish();
  const left = screenOf(written).filter((line) => line !== '');
  expect(left[0]).toBe('a word in between');
  expect(left.filter((line) => line.includes('┤'))).toHaveLength(6);
  expect(left.at(-1)).toMatch(/^ {2}train took/);
  expect(left).toHaveLength(1 + 6 + 1 + 1);
});

// A curve in a few lines of a terminal, drawn with the dots of Braille characters.
import { formatNumber } from './table.js';

export interface Point {
  x: number;
  y: number;
}

export interface CurveSize {
  /** Characters of the drawing, without the labels at its left. */
  width: number;
  /** Lines of the drawing, without the one below it. */
  height: number;
}

/** A Braille character is two dots wide and four high; bit of each dot, by row. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** The points' mean in each of so many equal parts of x from 0 to `end`; undefined where a part has none. */
function columnsOf(points: readonly Point[], end: number, columns: number): (number | undefined)[] {
  const sums = Array.from({ length: columns }, () => ({ sum: 0, n: 0 }));
  for (const { x, y } of points) {
    const cell = sums[Math.min(columns - 1, Math.max(0, Math.floor((x / end) * columns)))]!;
    cell.sum += y;
    cell.n++;
  }
  return sums.map(({ sum, n }) => (n === 0 ? undefined : sum / n));
}

/** Heights from 0 to 1 of what is there: the lowest is 0, the highest 1. */
function heightsOf(values: readonly (number | undefined)[]): {
  low: number;
  high: number;
  heights: (number | undefined)[];
} {
  const there = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const heights = values.map((value) =>
    value === undefined || !Number.isFinite(value) ? undefined : high > low ? (value - low) / (high - low) : 0,
  );
  return { low, high, heights };
}

/**
 * Lines of text: the curve, its range at the left, and the range of x below.
 * @param end where x ends, whether the points come so far or not
 */
export function drawCurve(points: readonly Point[], end: number, { width, height }: CurveSize): string[] {
  if (points.length === 0) return [];
  const { low, high, heights } = heightsOf(columnsOf(points, end, 2 * width));
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const rows = 4 * height;
  const rowOf = (share: number) => Math.round((1 - share) * (rows - 1));
  let before: number | undefined;
  heights.forEach((share, column) => {
    if (share === undefined) return;
    const row = rowOf(share);
    // Dots between a column and the one before join the two, halfway each.
    const from = before === undefined ? row : Math.trunc((row + before) / 2);
    for (let dot = Math.min(from, row); dot <= Math.max(from, row); dot++) {
      cells[dot >> 2]![column >> 1]! |= DOTS[dot & 3]![column & 1]!;
    }
    before = row;
  });
  const [top, bottom] = [formatNumber(high, 4), formatNumber(low, 4)];
  const margin = Math.max(top.length, bottom.length);
  const lines = cells.map((bits, line) => {
    const label = line === 0 ? top : line === height - 1 ? bottom : '';
    return `${label.padStart(margin)} ┤${String.fromCodePoint(...Array.from(bits, (bit) => 0x2800 + bit))}`;
  });
  const [first, last] = ['0', formatNumber(end)];
  const gap = ' '.repeat(Math.max(1, width - first.length - last.length));
  return [...lines, `${' '.repeat(margin + 2)}${first}${gap}${last}`];
}

// A feature matrix in bins: values that stand next to each other share one, so that a split is found by sums over bins, not rows.
import type { SortedColumns } from './sorted-columns.js';

/** Bins of a column at most, missing values apart: a column of fewer different values has one for each, and loses nothing. */
const MAX_BINS = 255;

/** Bins of all columns are numbered through. Column c holds [begin[c], begin[c + 1]), ascending in value, the last for missing ones. */
export interface BinnedColumns {
  readonly rows: number;
  readonly columns: number;
  /** Bin of each value: `codes[row * columns + column]`. */
  readonly codes: Int32Array;
  readonly begin: Int32Array;
  /** Least and greatest value of each bin; NaN for missing ones. */
  readonly lowest: Float64Array;
  readonly highest: Float64Array;
}

/** Bins hold about equally many rows each, and equal values are never parted. */
export function binColumns({ rows, columns, values, order }: SortedColumns): BinnedColumns {
  const codes = new Int32Array(rows * columns);
  const begin = new Int32Array(columns + 1);
  const lowest: number[] = [];
  const highest: number[] = [];
  for (let c = 0; c < columns; c++) {
    const base = c * rows;
    const at = (place: number) => values[base + order[base + place]!]!;
    let present = rows;
    while (present > 0 && Number.isNaN(at(present - 1))) present--;
    let distinct = 0;
    for (let i = 0; i < present; i++) if (i === 0 || at(i) !== at(i - 1)) distinct++;
    const share = distinct <= MAX_BINS ? 1 : present / MAX_BINS;
    let full = 0;
    for (let i = 0; i < present; i++) {
      const value = at(i);
      if (i === 0 || (value !== at(i - 1) && i >= full)) {
        lowest.push(value);
        highest.push(value);
        // Where the next bin begins at the earliest; many equal values may have taken several bins' share.
        full = Math.max(i + 1, (Math.floor(i / share) + 1) * share);
      }
      highest[highest.length - 1] = value;
      codes[order[base + i]! * columns + c] = lowest.length - 1;
    }
    for (let i = present; i < rows; i++) codes[order[base + i]! * columns + c] = lowest.length;
    lowest.push(Number.NaN);
    highest.push(Number.NaN);
    begin[c + 1] = lowest.length;
  }
  return { rows, columns, codes, begin, lowest: Float64Array.from(lowest), highest: Float64Array.from(highest) };
}

// Columns as small integer codes: trees only need the order of values, and counting codes is much faster than sorting numbers.
import type { FeatureMatrix } from '../expert.js';

/** Code of a missing value. */
export const MISSING_CODE = 255;
/** Different values a column may have before neighbouring values share a code. Splits are exact up to here. */
const MAX_BINS = 255;

/** A feature matrix by column, each value replaced by the rank of its bin. */
export interface BinnedColumns {
  readonly rows: number;
  readonly columns: number;
  /** For each column, the code of each row. */
  readonly codes: readonly Uint8Array[];
  /** For each column, the smallest value in each bin. */
  readonly lowest: readonly Float64Array[];
  /** For each column, the largest value in each bin. */
  readonly highest: readonly Float64Array[];
}

/** Bins every column: one bin a distinct value, or bins of about equally many rows where there are too many. */
export function binColumns(features: FeatureMatrix): BinnedColumns {
  const codes: Uint8Array[] = [];
  const lowest: Float64Array[] = [];
  const highest: Float64Array[] = [];
  const column = new Float64Array(features.rows);
  for (let j = 0; j < features.columns; j++) {
    for (let i = 0; i < features.rows; i++) column[i] = features.values[i * features.columns + j]!;
    const bins = cutIntoBins(column);
    codes.push(column.length > 0 ? encode(column, bins.highest) : new Uint8Array(0));
    lowest.push(bins.lowest);
    highest.push(bins.highest);
  }
  return { rows: features.rows, columns: features.columns, codes, lowest, highest };
}

function cutIntoBins(column: Float64Array): { lowest: Float64Array; highest: Float64Array } {
  // A typed array sorts numerically and puts NaN last.
  const sorted = column.slice().sort();
  let present = sorted.length;
  while (present > 0 && Number.isNaN(sorted[present - 1]!)) present--;
  let distinct = present > 0 ? 1 : 0;
  for (let i = 1; i < present; i++) if (sorted[i] !== sorted[i - 1]) distinct++;

  const rowsPerBin = distinct <= MAX_BINS ? 1 : present / (MAX_BINS - 1);
  const lowest: number[] = [];
  const highest: number[] = [];
  for (let i = 0, filledUpTo = 0; i < present; i++) {
    const startsValue = i === 0 || sorted[i] !== sorted[i - 1];
    if (startsValue && i >= filledUpTo) {
      lowest.push(sorted[i]!);
      highest.push(sorted[i]!);
      filledUpTo = Math.max(i + 1, rowsPerBin === 1 ? 0 : lowest.length * rowsPerBin);
    } else {
      highest[highest.length - 1] = sorted[i]!;
    }
  }
  return { lowest: Float64Array.from(lowest), highest: Float64Array.from(highest) };
}

function encode(column: Float64Array, highest: Float64Array): Uint8Array {
  const codes = new Uint8Array(column.length);
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    if (Number.isNaN(value)) {
      codes[i] = MISSING_CODE;
      continue;
    }
    let low = 0;
    let high = highest.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (highest[middle]! < value) low = middle + 1;
      else high = middle;
    }
    codes[i] = low;
  }
  return codes;
}

/** A threshold that separates bin `left` from the later bin `right` of a column: halfway, and never past the left one by rounding. */
export function thresholdBetween(binned: BinnedColumns, column: number, left: number, right: number): number {
  const a = binned.highest[column]![left]!;
  const b = binned.lowest[column]![right]!;
  const middle = a / 2 + b / 2;
  return middle >= a && middle < b ? middle : a;
}

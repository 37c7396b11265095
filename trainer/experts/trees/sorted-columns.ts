// A feature matrix by column, each with its rows in ascending order of value: sorted once, then shared by every tree of an ensemble.
import type { FeatureMatrix } from '../expert.js';

/** Column c holds the entries [c * rows, (c + 1) * rows) of `values` and `order`. */
export interface SortedColumns {
  readonly rows: number;
  readonly columns: number;
  /** Value of each row, NaN where missing. */
  readonly values: Float64Array;
  /** Row numbers in ascending order of value, missing ones last. */
  readonly order: Int32Array;
  /** Whether any row of the column is missing. */
  readonly hasMissing: readonly boolean[];
}

export function sortColumns(features: FeatureMatrix): SortedColumns {
  const { rows, columns } = features;
  const values = new Float64Array(rows * columns);
  const order = new Int32Array(rows * columns);
  const hasMissing: boolean[] = [];
  for (let c = 0; c < columns; c++) {
    const column = values.subarray(c * rows, (c + 1) * rows);
    for (let i = 0; i < rows; i++) column[i] = features.values[i * columns + c]!;
    order.subarray(c * rows, (c + 1) * rows).set(rowsByValue(column));
    hasMissing.push(column.some(Number.isNaN));
  }
  return { rows, columns, values, order, hasMissing };
}

/** Row numbers by value, NaN last. Sorting distinct values and then placing rows avoids a slow comparison function. */
function rowsByValue(column: Float64Array): Int32Array {
  // A typed array sorts numerically, -0 before 0 and NaN last.
  const sorted = column.slice().sort();
  const nextPlace = new Map<number, number>();
  sorted.forEach((value, place) => {
    if (!nextPlace.has(value)) nextPlace.set(value, place);
  });
  const order = new Int32Array(column.length);
  column.forEach((value, row) => {
    // A Map takes NaN for equal to itself, and -0 for 0.
    const place = nextPlace.get(value)!;
    nextPlace.set(value, place + 1);
    order[place] = row;
  });
  return order;
}

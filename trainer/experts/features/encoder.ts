// What turns one parameter into feature columns.
import type { Leaf } from './flatten.js';

/** Where a row's columns are written. */
export interface RowWriter {
  readonly tree: Float64Array;
  readonly treeAt: number;
  readonly metric: Float64Array;
  readonly metricAt: number;
}

/** Columns made from one parameter, fitted on the context rows. */
export interface ParameterEncoder {
  readonly treeColumns: number;
  readonly metricColumns: number;
  /** Writes the columns of one row. `leaf` is undefined where the parameter is missing. Tree columns arrive as NaN, metric columns as 0. */
  encode(leaf: Leaf | undefined, row: RowWriter): void;
}

// Grows regression trees for squared loss; forest and boosting differ only in the options and targets they give it.
import type { Random } from '../../random.js';
import type { TreeArena } from './arena.js';
import { type BinnedColumns, MISSING_CODE, thresholdBetween } from './binning.js';
import { type SplitCandidate, SplitSearch, type Targets } from './split-search.js';

export interface TreeOptions {
  /** Splits from root to leaf at most. */
  readonly maxDepth: number;
  /** Total weight of rows each leaf must have. */
  readonly minLeafWeight: number;
  /** L2 penalty on leaf values, in rows: a leaf of w rows keeps w / (w + lambda) of its mean. */
  readonly lambda: number;
  /** Columns tried in each node, drawn anew; more are tried only as long as none of them splits the node. */
  readonly columnsPerNode: number;
}

/** Grows trees into an arena. One grower serves a whole ensemble. */
export class TreeGrower {
  private readonly search: SplitSearch;
  private readonly moved: Int32Array;
  private readonly best: SplitCandidate = { score: 0, column: -1, leftBin: 0, rightBin: 0, missingGoesLeft: false };

  constructor(
    private readonly binned: BinnedColumns,
    private readonly options: TreeOptions,
  ) {
    this.search = new SplitSearch(binned, options.lambda, options.minLeafWeight);
    this.moved = new Int32Array(binned.rows);
  }

  /**
   * Grows one tree.
   * @param rows the rows it is grown on, all of positive weight; reordered in place
   * @param columns the columns it may split on; reordered in place
   * @param shrinkage factor on leaf values
   */
  grow(arena: TreeArena, targets: Targets, rows: Int32Array, columns: Int32Array, random: Random, shrinkage = 1): void {
    const { lambda, maxDepth } = this.options;
    const pending: number[] = [arena.startTree(), 0, rows.length, 0];
    while (pending.length > 0) {
      const depth = pending.pop()!;
      const end = pending.pop()!;
      const start = pending.pop()!;
      const node = pending.pop()!;
      let weight = 0;
      let sum = 0;
      for (let i = start; i < end; i++) {
        weight += targets.weight[rows[i]!]!;
        sum += targets.weighted[rows[i]!]!;
      }
      const splits =
        depth < maxDepth &&
        !isPure(targets, rows, start, end) &&
        this.findSplit(targets, rows, start, end, columns, random, weight, sum);
      if (!splits) {
        arena.setLeaf(node, (shrinkage * sum) / (weight + lambda));
        continue;
      }
      const { column, leftBin, rightBin, missingGoesLeft } = this.best;
      const threshold = rightBin < 0 ? Number.MAX_VALUE : thresholdBetween(this.binned, column, leftBin, rightBin);
      const left = arena.split(node, column, threshold, missingGoesLeft);
      const middle = this.partition(rows, start, end);
      pending.push(left + 1, middle, end, depth + 1, left, start, middle, depth + 1);
    }
  }

  private findSplit(
    targets: Targets,
    rows: Int32Array,
    start: number,
    end: number,
    columns: Int32Array,
    random: Random,
    weight: number,
    sum: number,
  ): boolean {
    const { lambda, minLeafWeight, columnsPerNode } = this.options;
    if (weight < 2 * minLeafWeight) return false;
    const best = this.best;
    best.column = -1;
    best.score = (sum * sum) / (weight + lambda);
    for (let tried = 0; tried < columns.length; tried++) {
      if (tried >= columnsPerNode && best.column >= 0) break;
      const pick = tried + random.integer(columns.length - tried);
      const column = columns[pick]!;
      columns[pick] = columns[tried]!;
      columns[tried] = column;
      this.search.improve(best, column, rows, start, end, targets, weight, sum);
    }
    return best.column >= 0;
  }

  /** Moves the rows that go left to the front, keeping their order, and returns where the others begin. */
  private partition(rows: Int32Array, start: number, end: number): number {
    const { column, leftBin, missingGoesLeft } = this.best;
    const codes = this.binned.codes[column]!;
    let left = start;
    let moved = 0;
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const code = codes[row]!;
      if (code === MISSING_CODE ? missingGoesLeft : code <= leftBin) rows[left++] = row;
      else this.moved[moved++] = row;
    }
    for (let i = 0; i < moved; i++) rows[left + i] = this.moved[i]!;
    return left;
  }
}

function isPure(targets: Targets, rows: Int32Array, start: number, end: number): boolean {
  const first = rows[start]!;
  const target = targets.weighted[first]! / targets.weight[first]!;
  for (let i = start + 1; i < end; i++) {
    const row = rows[i]!;
    if (targets.weighted[row]! !== target * targets.weight[row]!) return false;
  }
  return true;
}

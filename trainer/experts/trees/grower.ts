// Grows regression trees for squared loss; forest and boosting differ only in the options and targets they give it.
import type { TreeArena } from './arena.js';
import type { SortedColumns } from './sorted-columns.js';
import { BestSplit, type NodeRows, type Targets } from './split-search.js';

export interface TreeOptions {
  /** Splits from root to leaf at most. */
  readonly maxDepth: number;
  /** Total weight of rows each leaf must have. */
  readonly minLeafWeight: number;
  /** L2 penalty on leaf values, in rows: a leaf of weight w keeps w / (w + lambda) of its mean. */
  readonly lambda: number;
  /** Factor on all leaf values. */
  readonly shrinkage: number;
}

/** A node that has its rows but is neither leaf nor split yet. */
interface PendingNode extends NodeRows {
  readonly node: number;
  readonly depth: number;
}

/**
 * Grows trees into an arena. Every column keeps the rows of each node together and in ascending order of value, so that finding a split is one
 * pass over them; splitting a node partitions each column's rows without disturbing that order. One grower serves a whole ensemble.
 */
export class TreeGrower {
  private readonly best: BestSplit;
  private readonly order: Int32Array;
  private readonly goesLeft: Uint8Array;
  private readonly setAside: Int32Array;

  constructor(
    private readonly data: SortedColumns,
    private readonly options: TreeOptions,
  ) {
    this.best = new BestSplit(data, options.lambda, options.minLeafWeight);
    this.order = new Int32Array(data.order.length);
    this.goesLeft = new Uint8Array(data.rows);
    this.setAside = new Int32Array(data.rows);
  }

  /** Grows one tree on the rows of positive weight, splitting on `columns` only; of equal splits the first column's wins. `offset` is added to all leaves. */
  grow(arena: TreeArena, targets: Targets, columns: Int32Array, offset = 0): void {
    const { lambda, shrinkage } = this.options;
    const root: PendingNode = { node: arena.startTree(), depth: 0, start: 0, end: 0, ...totals(targets) };
    for (const column of columns) root.end = this.selectRows(column, targets.weight);
    const pending = [root];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (!this.findSplit(node, targets, columns)) {
        arena.setLeaf(node.node, offset + (shrinkage * node.sum) / (node.weight + lambda));
        continue;
      }
      const { column, threshold, missingGoesLeft } = this.best;
      const left = arena.split(node.node, column, threshold, missingGoesLeft);
      const [leftRows, rightRows] = this.partition(node, targets, columns);
      const depth = node.depth + 1;
      pending.push({ node: left + 1, depth, ...rightRows }, { node: left, depth, ...leftRows });
    }
  }

  /** Starts a column with the rows of positive weight, by value; returns how many they are. */
  private selectRows(column: number, weight: Float64Array): number {
    const base = column * this.data.rows;
    let count = 0;
    for (let i = base; i < base + this.data.rows; i++) {
      const row = this.data.order[i]!;
      if (weight[row]! > 0) this.order[base + count++] = row;
    }
    return count;
  }

  private findSplit(node: PendingNode, targets: Targets, columns: Int32Array): boolean {
    if (node.depth >= this.options.maxDepth || node.end - node.start < 2) return false;
    if (node.weight < 2 * this.options.minLeafWeight || this.isPure(node, targets, columns[0]!)) return false;
    this.best.reset(node);
    for (const column of columns) this.best.improve(column, this.order, node, targets);
    return this.best.column >= 0;
  }

  /** Whether all targets of a node are the same: nothing is left to explain but rounding errors. */
  private isPure({ start, end }: NodeRows, { weight, weighted }: Targets, column: number): boolean {
    const base = column * this.data.rows;
    const first = this.order[base + start]!;
    for (let i = start + 1; i < end; i++) {
      const row = this.order[base + i]!;
      if (weighted[row]! * weight[first]! !== weighted[first]! * weight[row]!) return false;
    }
    return true;
  }

  /** Moves the rows that go left to the front in every column, both parts still in order of value. */
  private partition(node: NodeRows, targets: Targets, columns: Int32Array): [NodeRows, NodeRows] {
    const { order, goesLeft } = this;
    const left: NodeRows = { start: node.start, end: node.start, weight: 0, sum: 0 };
    const right: NodeRows = { start: node.start, end: node.end, weight: 0, sum: 0 };
    const { column, threshold, missingGoesLeft } = this.best;
    const splitBase = column * this.data.rows;
    for (let i = splitBase + node.start; i < splitBase + node.end; i++) {
      const row = order[i]!;
      const value = this.data.values[splitBase + row]!;
      const isLeft = Number.isNaN(value) ? missingGoesLeft : value <= threshold;
      goesLeft[row] = isLeft ? 1 : 0;
      const side = isLeft ? left : right;
      side.weight += targets.weight[row]!;
      side.sum += targets.weighted[row]!;
      if (isLeft) left.end++;
    }
    right.start = left.end;
    for (const other of columns) this.partitionColumn(other * this.data.rows, node);
    return [left, right];
  }

  private partitionColumn(base: number, { start, end }: NodeRows): void {
    const { order, goesLeft, setAside } = this;
    let left = base + start;
    let aside = 0;
    for (let i = base + start; i < base + end; i++) {
      const row = order[i]!;
      // Both written, one counted: a branch here would be mispredicted half of the time.
      order[left] = row;
      setAside[aside] = row;
      left += goesLeft[row]!;
      aside += 1 - goesLeft[row]!;
    }
    for (let i = 0; i < aside; i++) order[left + i] = setAside[i]!;
  }
}

function totals({ weight, weighted }: Targets): { weight: number; sum: number } {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < weight.length; i++) {
    if (weight[i]! === 0) continue;
    total += weight[i]!;
    sum += weighted[i]!;
  }
  return { weight: total, sum };
}

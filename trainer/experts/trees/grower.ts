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

/** Rows of a node in which columns are not sifted. */
const SMALL_NODE = 16;

/** A node that has its rows but is neither leaf nor split yet. */
interface PendingNode extends NodeRows {
  readonly node: number;
  readonly depth: number;
  /** Columns whose order holds the node's rows: those that took more than one value in the node above. */
  readonly columns: Int32Array;
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
    const { lambda, shrinkage, maxDepth } = this.options;
    const root: PendingNode = { node: arena.startTree(), depth: 0, start: 0, end: 0, columns, ...totals(targets) };
    for (const column of columns) root.end = this.selectRows(column, targets.weight);
    const pending = [root];
    for (let node = pending.pop(); node; node = pending.pop()) {
      const varying = this.findSplit(node, targets);
      if (!varying) {
        arena.setLeaf(node.node, offset + (shrinkage * node.sum) / (node.weight + lambda));
        continue;
      }
      const { column, threshold, missingGoesLeft } = this.best;
      const left = arena.split(node.node, column, threshold, missingGoesLeft);
      const [leftRows, rightRows] = this.divide(node, targets);
      const depth = node.depth + 1;
      // Leaves need their sums alone.
      if (depth < maxDepth) for (const other of varying) this.partitionColumn(other * this.data.rows, node);
      const below = { depth, columns: varying };
      pending.push({ node: left + 1, ...below, ...rightRows }, { node: left, ...below, ...leftRows });
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

  /** Leaves the best split in `best` and returns the columns that vary in the node; undefined where it is not to be split. */
  private findSplit(node: PendingNode, targets: Targets): Int32Array | undefined {
    if (node.depth >= this.options.maxDepth || node.end - node.start < 2) return undefined;
    if (node.weight < 2 * this.options.minLeafWeight) return undefined;
    if (node.columns.length === 0 || this.isPure(node, targets, node.columns[0]!)) return undefined;
    this.best.reset(node);
    const columns = this.varying(node);
    for (const column of columns) this.best.improve(column, this.order, node, targets);
    return this.best.column >= 0 ? columns : undefined;
  }

  /** Of a dozen flags few still vary a few splits down: the others are not looked at again below. In a small node that saves nothing. */
  private varying(node: PendingNode): Int32Array {
    const { columns, start, end } = node;
    if (end - start < SMALL_NODE) return columns;
    const varying = new Int32Array(columns.length);
    let count = 0;
    for (const column of columns) if (this.varies(column, node)) varying[count++] = column;
    return varying.subarray(0, count);
  }

  /** Whether a column takes more than one value in a node, one of which may be "missing": rows are in order of value. */
  private varies(column: number, { start, end }: NodeRows): boolean {
    const base = column * this.data.rows;
    const first = this.data.values[base + this.order[base + start]!]!;
    const last = this.data.values[base + this.order[base + end - 1]!]!;
    return first !== last && !Number.isNaN(first);
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

  /** Decides on which side each row of a node goes, and sums up both sides. */
  private divide(node: NodeRows, targets: Targets): [NodeRows, NodeRows] {
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
    return [left, right];
  }

  /** Moves a column's rows that go left to the front, both parts still in order of value. */
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

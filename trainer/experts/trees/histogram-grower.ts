// Grows the trees of `TreeGrower` on binned columns: for thousands of rows several times faster, as no column is kept in order.
import type { TreeArena } from './arena.js';
import type { BinnedColumns } from './binned-columns.js';
import type { TreeOptions } from './grower.js';
import { between, type Targets } from './split-search.js';

/** A node whose rows are `rows[start..end)`, with the sums of each bin: [2 · bin] the weight, [2 · bin + 1] weight × target. */
interface Node {
  readonly node: number;
  readonly depth: number;
  readonly start: number;
  readonly end: number;
  readonly weight: number;
  readonly sum: number;
  /** Undefined for what will be a leaf. */
  readonly sums: Float64Array | undefined;
}

/** The best split of a node. */
interface Split {
  column: number;
  /** Bins up to this one go left. */
  bin: number;
  threshold: number;
  missingGoesLeft: boolean;
}

/**
 * A node's sums over bins are counted from the rows of its smaller child alone: the other child's are what is left of the
 * parent's (LightGBM; Ke et al., 2017). One grower serves a whole ensemble.
 */
export class HistogramGrower {
  private readonly rows: Int32Array;
  private readonly setAside: Int32Array;
  /** Sums that no node needs any more. */
  private readonly free: Float64Array[] = [];

  constructor(
    private readonly data: BinnedColumns,
    private readonly options: TreeOptions,
  ) {
    this.rows = new Int32Array(data.rows);
    this.setAside = new Int32Array(data.rows);
  }

  /** Grows one tree on the rows of positive weight, splitting on `columns` only; of equal splits the first column's wins. */
  grow(arena: TreeArena, targets: Targets, columns: Int32Array): void {
    const { lambda, shrinkage } = this.options;
    const pending = [this.root(arena.startTree(), targets)];
    for (let node = pending.pop(); node; node = pending.pop()) {
      const split = node.sums && this.findSplit(node, node.sums, columns);
      if (!split) {
        if (node.sums) this.free.push(node.sums);
        arena.setLeaf(node.node, (shrinkage * node.sum) / (node.weight + lambda));
        continue;
      }
      const left = arena.split(node.node, split.column, split.threshold, split.missingGoesLeft);
      pending.push(...this.divide(node, left, split, targets));
    }
  }

  private root(node: number, targets: Targets): Node {
    let end = 0;
    let sum = 0;
    let weight = 0;
    for (let row = 0; row < this.data.rows; row++) {
      if (!(targets.weight[row]! > 0)) continue;
      this.rows[end++] = row;
      weight += targets.weight[row]!;
      sum += targets.weighted[row]!;
    }
    return { node, depth: 0, start: 0, end, weight, sum, sums: this.sumsOf(0, end, targets) };
  }

  private sumsOf(start: number, end: number, { weight, weighted }: Targets): Float64Array {
    const { codes, columns, lowest } = this.data;
    const sums = this.free.pop()?.fill(0) ?? new Float64Array(2 * lowest.length);
    for (let i = start; i < end; i++) {
      const row = this.rows[i]!;
      const w = weight[row]!;
      const s = weighted[row]!;
      for (let at = row * columns; at < (row + 1) * columns; at++) {
        const bin = 2 * codes[at]!;
        sums[bin]! += w;
        sums[bin + 1]! += s;
      }
    }
    return sums;
  }

  private findSplit(node: Node, sums: Float64Array, columns: Int32Array): Split | undefined {
    const { lambda, minLeafWeight } = this.options;
    const { begin, lowest, highest } = this.data;
    if (node.end - node.start < 2 || node.weight < 2 * minLeafWeight) return undefined;
    let best = (node.sum * node.sum) / (node.weight + lambda);
    let found: Split | undefined;
    for (const column of columns) {
      const missing = begin[column + 1]! - 1;
      const missingWeight = sums[2 * missing]!;
      // Missing values on the right, then, where there are any, on the left.
      for (let side = 0; side < (missingWeight > 0 ? 2 : 1); side++) {
        let leftWeight = side * missingWeight;
        let leftSum = side * sums[2 * missing + 1]!;
        let previous = -1;
        for (let bin = begin[column]!; bin < missing; bin++) {
          const weight = sums[2 * bin]!;
          if (weight === 0) continue;
          if (previous >= 0) {
            const rightWeight = node.weight - leftWeight;
            const rightSum = node.sum - leftSum;
            const score = (leftSum * leftSum) / (leftWeight + lambda) + (rightSum * rightSum) / (rightWeight + lambda);
            if (score > best && leftWeight >= minLeafWeight && rightWeight >= minLeafWeight) {
              best = score;
              // Without missing values in this node, those met later follow the heavier child.
              const missingGoesLeft = missingWeight > 0 ? side === 1 : 2 * leftWeight >= node.weight;
              const threshold = between(highest[previous]!, lowest[bin]!);
              found = { column, bin: previous, threshold, missingGoesLeft };
            }
          }
          leftWeight += weight;
          leftSum += sums[2 * bin + 1]!;
          previous = bin;
        }
        if (side > 0 || missingWeight === 0 || previous < 0) continue;
        const rightSum = sums[2 * missing + 1]!;
        const score = (leftSum * leftSum) / (leftWeight + lambda) + (rightSum * rightSum) / (missingWeight + lambda);
        if (score > best && leftWeight >= minLeafWeight && missingWeight >= minLeafWeight) {
          best = score;
          found = { column, bin: missing - 1, threshold: Number.MAX_VALUE, missingGoesLeft: false };
        }
      }
    }
    return found;
  }

  /** Both children, the right one first: rows that go left move to the front. */
  private divide(parent: Node, leftNode: number, split: Split, targets: Targets): [Node, Node] {
    const { rows, setAside } = this;
    const { codes, columns, begin } = this.data;
    const missing = begin[split.column + 1]! - 1;
    let left = parent.start;
    let aside = 0;
    let weight = 0;
    let sum = 0;
    for (let i = parent.start; i < parent.end; i++) {
      const row = rows[i]!;
      const code = codes[row * columns + split.column]!;
      if (code === missing ? split.missingGoesLeft : code <= split.bin) {
        rows[left++] = row;
        weight += targets.weight[row]!;
        sum += targets.weighted[row]!;
      } else setAside[aside++] = row;
    }
    rows.set(setAside.subarray(0, aside), left);
    const depth = parent.depth + 1;
    const [leftSums, rightSums] = this.childSums(parent, left, depth, targets);
    return [
      {
        node: leftNode + 1,
        depth,
        start: left,
        end: parent.end,
        weight: parent.weight - weight,
        sum: parent.sum - sum,
        sums: rightSums,
      },
      { node: leftNode, depth, start: parent.start, end: left, weight, sum, sums: leftSums },
    ];
  }

  private childSums({ start, end, sums }: Node, middle: number, depth: number, targets: Targets) {
    if (depth >= this.options.maxDepth) {
      this.free.push(sums!);
      return [undefined, undefined];
    }
    const leftIsSmaller = middle - start <= end - middle;
    const counted = leftIsSmaller ? this.sumsOf(start, middle, targets) : this.sumsOf(middle, end, targets);
    for (let i = 0; i < counted.length; i++) sums![i]! -= counted[i]!;
    return leftIsSmaller ? [counted, sums] : [sums, counted];
  }
}

// Finds the split of a node on one column that explains most of the target, exactly, with missing values tried on both sides.
import type { SortedColumns } from './sorted-columns.js';

/** What trees are grown on, by row. */
export interface Targets {
  /** How often each row counts; 0 leaves it out. */
  readonly weight: Float64Array;
  /** Weight × target. */
  readonly weighted: Float64Array;
}

/** Rows of a node: entries [start, end) of every column's order, and their sums. */
export interface NodeRows {
  start: number;
  end: number;
  weight: number;
  sum: number;
}

/** The best split of a node found so far. */
export class BestSplit {
  /** Σ over both children of (Σ weight·target)² / (Σ weight + lambda). */
  score = 0;
  /** -1: none yet. */
  column = -1;
  threshold = 0;
  missingGoesLeft = false;

  constructor(
    private readonly data: SortedColumns,
    private readonly lambda: number,
    private readonly minLeafWeight: number,
  ) {}

  /** Forgets the last node. A split must score more than leaving `node` whole. */
  reset({ weight, sum }: NodeRows): void {
    this.score = (sum * sum) / (weight + this.lambda);
    this.column = -1;
  }

  /** Takes the best split of `node` on `column` if it beats the best so far. `order` holds the rows of the node by value. */
  improve(column: number, order: Int32Array, node: NodeRows, targets: Targets): void {
    const base = column * this.data.rows;
    const present = this.data.hasMissing[column] ? this.endOfPresent(base, order, node) : node.end;
    if (present < node.end) this.improveWithMissing(column, order, node, targets, present);
    else this.improveWhole(column, order, node, targets);
  }

  /** Of a node without missing values on the column: where nearly all time goes, so in local variables, with no call inside. */
  private improveWhole(column: number, order: Int32Array, node: NodeRows, { weight, weighted }: Targets): void {
    const base = column * this.data.rows;
    const { values } = this.data;
    const { lambda, minLeafWeight } = this;
    const { weight: nodeWeight, sum: nodeSum } = node;
    const last = base + node.end;
    let score = this.score;
    let found = -1;
    let foundWeight = 0;
    let leftWeight = 0;
    let leftSum = 0;
    let row = order[base + node.start]!;
    let value = values[base + row]!;
    for (let i = base + node.start + 1; i < last; i++) {
      leftWeight += weight[row]!;
      leftSum += weighted[row]!;
      row = order[i]!;
      const next = values[base + row]!;
      if (next === value) continue;
      value = next;
      const rightWeight = nodeWeight - leftWeight;
      const rightSum = nodeSum - leftSum;
      const gain = (leftSum * leftSum) / (leftWeight + lambda) + (rightSum * rightSum) / (rightWeight + lambda);
      if (gain <= score || leftWeight < minLeafWeight || rightWeight < minLeafWeight) continue;
      score = gain;
      found = i;
      foundWeight = leftWeight;
    }
    if (found < 0) return;
    this.score = score;
    this.column = column;
    this.threshold = between(values[base + order[found - 1]!]!, values[base + order[found]!]!);
    // Missing values met later follow the heavier child.
    this.missingGoesLeft = 2 * foundWeight >= nodeWeight;
  }

  private improveWithMissing(
    column: number,
    order: Int32Array,
    node: NodeRows,
    { weight, weighted }: Targets,
    present: number,
  ): void {
    const base = column * this.data.rows;
    const { values } = this.data;
    let missingWeight = 0;
    let missingSum = 0;
    for (let i = present; i < node.end; i++) {
      missingWeight += weight[order[base + i]!]!;
      missingSum += weighted[order[base + i]!]!;
    }
    let leftWeight = 0;
    let leftSum = 0;
    let row = order[base + node.start]!;
    for (let i = node.start + 1; i < present; i++) {
      leftWeight += weight[row]!;
      leftSum += weighted[row]!;
      const value = values[base + row]!;
      row = order[base + i]!;
      const next = values[base + row]!;
      if (next === value) continue;
      this.consider(column, node, leftWeight, leftSum, value, next, false);
      this.consider(column, node, leftWeight + missingWeight, leftSum + missingSum, value, next, true);
    }
    if (present > node.start) {
      const largest = Number.MAX_VALUE;
      this.consider(column, node, node.weight - missingWeight, node.sum - missingSum, largest, largest, false);
    }
  }

  private consider(
    column: number,
    node: NodeRows,
    leftWeight: number,
    leftSum: number,
    value: number,
    next: number,
    missingGoesLeft: boolean,
  ): void {
    const rightWeight = node.weight - leftWeight;
    const rightSum = node.sum - leftSum;
    const score =
      (leftSum * leftSum) / (leftWeight + this.lambda) + (rightSum * rightSum) / (rightWeight + this.lambda);
    if (score <= this.score || leftWeight < this.minLeafWeight || rightWeight < this.minLeafWeight) return;
    this.score = score;
    this.column = column;
    this.threshold = between(value, next);
    this.missingGoesLeft = missingGoesLeft;
  }

  private endOfPresent(base: number, order: Int32Array, { start, end }: NodeRows): number {
    let last = end;
    while (last > start && Number.isNaN(this.data.values[base + order[base + last - 1]!]!)) last--;
    return last;
  }
}

/** Halfway between two values, halved first against overflow and never rounded up to the larger one. */
export function between(smaller: number, larger: number): number {
  const middle = smaller / 2 + larger / 2;
  return middle >= smaller && middle < larger ? middle : smaller;
}

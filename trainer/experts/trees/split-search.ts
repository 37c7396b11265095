// Finds the split of one node on one column that explains most of the target, exactly, with missing values tried on both sides.
import { type BinnedColumns, MISSING_CODE } from './binning.js';

/** Weighted targets of the rows that trees are grown on. */
export interface Targets {
  /** Weight of each row; a row of weight 0 must not be among a node's rows. */
  readonly weight: Float64Array;
  /** Weight × target of each row. */
  readonly weighted: Float64Array;
}

/** The best split found so far in a node. Reused from node to node to spare the garbage collector. */
export interface SplitCandidate {
  /** Sum over both children of (Σ weight·target)² / (Σ weight + lambda). */
  score: number;
  /** -1: none. */
  column: number;
  /** Last bin that goes left. */
  leftBin: number;
  /** First bin present in the node that goes right; -1: only missing values do. */
  rightBin: number;
  missingGoesLeft: boolean;
}

/** Scans columns of a node. Holds scratch space, so one serves a whole ensemble. */
export class SplitSearch {
  private readonly binWeight = new Float64Array(256);
  private readonly binSum = new Float64Array(256);
  private readonly seen = new Int32Array(256);
  private readonly sortKeys = new Int32Array(64);

  constructor(
    private readonly binned: BinnedColumns,
    private readonly lambda: number,
    private readonly minLeafWeight: number,
  ) {}

  /** Improves `best` if a split of rows[start..end) on `column` scores higher. `totalWeight` and `totalSum` are those of the node. */
  improve(
    best: SplitCandidate,
    column: number,
    rows: Int32Array,
    start: number,
    end: number,
    targets: Targets,
    totalWeight: number,
    totalSum: number,
  ): void {
    const { binWeight, binSum, seen, lambda, minLeafWeight } = this;
    const bins = this.collect(column, rows, start, end, targets);
    const missingWeight = binWeight[MISSING_CODE]!;
    const missingSum = binSum[MISSING_CODE]!;
    const boundaries = missingWeight > 0 ? bins : bins - 1;
    let leftWeight = 0;
    let leftSum = 0;
    for (let b = 0; b < boundaries; b++) {
      leftWeight += binWeight[seen[b]!]!;
      leftSum += binSum[seen[b]!]!;
      for (let withMissing = 0; withMissing < (missingWeight > 0 && b < bins - 1 ? 2 : 1); withMissing++) {
        const weight = withMissing ? leftWeight + missingWeight : leftWeight;
        const sum = withMissing ? leftSum + missingSum : leftSum;
        const restWeight = totalWeight - weight;
        if (weight < minLeafWeight || restWeight < minLeafWeight) continue;
        const rest = totalSum - sum;
        const score = (sum * sum) / (weight + lambda) + (rest * rest) / (restWeight + lambda);
        if (score <= best.score) continue;
        best.score = score;
        best.column = column;
        best.leftBin = seen[b]!;
        best.rightBin = b < bins - 1 ? seen[b + 1]! : -1;
        // Without missing values here, later ones follow the larger child.
        best.missingGoesLeft = missingWeight > 0 ? withMissing === 1 : weight >= restWeight;
      }
    }
  }

  /** Sums weights and targets by bin; lists the bins present in the node in ascending order and returns how many they are. */
  private collect(column: number, rows: Int32Array, start: number, end: number, targets: Targets): number {
    const { binWeight, binSum, seen } = this;
    const codes = this.binned.codes[column]!;
    const bins = this.binned.highest[column]!.length;
    const size = end - start;
    binWeight[MISSING_CODE] = 0;
    binSum[MISSING_CODE] = 0;
    // A few rows among many bins: sorting their codes beats clearing and scanning every bin.
    if (size <= this.sortKeys.length && bins > 16 && 2 * bins > size * size) {
      return this.collectSorted(codes, rows, start, end, targets);
    }
    for (let b = 0; b < bins; b++) {
      binWeight[b] = 0;
      binSum[b] = 0;
    }
    for (let i = start; i < end; i++) {
      const row = rows[i]!;
      const code = codes[row]!;
      binWeight[code]! += targets.weight[row]!;
      binSum[code]! += targets.weighted[row]!;
    }
    let count = 0;
    for (let b = 0; b < bins; b++) if (binWeight[b]! > 0) seen[count++] = b;
    return count;
  }

  private collectSorted(codes: Uint8Array, rows: Int32Array, start: number, end: number, targets: Targets): number {
    const { binWeight, binSum, seen, sortKeys } = this;
    const size = end - start;
    // Insertion sort of code and place packed in one integer.
    for (let i = 0; i < size; i++) {
      const key = (codes[rows[start + i]!]! << 8) | i;
      let at = i;
      while (at > 0 && sortKeys[at - 1]! > key) {
        sortKeys[at] = sortKeys[at - 1]!;
        at--;
      }
      sortKeys[at] = key;
    }
    let count = 0;
    let previous = -1;
    for (let i = 0; i < size; i++) {
      const code = sortKeys[i]! >> 8;
      const row = rows[start + (sortKeys[i]! & 255)]!;
      if (code !== previous && code !== MISSING_CODE) {
        seen[count++] = code;
        binWeight[code] = 0;
        binSum[code] = 0;
      }
      previous = code;
      binWeight[code]! += targets.weight[row]!;
      binSum[code]! += targets.weighted[row]!;
    }
    return count;
  }
}

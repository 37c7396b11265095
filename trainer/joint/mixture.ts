// The mixture of distributions with equal weights, as one histogram.
import { type Cell, Distribution } from '../distribution.js';

/** The distribution of a value that follows each of `parts` equally often. @param pInfeasible of the mixture: that of its parts is not looked at */
export function mixture(parts: readonly Distribution[], pInfeasible: number): Distribution {
  const edges = distinctSorted(parts.flatMap(({ cells }) => cells.flatMap(({ lo, hi }) => [lo, hi])));
  const between = new Float64Array(edges.length);
  const standing = new Float64Array(edges.length);
  for (const { cells } of parts) {
    let edge = 0;
    for (const { lo, hi, mass } of cells) {
      while (edges[edge]! < lo) edge++;
      if (lo === hi) standing[edge]! += mass;
      // Cell by cell: adding up densities and taking them off again would leave a rounding times 1e31, the width of the last cells.
      for (; edges[edge]! < hi; edge++) between[edge]! += (mass * (edges[edge + 1]! - edges[edge]!)) / (hi - lo);
    }
  }
  const cells: Cell[] = [];
  edges.forEach((edge, i) => {
    if (standing[i]! > 0) cells.push({ lo: edge, hi: edge, mass: standing[i]!, whole: true });
    // Whole: what was cut in the parts has been spread there.
    if (between[i]! > 0) cells.push({ lo: edge, hi: edges[i + 1]!, mass: between[i]!, whole: true });
  });
  return new Distribution(cells, pInfeasible);
}

function distinctSorted(values: readonly number[]): Float64Array {
  const sorted = Float64Array.from(values).sort();
  return sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
}

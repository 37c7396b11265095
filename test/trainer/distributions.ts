// Distributions for tests: arbitrary histograms, and a normal as a histogram.
import fc from 'fast-check';
import { type Cell, Distribution } from '../../trainer/distribution.js';

/** Ascending cells without gaps, masses of any positive sum; some are cut short. */
export const arbitraryCells: fc.Arbitrary<Cell[]> = fc
  .record({
    start: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
    parts: fc.array(
      fc.record({
        width: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        mass: fc.double({ min: 1e-9, max: 1, noNaN: true }),
        whole: fc.boolean(),
      }),
      { minLength: 1, maxLength: 40 },
    ),
  })
  .map(({ start, parts }) => {
    let at = start;
    return parts.map(({ width, mass, whole }) => {
      const lo = at;
      at += width;
      return { lo, hi: at, mass, whole };
    });
  });

/** A normal distribution as a histogram of equal cells over ±8 sd, with the probability of failure beside it. */
export function normalHistogram(mean: number, sd: number, pInfeasible = 0, count = 400): Distribution {
  const width = 16 / count;
  const edge = (i: number) => mean + sd * (i * width - 8);
  const cells = Array.from({ length: count }, (_, i) => {
    const middle = (i + 0.5) * width - 8;
    return { lo: edge(i), hi: edge(i + 1), mass: Math.exp((-middle * middle) / 2), whole: true };
  });
  return new Distribution(cells, pInfeasible);
}

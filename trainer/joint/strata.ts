// The equal parts that a joint distribution is cut into, so that every later objective is asked for given a few values of the earlier ones.

/** A part of an objective's distribution: the levels of probability between two bounds. */
export interface Stratum {
  from: number;
  to: number;
}

/** Parts of the first objective's distribution: of a rank correlation of 1 they leave 1 − 1/8² = 0.984. */
const FIRST_STRATA = 8;

/**
 * Equally likely paths through the distributions of `objectives` objectives in turn: [paths][objectives]. The first one is cut into
 * eighths, each of those between into halves, the last one is whole, as nothing is asked given it. Two halves each would
 * double the paths with every objective; an orthogonal array of strength 2 (Rao, 1947; the columns of a Hadamard matrix) takes
 * no more than 64 for eight objectives: each eighth meets each half, and each half each half of any other objective, equally often.
 */
export function strata(objectives: number): Stratum[][] {
  const between = Math.max(0, objectives - 2);
  const runs = 2 ** Math.ceil(Math.log2(between + 1));
  const first = objectives > 1 ? FIRST_STRATA : 1;
  return Array.from({ length: first * runs }, (_, path) => {
    const [eighth, run] = [Math.floor(path / runs), path % runs];
    return Array.from({ length: objectives }, (_, objective): Stratum => {
      if (objective === 0) return { from: eighth / first, to: (eighth + 1) / first };
      if (objective === objectives - 1) return { from: 0, to: 1 };
      const half = parity(run & objective);
      return { from: half / 2, to: (half + 1) / 2 };
    });
  });
}

/** How often a model is asked for one joint distribution: each objective once for each different beginning of a path. */
export function questionsPerQuery(objectives: number): number {
  const paths = strata(objectives);
  const beginnings = (place: number) => new Set(paths.map((path) => JSON.stringify(path.slice(0, place)))).size;
  return Array.from({ length: objectives }, (_, place) => beginnings(place)).reduce((sum, count) => sum + count, 0);
}

/** Whether a number has an odd number of ones in binary: 1, else 0. */
function parity(bits: number): number {
  let odd = 0;
  for (let left = bits; left > 0; left >>= 1) odd ^= left & 1;
  return odd;
}

// How well one method's predictions fit what was measured.

/** One query as one method answered it; the interval is absent where the method gives none. */
export interface Answer {
  predicted: number;
  lower?: number;
  upper?: number;
}

export interface Scores {
  /** Mean of |ŷ − y| / (max − min). */
  error: number;
  /** Spearman's rank correlation of ŷ and y; NaN where either is constant. */
  spearman: number;
  /** Share of intervals that hold the truth; NaN without intervals. */
  coverage: number;
  /** Mean of (upper − lower) / (max − min); NaN without intervals. */
  width: number;
}

/**
 * @param answers One per measurement, in the same order.
 * @param range max − min of the study's measurements; must be positive.
 */
export function score(answers: readonly Answer[], measured: readonly number[], range: number): Scores {
  const mean = (of: (answer: Answer, y: number) => number) =>
    answers.reduce((sum, answer, i) => sum + of(answer, measured[i]!), 0) / answers.length;
  const bounds = ({ lower = Number.NaN, upper = Number.NaN }: Answer) => ({ lower, upper });
  return {
    error: mean(({ predicted }, y) => Math.abs(predicted - y) / range),
    spearman: spearman(
      answers.map(({ predicted }) => predicted),
      measured,
    ),
    coverage: mean((answer, y) => {
      const { lower, upper } = bounds(answer);
      return Number.isNaN(lower) ? Number.NaN : Number(lower <= y && y <= upper);
    }),
    width: mean((answer) => {
      const { lower, upper } = bounds(answer);
      return (upper - lower) / range;
    }),
  };
}

/** Pearson's correlation of the ranks; ties share their mean rank. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const ranksA = ranks(a);
  const ranksB = ranks(b);
  const mean = (a.length + 1) / 2;
  let covariance = 0;
  let varianceA = 0;
  let varianceB = 0;
  for (let i = 0; i < a.length; i++) {
    const da = ranksA[i]! - mean;
    const db = ranksB[i]! - mean;
    covariance += da * db;
    varianceA += da * da;
    varianceB += db * db;
  }
  return covariance / Math.sqrt(varianceA * varianceB);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) result[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return result;
}

// How the experts are put together: the centre and the width of the frame that an answer is written in.

/** What the relatives of a study say of a query. */
export interface HistorySays {
  value: number;
  sd: number;
  /** Mean size of its errors on trials it had not seen. */
  error: number;
}

/** An expert counts with the inverse of its error to this power. */
const POWER = 4;
/** Errors of the Gaussian process are taken for smaller by this: fitted on all trials it gains more on the others than they do. */
const PROCESS_GAIN = 0.8;
/** So are history's, which knows more trials than any of them. */
const HISTORY_GAIN = 0.8;
/** Where no other study speaks, this share goes to the process whatever the errors are: on a few trials they say little. */
const PROCESS_SHARE = 0.5;
/** Where others speak, theirs is that of this many trials among the study's own. */
const HISTORY_TRIALS = 10;

/** A weight for each, by the inverse of its error to the fourth power; together 1. */
export function weightsOf(errors: readonly number[]): number[] {
  const smallest = Math.min(...errors);
  // Relative to the smallest error, so that neither huge nor zero errors leave the range of doubles.
  const weights = errors.map((error) => (error > 0 ? (smallest / error) ** POWER : 1));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** What is known of one query. */
export interface Weighed {
  /** Predictions of the local experts. */
  means: readonly number[];
  /** Mean sizes of their errors on trials they had not seen, in the same order. */
  errors: readonly number[];
  /** The Gaussian process's place in that order, and its standard deviation for this query. */
  process: number;
  processSd: number;
  history: HistorySays | undefined;
  /** Measured trials that all of this is fitted on. */
  trials: number;
}

/**
 * Everything here was chosen on the `train+evaluate` families without the model. Without history (5, 10, 20, 50, 200 trials): error over that of the
 * process alone 1.00, .97, .96, .97, .93, where weights of 1/error² alone gave 1.01, 1.00, .97, 1.01, .96. What history adds: docs/prompt.md.
 */
export function weigh({ means, errors, process, processSd, history, trials }: Weighed): { center: number; sd: number } {
  const all = history ? [...means, history.value] : means;
  const sizes = errors.map((error, i) => (i === process ? PROCESS_GAIN * error : error));
  if (history) sizes.push(HISTORY_GAIN * history.error);
  const weights = weightsOf(sizes);
  const share = history ? HISTORY_TRIALS / (HISTORY_TRIALS + trials) : PROCESS_SHARE;
  const leaning = history ? means.length : process;
  const shares = weights.map((weight, i) => (1 - share) * weight + (i === leaning ? share : 0));
  const center = all.reduce((sum, value, i) => sum + shares[i]! * value, 0);
  if (!history) return { center, sd: processSd };
  const [own, others] = [shares[process]!, shares[leaning]!];
  return { center, sd: (own * processSd + others * history.sd) / (own + others) };
}

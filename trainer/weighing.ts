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
/** Where no other study speaks, this share goes to the process whatever the errors are: on a few trials they say little. */
const PROCESS_SHARE = 0.5;

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
}

/**
 * Chosen on the `train+evaluate` families without the model (5 to 200 trials; error relative to that of the process alone): 1.00, .97, .96, .97, .93 without
 * history, where weights of 1/error² gave 1.01, 1.00, .97, 1.01, .96; and docs/accuracy.md for what history adds.
 */
export function weigh({ means, errors, process, processSd, history }: Weighed): { center: number; sd: number } {
  const all = history ? [...means, history.value] : means;
  const sizes = history ? [...errors, history.error] : errors;
  const gained = sizes.map((error, i) => (i === process ? PROCESS_GAIN * error : error));
  const smallest = Math.min(...gained);
  // Relative to the smallest error, so that neither huge nor zero errors leave the range of doubles.
  const weights = gained.map((error) => (error > 0 ? (smallest / error) ** POWER : 1));
  const total = weights.reduce((a, b) => a + b, 0);
  const center = all.reduce((sum, value, i) => sum + (weights[i]! / total) * value, 0);
  if (!history) {
    return { center: PROCESS_SHARE * means[process]! + (1 - PROCESS_SHARE) * center, sd: processSd };
  }
  const [own, others] = [weights[process]!, weights[weights.length - 1]!];
  const both = own + others;
  return { center, sd: both > 0 ? (own * processSd + others * history.sd) / both : processSd };
}

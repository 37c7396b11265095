// The ends of what a study has measured.

export interface MeasuredRange {
  least: number;
  greatest: number;
  /** How many values there are. */
  count: number;
}

/** Undefined where no two values differ. */
export function rangeOf(values: ArrayLike<number>): MeasuredRange | undefined {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    greatest = Math.max(greatest, values[i]!);
  }
  return greatest > least ? { least, greatest, count: values.length } : undefined;
}

/** Where numbers end. */
export const FURTHEST = 1e31;

/** @param margin what is added on either side, in ranges */
export function widened({ least, greatest }: MeasuredRange, margin: number): { lower: number; upper: number } {
  const range = greatest - least;
  return {
    lower: Math.max(-FURTHEST, least - margin * range),
    upper: Math.min(FURTHEST, greatest + margin * range),
  };
}

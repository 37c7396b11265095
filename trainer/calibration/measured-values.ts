// A study's measured values as a statement about one that nothing else is known of: the rank of the next among them is even.
import { quantile } from '../../tokenizer/frame.js';

export class MeasuredValues {
  private readonly sorted: Float64Array;

  /** @param values at least one */
  constructor(values: readonly number[]) {
    this.sorted = Float64Array.from(values).sort();
  }

  /** What the next of exchangeable values lies below with probability p: of n values the i-th stands at i/(n + 1); the first and the last where p lies beyond them. */
  quantile(p: number): number {
    const n = this.sorted.length;
    if (n < 2) return this.sorted[0]!;
    const place = p * (n + 1) - 1;
    return quantile(this.sorted, Math.min(1, Math.max(0, place / (n - 1))));
  }
}

// What a method's answers are worth. All methods are judged alike: by a point estimate and the central intervals they state.
import { mean } from '../statistics.js';
import { LEVEL, type Metrics, type Stated } from './types.js';

/** Pairs of quantiles from which the CRPS is made. */
const PAIRS = 20;

/** Levels of central intervals whose ends are the quantiles (k − ½)/40, k = 1 … 40, from the widest in; then `LEVEL`. */
export const INTERVAL_LEVELS: readonly number[] = [
  ...Array.from({ length: PAIRS }, (_, k) => 1 - (2 * k + 1) / (2 * PAIRS)),
  LEVEL,
];

/**
 * - `error`: mean of min(1, |ŷ − y| / range), as in OmniPred (arXiv 2402.14547);
 * - `spearman`: rank correlation of ŷ and y; 0 where one of them does not vary;
 * - `crps`: continuous ranked probability score as twice the mean pinball loss of 40 quantiles (Gneiting and Ranjan 2011), in
 *   ranges and at most 1 a trial;
 * - `coverage`: share of the trials inside the interval of `LEVEL`; `width`: its mean width in ranges, at most 1 a trial.
 *
 * @param range greatest less smallest y of the whole study; positive
 */
export function metricsOf({ points, intervals }: Stated, measured: readonly number[], range: number): Metrics {
  const each = (value: (y: number, i: number) => number) => mean(measured.map(value));
  const at = (i: number) => intervals[i]![INTERVAL_LEVELS.length - 1]!;
  return {
    error: each((y, i) => Math.min(1, Math.abs(points[i]! - y) / range)),
    spearman: spearman(Array.from(points), measured),
    crps: each((y, i) => Math.min(1, crps(intervals[i]!.slice(0, PAIRS), y) / range)),
    coverage: each((y, i) => (at(i).lower <= y && y <= at(i).upper ? 1 : 0)),
    width: each((_, i) => Math.min(1, (at(i).upper - at(i).lower) / range)),
  };
}

/** @param intervals at the first `PAIRS` of `INTERVAL_LEVELS` */
function crps(intervals: readonly { lower: number; upper: number }[], y: number): number {
  const pinball = (quantile: number, p: number) => (y < quantile ? (1 - p) * (quantile - y) : p * (y - quantile));
  const losses = intervals.map(({ lower, upper }, k) => {
    const p = (2 * k + 1) / (4 * PAIRS);
    return pinball(lower, p) + pinball(upper, 1 - p);
  });
  return mean(losses);
}

/** Spearman's rank correlation, ties sharing their mean rank; 0 where one of them does not vary. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  return correlation(ranks(a), ranks(b));
}

/** Ranks from 0, equal values sharing theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let k = from; k <= to; k++) result[order[k]!] = (from + to) / 2;
    from = to + 1;
  }
  return result;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const product = mean(a.map((value, i) => (value - ma) * (b[i]! - mb)));
  const scale = Math.sqrt(mean(a.map((v) => (v - ma) ** 2)) * mean(b.map((v) => (v - mb) ** 2)));
  return scale > 0 ? product / scale : 0;
}

// What a group of trials has in common that the rest of the study has not: values that chance would hardly have put together.
import { isOrdered } from '../acquisition/parameter.js';
import type { Json } from '../types.js';
import type { Column } from './columns.js';
import type { SeenValues } from './seen.js';

/** Standard deviations from what a random group of this size would show: one in 80 goes as far by chance. */
const MIN_Z = 2.5;
/** Share of the group that has to have the values. */
const MIN_SHARE = 0.75;
/** The middle 80% is the range that is stated. */
const LOW = 0.1;
const HIGH = 0.9;
const MAX_SHARED = 4;

/** One thing a group shares: values of a category, or a range of an ordered parameter, beside that of the whole study. */
export interface SharedValue {
  parameter: string;
  /** Either this or `range`. Values that `share` of the group has. */
  categories?: { values: Json[]; share: number; studyShare: number };
  /** The middle 80%. */
  range?: { low: number; high: number; studyLow: number; studyHigh: number };
}

type Striking = { z: number; shared: SharedValue };

/**
 * The parameters in which a group differs most from the study it belongs to, the most striking first. A parameter that is
 * there only under a condition is compared among the trials that have it.
 * @param members the trials of the group, by place in the study
 */
export function sharedValues({ space, columns }: SeenValues, members: readonly number[]): SharedValue[] {
  const found: Striking[] = [];
  for (const [parameter, domain] of space.parameters) {
    const column = columns.get(parameter)!;
    const codes = members.map((i) => column.codes[i]!).filter((code) => code >= 0);
    if (codes.length < MIN_SHARE * members.length) continue;
    const result = isOrdered(domain)
      ? sharedRange(parameter, column, codes)
      : sharedCategories(parameter, column, codes);
    if (result && result.z >= MIN_Z) found.push(result);
  }
  return found
    .sort((a, b) => b.z - a.z)
    .slice(0, MAX_SHARED)
    .map(({ shared }) => shared);
}

/** Wilcoxon's rank-sum statistic of the group in the study, in standard deviations from what chance gives; ties share ranks. */
function sharedRange(parameter: string, column: Column, codes: readonly number[]): Striking | undefined {
  const { sorted } = column;
  const [n, m] = [sorted.length, codes.length];
  const ranks = new Map<number, number>();
  let ties = 0;
  for (let from = 0; from < n; ) {
    let to = from;
    while (to + 1 < n && sorted[to + 1] === sorted[from]) to++;
    ranks.set(sorted[from]!, (from + to) / 2 + 1);
    ties += (to - from + 1) ** 3 - (to - from + 1);
    from = to + 1;
  }
  const own = Float64Array.from(codes, (code) => column.values[code] as number).sort();
  const sum = own.reduce((total, value) => total + ranks.get(value)!, 0);
  const variance = ((m * (n - m)) / 12) * (n + 1 - ties / (n * (n - 1)));
  if (!(variance > 0)) return undefined;
  // Values that were really set: an integer between two that were is no setting that anybody chose.
  const at = (values: Float64Array, level: number) => values[Math.round(level * (values.length - 1))]!;
  const range = { low: at(own, LOW), high: at(own, HIGH), studyLow: at(sorted, LOW), studyHigh: at(sorted, HIGH) };
  return { z: Math.abs(sum - (m * (n + 1)) / 2) / Math.sqrt(variance), shared: { parameter, range } };
}

/** The categories that are commoner in the group than in the study, as few as cover most of it; hypergeometric. */
function sharedCategories(parameter: string, column: Column, codes: readonly number[]): Striking | undefined {
  const n = column.counts.reduce((total, count) => total + count, 0);
  const m = codes.length;
  const own = new Map<number, number>();
  for (const code of codes) own.set(code, (own.get(code) ?? 0) + 1);
  const commoner = [...own].filter(([code, count]) => count / m > column.counts[code]! / n).sort((a, b) => b[1] - a[1]);
  const values: Json[] = [];
  let [inGroup, inStudy] = [0, 0];
  for (const [code, count] of commoner) {
    if (inGroup >= MIN_SHARE * m) break;
    values.push(column.values[code]!);
    inGroup += count;
    inStudy += column.counts[code]!;
  }
  const share = inStudy / n;
  const variance = (m * share * (1 - share) * (n - m)) / (n - 1);
  if (inGroup < MIN_SHARE * m || !(variance > 0)) return undefined;
  const z = (inGroup - m * share) / Math.sqrt(variance);
  return { z, shared: { parameter, categories: { values, share: inGroup / m, studyShare: share } } };
}

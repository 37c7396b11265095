// From rows to the table: means over families and in each family, and how the model stands beside each baseline.
import { overFamilies, type Pair, ratioOf } from './bootstrap.js';
import {
  type EvaluationConfig,
  type EvaluationRow,
  METHODS,
  type Metrics,
  PROTOCOLS,
  type SummaryRow,
} from './types.js';

const MEASURES = ['error', 'spearman', 'crps', 'coverage', 'width'] as const;

/** One row a protocol, number of local trials, family (null: over all) and method, in this order. */
export function summarize(
  rows: readonly EvaluationRow[],
  { resamples, seed }: Pick<EvaluationConfig, 'resamples' | 'seed'>,
): SummaryRow[] {
  const sizes = [...new Set(rows.map(({ trials }) => trials))].sort((a, b) => a - b);
  const families = [...new Set(rows.map(({ family }) => family))].sort();
  const summary: SummaryRow[] = [];
  for (const protocol of PROTOCOLS) {
    for (const trials of sizes) {
      const some = rows.filter((row) => row.protocol === protocol && row.trials === trials);
      const best = bestBaseline(some);
      for (const family of [null, ...families]) {
        const inside = family === null ? some : some.filter((row) => row.family === family);
        const ours = inside.filter(({ method }) => method === 'omnireg');
        for (const method of METHODS) {
          const theirs = inside.filter((row) => row.method === method);
          if (theirs.length === 0) continue;
          const ratio = (measure: 'error' | 'crps') =>
            method === 'omnireg' ? null : ratioOf(pairsOf(ours, theirs, measure), resamples, seed);
          summary.push({
            protocol,
            trials,
            family,
            method,
            tasks: theirs.length,
            families: new Set(theirs.map((row) => row.family)).size,
            ...(Object.fromEntries(
              MEASURES.map((measure) => [measure, overFamilies(theirs, (row) => row[measure])]),
            ) as unknown as Metrics),
            errorRatio: ratio('error'),
            crpsRatio: ratio('crps'),
            best: method === best,
          });
        }
      }
    }
  }
  return summary;
}

/** The local baseline of least error over all families; undefined where there is none, as without local trials. */
function bestBaseline(rows: readonly EvaluationRow[]) {
  const local = METHODS.filter((method) => method !== 'omnireg' && method !== 'pooled_boosting');
  const scored = local.flatMap((method) => {
    const own = rows.filter((row) => row.method === method);
    return own.length === 0 ? [] : [{ method, error: overFamilies(own, ({ error }) => error) }];
  });
  return scored.sort((a, b) => a.error - b.error)[0]?.method;
}

function pairsOf(ours: readonly EvaluationRow[], theirs: readonly EvaluationRow[], measure: 'error' | 'crps'): Pair[] {
  const byStudy = new Map(theirs.map((row) => [row.study, row]));
  return ours.map((row) => ({
    family: row.family,
    ours: row[measure],
    theirs: byStudy.get(row.study)![measure],
  }));
}

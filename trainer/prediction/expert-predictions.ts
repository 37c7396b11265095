// What the local experts say of queries, beside the model's answer.
import { EXPERT_NAMES } from '../experts/expert.js';
import type { FittedExperts } from '../experts/fit-experts.js';
import type { ExpertPrediction, JsonObject } from '../types.js';

/** The median of the measurements and each expert, for each query. */
export function expertPredictions(
  experts: FittedExperts,
  queries: readonly JsonObject[],
  levels: readonly number[],
): ExpertPrediction[][] {
  const predicted = experts.predict(queries);
  return queries.map((_, q) =>
    (['median', ...EXPERT_NAMES] as const).map((name) => {
      const mean = predicted[name]!.mean[q]!;
      const sd = predicted[name]!.sd?.[q];
      const intervals = levels.map((level) => ({ level, ...experts.interval(name, mean, level, sd) }));
      return { name, mean, intervals };
    }),
  );
}

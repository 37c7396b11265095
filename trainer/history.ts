// History: what the user's other studies say about an x, as one more feature for the experts of this one.
import { studyFrame } from '../tokenizer/frame.js';
import { fitExperts } from './experts/fit-experts.js';
import { Random } from './random.js';
import type { Json, JsonObject, StudyData, Trial } from './types.js';

/** One finished trial as it is kept with a model. */
export interface HistoryRow {
  /** Id of its study: a study never learns from itself here. */
  study: string;
  objective: string;
  /** Parameters, and the study's scalar metadata beside them. */
  features: JsonObject;
  /** y in the frame of its whole study, so that studies of different scales speak of the same thing. */
  u: number;
}

/** Rows kept an objective, spread evenly over its studies: what boosting fits in about a second. */
const MAX_ROWS = 6000;
const FOLDS = 5;
const SEED = 1;
const ROW_STREAM = 0x726f7773;

/** Studies are pooled by what they measure; its name is the same in all of them or they do not meet. */
const poolOf = (study: StudyData): string => study.objective.name.trim().toLowerCase();

/** At most `limit` items at even distances, the first and the last among them. */
export function thin<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.round((i * (items.length - 1)) / (limit - 1))]!);
}

/** Numbers and truth values anywhere in the metadata, under dotted names: entropy of the input, rows of the table. */
function scalars(metadata: JsonObject, prefix = '⟨metadata⟩', found: JsonObject = {}): JsonObject {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'number' || typeof value === 'boolean') found[`${prefix}.${key}`] = value;
    else if (isObject(value)) scalars(value, `${prefix}.${key}`, found);
  }
  return found;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Trials of all studies in their studies' frames; of each study at most its share of `MAX_ROWS`, drawn evenly. */
export function collectHistory(studies: readonly StudyData[]): HistoryRow[] {
  const studiesIn = new Map<string, number>();
  for (const study of studies) studiesIn.set(poolOf(study), (studiesIn.get(poolOf(study)) ?? 0) + 1);
  return studies.flatMap((study, index) => {
    const measured = study.trials.filter((t): t is Trial & { y: number } => t.y !== null);
    const frame = studyFrame(measured.map((t) => t.y));
    const metadata = scalars(study.metadata);
    const share = Math.ceil(MAX_ROWS / studiesIn.get(poolOf(study))!);
    return new Random(SEED, ROW_STREAM, index)
      .shuffle([...measured])
      .slice(0, share)
      .map((t) => ({
        study: study.id,
        objective: poolOf(study),
        features: { ...t.x, ...metadata },
        u: frame.toUnit(t.y),
      }));
  });
}

/** What the parent model knew stays known, but for the studies that are learned anew; never more than `MAX_ROWS` an objective. */
export function mergeHistory(own: readonly HistoryRow[], parents: readonly HistoryRow[]): HistoryRow[] {
  const known = new Set(own.map((row) => row.study));
  const all = [...own, ...parents.filter((row) => !known.has(row.study))];
  return [...new Set(all.map((row) => row.objective))].flatMap((objective) =>
    thin(
      all.filter((row) => row.objective === objective),
      MAX_ROWS,
    ),
  );
}

/** u of each x in the frame of `study`, as other studies see it. */
export type HistoryModel = (study: StudyData, xs: readonly JsonObject[]) => Float64Array;

/** Boosting over all studies that measure what `study` does, but for those in `excluded`; undefined where none is left. */
export function fitHistory(
  rows: readonly HistoryRow[],
  study: StudyData,
  excluded: ReadonlySet<string>,
): HistoryModel | undefined {
  const pool = rows.filter((row) => row.objective === poolOf(study) && !excluded.has(row.study));
  if (pool.length === 0) return undefined;
  const experts = fitExperts(
    pool.map((row) => row.features),
    pool.map((row) => row.u),
    { seed: SEED, which: ['gradient_boosting'] },
  );
  return (asked, xs) => {
    const metadata = scalars(asked.metadata);
    return experts.predict(xs.map((x) => ({ ...x, ...metadata }))).gradient_boosting!.mean;
  };
}

/** Groups of studies that are left out together when history is cross-fitted: a study's own y never reaches its history. */
export function historyFolds(studies: readonly StudyData[]): StudyData[][] {
  const folds: StudyData[][] = [];
  const byPool = new Map<string, StudyData[]>();
  for (const study of studies) byPool.set(poolOf(study), [...(byPool.get(poolOf(study)) ?? []), study]);
  for (const pool of byPool.values()) {
    if (pool.length < 2) continue;
    const count = Math.min(FOLDS, pool.length);
    for (let fold = 0; fold < count; fold++) folds.push(pool.filter((_, i) => i % count === fold));
  }
  return folds;
}

// History: what the user's other studies say about an x, as one more feature for the experts of this one.
import { type Frame, studyFrame } from '../tokenizer/frame.js';
import { fitExperts } from './experts/fit-experts.js';
import { Random } from './random.js';
import { drawFew } from './study-source.js';
import type { Json, JsonObject, StudyHead, StudySource, Trial } from './types.js';

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
/** Rows kept in all: what is held in memory, and written with a model, stays bounded however many objectives there are. */
const MAX_ALL_ROWS = 48_000;
const FOLDS = 5;
const SEED = 1;
const ROW_STREAM = 0x726f7773;

/** Studies are pooled by what they measure; its name is the same in all of them or they do not meet. */
export const poolOf = (study: StudyHead): string => study.objective.name.trim().toLowerCase();

/** At most `limit` items at even distances, the first and the last among them. */
export function thin<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.round((i * (items.length - 1)) / (limit - 1))]!);
}

/** In front of what was metadata: no parameter can have it, ⟨ is escaped in all text. */
const METADATA = '⟨metadata⟩';

/** Numbers and truth values anywhere in the metadata, under dotted names: entropy of the input, rows of the table. */
function scalars(metadata: JsonObject, prefix = METADATA, found: JsonObject = {}): JsonObject {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'number' || typeof value === 'boolean') found[`${prefix}.${key}`] = value;
    else if (isObject(value)) scalars(value, `${prefix}.${key}`, found);
  }
  return found;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Rows an objective, where there are so many objectives. */
const rowsPerPool = (pools: number): number => Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_ALL_ROWS / pools)));

/** Trials of all studies in their studies' frames; of each study at most its share of `MAX_ROWS`, drawn evenly. */
export async function collectHistory(studies: readonly StudySource[]): Promise<HistoryRow[]> {
  const studiesIn = new Map<string, number>();
  for (const study of studies) studiesIn.set(poolOf(study), (studiesIn.get(poolOf(study)) ?? 0) + 1);
  const rows: HistoryRow[] = [];
  for (const [index, study] of studies.entries()) {
    const outcomes = await study.outcomes();
    const measured = Int32Array.from(outcomes.keys()).filter((position) => !Number.isNaN(outcomes[position]!));
    const frame = studyFrame(outcomes.filter((y) => !Number.isNaN(y)));
    const share = Math.ceil(rowsPerPool(studiesIn.size) / studiesIn.get(poolOf(study))!);
    const drawn = drawFew(measured, share, new Random(SEED, ROW_STREAM, index));
    const trials = await study.read(drawn);
    const ys = Array.from(drawn, (position) => outcomes[position]!);
    for (const row of rowsOf(study, trials, ys, frame)) rows.push(row);
  }
  return rows;
}

/** A study's trials as other studies see them: `ys` are what they measured, `frame` is the study's. */
export function rowsOf(study: StudyHead, trials: readonly Trial[], ys: readonly number[], frame: Frame): HistoryRow[] {
  const metadata = scalars(study.metadata);
  const objective = poolOf(study);
  return trials.map(({ x }, i) => ({
    study: study.id,
    objective,
    features: { ...x, ...metadata },
    u: frame.toUnit(ys[i]!),
  }));
}

/** What the parent model knew stays known, but for the studies that are learned anew; never more than `MAX_ROWS` an objective. */
export function mergeHistory(own: readonly HistoryRow[], parents: readonly HistoryRow[]): HistoryRow[] {
  const known = new Set(own.map((row) => row.study));
  const all = [...own, ...parents.filter((row) => !known.has(row.study))];
  const pools = new Map<string, HistoryRow[]>();
  for (const row of all) append(pools, row.objective, row);
  return [...pools.values()].flatMap((pool) => thin(pool, rowsPerPool(pools.size)));
}

/** u of each x in the frame of `study`, as other studies see it. */
export type HistoryModel = (study: StudyHead, xs: readonly JsonObject[]) => Float64Array;

/** What studies other than this one measured of its objective. */
export function historyOf(rows: readonly HistoryRow[], study: StudyHead): HistoryRow[] {
  return rows.filter((row) => row.objective === poolOf(study) && row.study !== study.id);
}

/** A row's parameters, without the metadata of its study. */
export function parametersOf(features: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(features).filter(([name]) => !name.startsWith(METADATA)));
}

/** Boosting over all studies that measure what `study` does, but for those in `excluded`; undefined where none is left. */
export function fitHistory(
  rows: readonly HistoryRow[],
  study: StudyHead,
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

/** Studies that are left out together when history is cross-fitted: a study's own y never reaches its history. */
export interface HistoryFold {
  /** Positions of its studies in the list of all. */
  studies: number[];
  /** What the studies outside say of the same objective. */
  rows: HistoryRow[];
}

/** Each study that does not stand alone with its objective is in one fold. */
export function historyFolds(studies: readonly StudyHead[], rows: readonly HistoryRow[]): HistoryFold[] {
  const rowsOf = new Map<string, HistoryRow[]>();
  for (const row of rows) append(rowsOf, row.objective, row);
  const byPool = new Map<string, number[]>();
  for (const [index, study] of studies.entries()) append(byPool, poolOf(study), index);
  return [...byPool].flatMap(([pool, members]) => {
    const count = Math.min(FOLDS, members.length);
    return Array.from({ length: count }, (_, fold): HistoryFold => {
      const inside = members.filter((_, i) => i % count === fold);
      const ids = new Set(inside.map((index) => studies[index]!.id));
      return { studies: inside, rows: (rowsOf.get(pool) ?? []).filter((row) => !ids.has(row.study)) };
    }).filter((fold) => fold.rows.length > 0);
  });
}

function append<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group) group.push(value);
  else groups.set(key, [value]);
}

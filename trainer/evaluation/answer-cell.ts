// One cell of an evaluation: one study with one number of local trials, answered by every method and scored.
import type { OpenModel } from '../adapter-directory.js';
import type { Inference } from '../model/inference.js';
import { Predictor } from '../prediction/predictor.js';
import type { StudyHead } from '../types.js';
import { localBaselines, type PoolRow, pooledBoosting } from './baselines.js';
import { INTERVAL_LEVELS, metricsOf } from './metrics.js';
import type { MeasuredTrial } from './splits.js';
import { METHODS, type Method, type Metrics, type Stated } from './types.js';

export interface Cell {
  modelDir: string;
  head: StudyHead;
  range: number;
  local: MeasuredTrial[];
  test: MeasuredTrial[];
  /** Trials of the family's other studies, where they may be known. */
  pool: PoolRow[];
}

export type CellScores = { method: Method; metrics: Metrics }[];

/** @param model of the cell's `modelDir`, and its inference */
export async function answerCell(
  { head, range, local, test, pool }: Cell,
  model: OpenModel,
  inference: Inference,
): Promise<CellScores> {
  const xs = test.map(({ x }) => x);
  const stated: Partial<Record<Method, Stated>> = {
    // A predictor of its own: what one keeps of a study as it grows would let answers depend on the order of the cells.
    omnireg: await modelAnswers(new Predictor(model, inference), head, local, xs),
    ...(local.length > 0 && localBaselines(local, xs)),
    ...(pool.length > 0 && { pooled_boosting: pooledBoosting(pool, local, xs) }),
  };
  const measured = test.map(({ y }) => y);
  return METHODS.flatMap((method) => {
    const answers = stated[method];
    return answers ? [{ method, metrics: metricsOf(answers, measured, range) }] : [];
  });
}

async function modelAnswers(
  predictor: Predictor,
  head: StudyHead,
  trials: MeasuredTrial[],
  queries: MeasuredTrial['x'][],
): Promise<Stated> {
  const levels = [...INTERVAL_LEVELS];
  const { predictions } = await predictor.predict({
    study: { ...head, trials },
    queries,
    levels,
    includeExperts: false,
  });
  return {
    points: predictions.map(({ median }) => median),
    intervals: predictions.map(({ intervals }) => intervals),
  };
}

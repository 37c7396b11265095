// What the model is compared with: the local experts, their average, and boosting pooled over the family.
import { studyFrame } from '../../tokenizer/frame.js';
import { EXPERT_NAMES } from '../experts/expert.js';
import { fitExperts } from '../experts/fit-experts.js';
import { conformalRadius } from '../experts/residual-interval.js';
import { mean } from '../statistics.js';
import type { JsonObject } from '../types.js';
import { INTERVAL_LEVELS } from './metrics.js';
import type { MeasuredTrial } from './splits.js';
import type { Method, Stated } from './types.js';

const SEED = 1;
/** The task as a feature; no parameter has this name, ⟨ is escaped in all text. */
const TASK = '⟨task⟩';
const LOCAL = 'local';

/** Trials of another study of the family. */
export interface PoolRow extends MeasuredTrial {
  task: string;
  /** y in the frame of its whole study. */
  u: number;
}

/** Answers of every local baseline. @param context at least one trial */
export function localBaselines(
  context: readonly MeasuredTrial[],
  xs: readonly JsonObject[],
): Partial<Record<Method, Stated>> {
  const y = context.map((trial) => trial.y);
  const experts = fitExperts(
    context.map(({ x }) => x),
    y,
    { seed: SEED },
  );
  const predictions = experts.predict(xs);
  const stated: Partial<Record<Method, Stated>> = {};
  for (const name of ['median', ...EXPERT_NAMES] as const) {
    const { mean: points, sd } = predictions[name]!;
    stated[name] = {
      points,
      intervals: xs.map((_, i) => INTERVAL_LEVELS.map((level) => experts.interval(name, points[i]!, level, sd?.[i]))),
    };
  }
  const average = (of: (name: (typeof EXPERT_NAMES)[number]) => number) => mean(EXPERT_NAMES.map(of));
  const points = xs.map((_, i) => average((name) => predictions[name]!.mean[i]!));
  const own = y.map((_, i) => average((name) => experts.crossFitted(name).mean[i]!));
  stated.expert_average = around(
    points,
    own.map((value, i) => value - y[i]!),
  );
  return stated;
}

/**
 * Boosting over the family's other studies and the local trials, with the task as a feature. It is fitted on y as it is, and on
 * y in each study's own frame; what is nearer to the local trials, each predicted without itself, answers. Without local
 * trials there is no frame: y as it is answers, and its intervals come from the other studies' trials, each predicted while
 * others of the same study are known, so that they are too narrow.
 */
export function pooledBoosting(
  pool: readonly PoolRow[],
  context: readonly MeasuredTrial[],
  xs: readonly JsonObject[],
): Stated {
  const features = [
    ...pool.map(({ x, task }) => ({ ...x, [TASK]: task })),
    ...context.map(({ x }) => ({ ...x, [TASK]: LOCAL })),
  ];
  const asked = xs.map((x) => ({ ...x, [TASK]: LOCAL }));
  const boost = (targets: number[], from: (value: number) => number) => {
    const experts = fitExperts(features, targets, { seed: SEED, which: ['gradient_boosting'] });
    const own = experts.crossFitted('gradient_boosting').mean;
    const first = context.length > 0 ? pool.length : 0;
    const errors = targets.slice(first).map((target, i) => from(own[first + i]!) - from(target));
    const points = Array.from(experts.predict(asked).gradient_boosting!.mean, from);
    return { points, errors, size: mean(errors.map(Math.abs)) };
  };
  const local = context.map(({ y }) => y);
  const plain = boost([...pool.map(({ y }) => y), ...local], (value) => value);
  if (context.length === 0) return around(plain.points, plain.errors);
  const frame = studyFrame(local);
  const targets = [...pool.map(({ u }) => u), ...local.map((y) => frame.toUnit(y))];
  const framed = boost(targets, (u) => frame.fromUnit(u));
  const better = framed.size <= plain.size ? framed : plain;
  return around(better.points, better.errors);
}

/** Symmetric intervals from out-of-sample errors, as the experts have them (split conformal). */
function around(points: readonly number[], errors: readonly number[]): Stated {
  const sizes = Float64Array.from(errors, Math.abs).sort();
  const radii = INTERVAL_LEVELS.map((level) => conformalRadius(sizes, level));
  return {
    points,
    intervals: points.map((point) => radii.map((radius) => ({ lower: point - radius, upper: point + radius }))),
  };
}

// Intervals that hold: a conformal correction in quantile space, so that widths stay as adaptive as the model's own.
import type { Distribution } from './distribution.js';
import type { PredictionInterval } from './types.js';

/**
 * How central a measured value stands in what was predicted for it: 0 at the median, 1 at the far ends. Uniform on
 * [0, 1] where the model's probabilities hold.
 */
export function centrality(distribution: Distribution, y: number): number {
  return Math.abs(2 * distribution.cdf(y) - 1);
}

/**
 * Fewest cross-fitted trials of a study for a correction of its own: below it a 90% interval would need more trials
 * than there are to bound its level at all (⌈(n+1)·0.9⌉ ≤ n from n = 9 on).
 */
export const MIN_STUDY_TRIALS = 9;

export interface CalibrationScores {
  /** Centralities of the study's own cross-fitted predictions. */
  study: readonly number[];
  /** Centralities of the model's validation queries, in other studies: they steady the few of the study itself. */
  model: readonly number[];
}

/** The weight of all model scores together, in trials of the study. */
const MODEL_WEIGHT = 10;

/**
 * The central share of the model's distribution that holds the truth with probability `level`: a weighted quantile of the
 * scores, which is split conformal prediction (Vovk et al., 2005) on centralities. The one more score at the far end that
 * pays for having few of them counts as much as the study's share of all weight: the model's scores are many.
 */
export function calibratedShare({ study, model }: CalibrationScores, level: number): number {
  const own = study.length >= MIN_STUDY_TRIALS ? study : [];
  const modelWeight = Math.min(MODEL_WEIGHT, model.length);
  const known = own.length + modelWeight;
  if (known === 0) return level;
  const each = modelWeight / Math.max(1, model.length);
  const scores = [...own.map((score) => ({ score, weight: 1 })), ...model.map((score) => ({ score, weight: each }))];
  scores.sort((a, b) => a.score - b.score);
  const total = known + own.length / known;
  let below = 0;
  for (const { score, weight } of scores) {
    below += weight;
    if (below >= level * total) return score;
  }
  return 1;
}

/** An interval of the whole distribution would end where numbers end, at 1e31: what lies outside of this share is left out. */
const WIDEST_SHARE = 0.9999;

/** The interval between the two quantiles that leave (1 − share)/2 on either side. */
export function centralInterval(distribution: Distribution, level: number, share: number): PredictionInterval {
  const held = Math.min(share, WIDEST_SHARE);
  return {
    level,
    lower: distribution.quantile((1 - held) / 2),
    upper: distribution.quantile((1 + held) / 2),
  };
}

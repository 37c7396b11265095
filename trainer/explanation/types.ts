// What an explanation is: plain data, computed from the study's trials and the model's answers.
import type { Json, JsonObject, StudyData } from '../types.js';
import type { SharedValue } from './shared-values.js';

export const EXPLANATION_PARTS = ['neighbours', 'prototypes', 'effects'] as const;
export type ExplanationPart = (typeof EXPLANATION_PARTS)[number];

export interface ExplainLimits {
  /** Nearest trials of each query. */
  neighbours: number;
  /** Prototypes of the study. */
  prototypes: number;
  /** Parameters that the model is asked about, those first that the experts say matter most. */
  parameters: number;
  /** Values of each parameter, and the one it has. */
  points: number;
}

/** parameters × (points + 1) predictions a query at the most: 56 to 64 with these. */
export const EXPLAIN_DEFAULTS: Readonly<ExplainLimits> = { neighbours: 5, prototypes: 4, parameters: 8, points: 7 };

export interface ExplainRequest {
  study: StudyData;
  queries: JsonObject[];
  include: readonly ExplanationPart[];
  limits?: Partial<ExplainLimits>;
}

/** A trial of the study that the model sees as like the query. */
export interface LikeTrial {
  /** Place in the study's trials. */
  trial: number;
  x: JsonObject;
  /** null where it failed. */
  y: number | null;
  /** Share of pairs of the study's trials that are at least as unlike as this trial and the query; null of a single trial. */
  similarity: number | null;
  /** Parameters in which the two differ. */
  differs: string[];
}

/** A trial that stands for a group: of all trials, the nearest to those of its group. */
export interface Prototype {
  trial: number;
  x: JsonObject;
  y: number | null;
  /** Trials in its group, of those that were compared. */
  trials: number;
  /** Those of them that failed. */
  failed: number;
  /** Of the y measured in the group: the 10%, 50% and 90% quantile; null where none was measured. */
  yRange: { low: number; median: number; high: number } | null;
  /** What the group has in common and the study has not. */
  shared: SharedValue[];
}

export interface EffectPoint {
  value: Json;
  median: number;
  /** Probability that the experiment fails. */
  pInfeasible: number;
  /** Whether it is the value that the query has. */
  current: boolean;
  /** Parameters that had to go, and values that had to change, as they do not exist or were never seen with this value. */
  removed: string[];
  set: JsonObject;
}

/** How the median moves with an ordered parameter; `unordered` of categories; `flat` where it moves less than is known of it. */
export type Direction = 'rises' | 'falls' | 'peaks' | 'dips' | 'varies' | 'flat' | 'unordered';

/** How the model's median moves along one parameter, the others held. */
export interface Effect {
  parameter: string;
  direction: Direction;
  /** Largest less smallest median, in the unit of y. */
  size: number;
  points: EffectPoint[];
  warnings: string[];
}

export interface Explanation {
  median: number;
  /** Quartiles of the model's own distribution: how sure it is. */
  quartiles: { lower: number; upper: number };
  pInfeasible: number;
  /** Where x lies outside of what the study has seen, in sentences. */
  warnings: string[];
  neighbours?: LikeTrial[];
  /** Place in the study's prototypes of the one that the query is nearest to; null where there are none. */
  prototype?: number | null;
  /** The largest first. */
  effects?: Effect[];
  /** Parameters of x without an effect, and why; those that the experts say matter less than the ones asked about come last. */
  leftOut?: { parameter: string; reason: string }[];
}

export interface ExplainResult {
  explanations: Explanation[];
  prototypes?: Prototype[];
  /** Trials that neighbours and prototypes were sought among, and how many the study has. */
  compared: { trials: number; of: number };
}

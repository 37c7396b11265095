// Predictions of a study's objectives for some x: each for itself, given others where they have been measured, and jointly.
import { conditionOn } from '../../../trainer/given.js';
import { predictJoint } from '../../../trainer/joint/chain.js';
import type { JsonObject, Measured, Prediction, PredictResult } from '../../../trainer/types.js';
import type { Asked, Target } from './handler.js';

export interface PredictionInput extends Target {
  queries: JsonObject[];
  /** What has been measured of each query; absent: nothing of any. Never all objectives of the study. */
  given?: readonly (Measured | null)[];
  levels: number[];
  includeExperts: boolean;
  includeJoint?: boolean;
}

/** What several objectives measure together, in the order of `objectives`. */
export interface JointAnswer {
  objectives: readonly string[];
  draws: number[][];
  rankCorrelation: number[][];
}

export type Calibration = PredictResult['calibration'];

/** What the model says of one query, by objectives in the study's order, those that are given left out. */
export interface QueryAnswer {
  objectives: { name: string; prediction: Prediction; calibration: Calibration }[];
  /** Whether anything was given. */
  isGiven: boolean;
  /** Where x lies outside of what the study has tried. */
  warnings: string[];
  joint?: JointAnswer;
}

/** Draws of a joint distribution: some for each of its paths, of which there are at most 64. */
const DRAWS = 64;
const DRAW_SEED = 1;

/** One answer a query, in their order. */
export async function predict(input: PredictionInput, asked: Asked): Promise<QueryAnswer[]> {
  const { predictor, views, signal } = asked;
  const { levels, includeExperts } = input;
  // Every view has the same x.
  const warnings = predictor.warnings(views[0]!, input.queries);
  const answers = warnings.map((own): QueryAnswer => ({ objectives: [], isGiven: false, warnings: own }));
  for (const { names, members } of groups(
    input,
    views.map(({ objective }) => objective.name),
  )) {
    const queries = members.map((query) => input.queries[query]!);
    const given = names.length > 0 ? { given: members.map((query) => input.given![query]!) } : {};
    for (const view of views.filter(({ objective }) => !names.includes(objective.name))) {
      const request = { study: conditionOn(view, names), queries, ...given, levels, includeExperts };
      const { predictions, calibration } = await predictor.predict(request, signal);
      members.forEach((query, i) => {
        const { objectives } = answers[query]!;
        objectives.push({ name: view.objective.name, prediction: predictions[i]!, calibration });
        answers[query]!.isGiven = names.length > 0;
      });
    }
    if (!input.includeJoint) continue;
    const known = queries.map((x, i) => (given.given ? { x, given: given.given[i]! } : { x }));
    const joints = await predictJoint(predictor, views, known, signal);
    members.forEach((query, i) => {
      const joint = joints[i]!;
      answers[query]!.joint = {
        objectives: joint.objectives,
        draws: joint.draws(DRAWS, DRAW_SEED),
        rankCorrelation: joint.rankCorrelation(),
      };
    });
  }
  return answers;
}

/** Queries of which the same objectives are given: they are answered together, from one set of fits. */
function groups({ queries, given }: PredictionInput, order: readonly string[]) {
  const found = new Map<string, { names: string[]; members: number[] }>();
  queries.forEach((_, query) => {
    const values = given?.[query] ?? {};
    const names = order.filter((name) => Object.hasOwn(values, name));
    const key = JSON.stringify(names);
    const group = found.get(key) ?? { names, members: [] };
    group.members.push(query);
    found.set(key, group);
  });
  return found.values();
}

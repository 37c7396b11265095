// How the model's median moves along each parameter, the others held: individual conditional expectation (Goldstein et al., 2015).
import type { Distribution } from '../distribution.js';
import type { JsonObject } from '../types.js';
import { presentIn } from './columns.js';
import { type Variations, variationsOf } from './parameter-values.js';
import type { SeenValues } from './seen.js';
import type { Direction, Effect, ExplainLimits, Explanation } from './types.js';

/** Parameters that the experts are asked about, to find those that matter. */
const MAX_SCREENED = 64;
/** Changes against the direction that still count as going along with it, as a share of all changes. */
const AGAINST = 0.1;
/** What moves the median by less than this part of the distance between its quartiles is flat: less than is known of it. */
const FLAT = 0.25;

/** One parameter of a query with all that is to be asked about it. */
interface Plan extends Variations {
  parameter: string;
}

export interface EffectPlan {
  plans: Plan[];
  leftOut: NonNullable<Explanation['leftOut']>;
  /** Every x to be asked about, plan by plan. */
  xs: JsonObject[];
}

/** Cheap guesses at the median of y at each of xs; undefined where nothing was measured. */
export type Screen = (xs: readonly JsonObject[]) => ArrayLike<number> | undefined;

/** What to ask the model about x: the parameters whose screened effect is largest, at most `limits.parameters`. */
export function planEffects(x: JsonObject, seen: SeenValues, screen: Screen, limits: ExplainLimits): EffectPlan {
  const names = Object.keys(x).filter((name) => presentIn(x, name));
  const leftOut: EffectPlan['leftOut'] = [];
  const plans: Plan[] = [];
  for (const parameter of names) {
    if (plans.length >= MAX_SCREENED) leftOut.push({ parameter, reason: `only ${MAX_SCREENED} are looked at` });
    else {
      const found = variationsOf(x, parameter, seen, limits.points);
      if (typeof found === 'string') leftOut.push({ parameter, reason: found });
      else plans.push({ parameter, ...found });
    }
  }
  const guesses = screen(plans.flatMap(({ variations }) => variations.map((variation) => variation.x)));
  let at = 0;
  const screened = plans.map((plan) => {
    const own = plan.variations.map(() => guesses?.[at++] ?? 0);
    return { plan, size: Math.max(...own) - Math.min(...own) };
  });
  screened.sort((a, b) => b.size - a.size);
  for (const { plan } of screened.slice(limits.parameters)) {
    leftOut.push({ parameter: plan.parameter, reason: 'the experts say that others matter more' });
  }
  const kept = screened.slice(0, limits.parameters).map(({ plan }) => plan);
  return { plans: kept, leftOut, xs: kept.flatMap(({ variations }) => variations.map((variation) => variation.x)) };
}

/**
 * @param distributions the model's answers to the plan's `xs`, in their order
 * @param quartiles of what the model says of x itself
 * @returns effects, the largest first
 */
export function effectsOf(
  { plans }: EffectPlan,
  x: JsonObject,
  distributions: readonly Distribution[],
  quartiles: Explanation['quartiles'],
): Effect[] {
  let at = 0;
  const tolerance = FLAT * (quartiles.upper - quartiles.lower);
  const effects = plans.map(({ parameter, variations, ordered, warnings }): Effect => {
    const points = variations.map((variation) => {
      const { median, pInfeasible } = distributions[at++]!;
      const { value, removed, set } = variation;
      return { value, median, pInfeasible, current: variation.x === x, removed, set };
    });
    const medians = points.map(({ median }) => median);
    const size = Math.max(...medians) - Math.min(...medians);
    const direction = ordered || size <= tolerance ? directionOf(medians, tolerance) : 'unordered';
    return { parameter, direction, size, points, warnings };
  });
  return effects.sort((a, b) => b.size - a.size);
}

/**
 * Where a sequence goes: up or down if at most a tenth of its changes go against; `peaks` and `dips` if it so goes up and
 * then down, or down and then up, by more than a tenth each; `flat` if it never leaves `tolerance`; else `varies`.
 */
export function directionOf(values: readonly number[], tolerance = 0): Direction {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high - low > tolerance)) return 'flat';
  const changes = values.slice(1).map((value, i) => value - values[i]!);
  const up = (part: readonly number[]) => part.reduce((sum, change) => sum + Math.max(0, change), 0);
  const down = (part: readonly number[]) => part.reduce((sum, change) => sum + Math.max(0, -change), 0);
  const total = up(changes) + down(changes);
  if (down(changes) <= AGAINST * total) return 'rises';
  if (up(changes) <= AGAINST * total) return 'falls';
  const [peak, dip] = [values.indexOf(high), values.indexOf(low)];
  if (down(changes.slice(0, peak)) + up(changes.slice(peak)) <= AGAINST * total) return 'peaks';
  if (up(changes.slice(0, dip)) + down(changes.slice(dip)) <= AGAINST * total) return 'dips';
  return 'varies';
}

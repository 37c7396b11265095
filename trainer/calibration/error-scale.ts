// On which scale the errors of a study's predictions are even: y itself, or its logarithm. See docs/calibration.md.
import { type MeasuredRange, widened } from './measured-range.js';
import type { Scored } from './scored.js';

/** By how many ranges of its measured values, on their scale, a study's intervals may reach beyond them. */
const REACH = 0.25;
/** Values that lie within less than this factor are as even on one scale as on the other. */
const LEAST_RATIO = 2;

/** An increasing function of y, and where intervals end. */
export interface ErrorScale {
  logarithmic: boolean;
  to(y: number): number;
  /** The other way round, where `to` is one to one. */
  from(place: number): number;
  /** How long a small length at y is on the scale, for each unit of y. */
  rate(y: number): number;
  /** In the unit of y; absent: nowhere. */
  reach?: { lower: number; upper: number };
}

/** y itself. */
export function linearScale(range: MeasuredRange | undefined): ErrorScale {
  const itself = (y: number): number => y;
  const scale: ErrorScale = { logarithmic: false, to: itself, from: itself, rate: () => 1 };
  return range ? { ...scale, reach: widened(range, REACH) } : scale;
}

/**
 * The logarithm of positive y, and of negative y minus that of −y. Above all measured values it goes on as a straight line: what is larger than anything measured is
 * not larger by factors as well. What is so small that no interval reaches it counts as the least that one does.
 * @param range of values of one sign
 */
export function logScale(range: MeasuredRange): ErrorScale {
  return range.least > 0 ? logOfPositive(range) : mirrored(logOfPositive(turned(range)));
}

function logOfPositive(range: MeasuredRange): ErrorScale {
  const { least, greatest } = range;
  const top = Math.log(greatest);
  const bottom = Math.exp(Math.log(least) - REACH * (top - Math.log(least)));
  return {
    logarithmic: true,
    to: (y) => (y > greatest ? top + (y - greatest) / greatest : Math.log(Math.max(y, bottom))),
    from: (place) => (place > top ? greatest * (1 + (place - top)) : Math.exp(place)),
    rate: (y) => 1 / Math.min(greatest, Math.max(y, bottom)),
    reach: { lower: bottom, upper: widened(range, REACH).upper },
  };
}

const turned = ({ least, greatest, count }: MeasuredRange): MeasuredRange => ({
  least: -greatest,
  greatest: -least,
  count,
});

function mirrored({ to, from, rate, reach, ...rest }: ErrorScale): ErrorScale {
  return {
    ...rest,
    to: (y) => -to(-y),
    from: (place) => -from(-place),
    rate: (y) => rate(-y),
    ...(reach && { reach: { lower: -reach.upper, upper: -reach.lower } }),
  };
}

/** Whether values of this range can differ by factors, to speak of: they have one sign and do not lie close together. */
export function mayBeFactors({ least, greatest }: MeasuredRange): boolean {
  if (least > 0) return greatest / least >= LEAST_RATIO;
  return greatest < 0 && least / greatest >= LEAST_RATIO;
}

/**
 * The scale on which the study's errors are the likelier ones, were they alike everywhere: Laplace distributed, compared per unit of y (Box and Cox, 1964, for
 * predictions made without the trial). y itself where values have both signs, lie close together, or nothing is known.
 */
export function chooseScale(
  study: readonly Pick<Scored, 'y' | 'median'>[],
  range: MeasuredRange | undefined,
): ErrorScale {
  const linear = linearScale(range);
  if (study.length === 0 || !range || !mayBeFactors(range)) return linear;
  const log = logScale(range);
  return logLikelihood(study, log) > logLikelihood(study, linear) ? log : linear;
}

/** Mean over the trials, in nats and up to a constant; +∞ where no error was made. */
function logLikelihood(study: readonly Pick<Scored, 'y' | 'median'>[], { to, rate }: ErrorScale): number {
  let [errors, rates] = [0, 0];
  for (const { y, median } of study) {
    errors += Math.abs(to(y) - to(median)) / study.length;
    rates += Math.log(rate(y)) / study.length;
  }
  return rates - Math.log(errors);
}

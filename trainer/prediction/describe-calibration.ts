// What a prediction says of its calibration: on what it rests, and why it is not of the study where it is not.
import { CALIBRATION_DEFAULTS } from '../calibration/defaults.js';
import type { PredictResult } from '../types.js';

/**
 * @param own scored trials of the study
 * @param validated whether the model has scores of its own
 * @param inRatios whether intervals reach by factors
 */
export function describeCalibration(
  own: number,
  validated: boolean,
  levels: readonly number[],
  inRatios = false,
): PredictResult['calibration'] {
  const { leastTrials, boundingTrials } = CALIBRATION_DEFAULTS;
  const scale = inRatios ? ' They reach by factors, because errors grow with y.' : '';
  if (own >= boundingTrials) {
    const highest = own / (own + 1);
    const beyond = levels.some((level) => level > highest)
      ? ` Levels above ${highest.toFixed(3)} ask for more trials: their ends are extrapolated.`
      : '';
    const reason = `Intervals are corrected on ${own} of the study's own trials, each predicted from others.${scale}${beyond}`;
    return { calibrated: true, basis: 'study', trials: own, reason };
  }
  if (own >= leastTrials) {
    const others = validated ? " and on the model's validation trials of other studies" : '';
    const reason = `Intervals are corrected on ${own} of the study's own trials${others}, too few to hold their level: ${boundingTrials} could.${scale}`;
    return { calibrated: false, basis: 'study', trials: own, reason };
  }
  const few = `the study has fewer than ${leastTrials} measured trials`;
  const reason = validated
    ? `Intervals are corrected on the model's validation trials of other studies, because ${few}.`
    : `Intervals are the model's own, because ${few}.`;
  return { calibrated: false, basis: validated ? 'model' : 'none', trials: own, reason };
}

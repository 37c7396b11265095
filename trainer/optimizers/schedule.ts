// Learning rate over the steps of a training.

export interface ScheduleOptions {
  /** Highest learning rate, reached after the warm-up. */
  peak: number;
  /** Steps of linear growth from 0. */
  warmupSteps: number;
  steps: number;
  /** Share of the peak that the cosine ends on. */
  finalFraction: number;
}

/** Linear warm-up, then half a cosine (SGDR without restarts, arXiv 1608.03983). `step` counts from 0. */
export function warmupCosine({ peak, warmupSteps, steps, finalFraction }: ScheduleOptions, step: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return peak * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

export interface OpenEndedOptions {
  peak: number;
  warmupSteps: number;
  /** Where the rate begins to fall, and how many steps it falls; until then it does not depend on either. */
  coolFrom: number;
  coolSteps: number;
  /** Share of the peak the schedule ends on. */
  finalFraction: number;
}

/**
 * Linear warm-up, a constant rate for as long as one likes, then down with 1 − √progress: a run can be extended, or ended at any
 * step, and ends as well as one whose length was known (Hägele et al., arXiv 2405.18392). `step` counts from 0.
 */
export function openEnded(options: OpenEndedOptions, step: number): number {
  const { peak, warmupSteps, coolFrom, coolSteps, finalFraction } = options;
  if (step < coolFrom) return step < warmupSteps ? (peak * (step + 1)) / warmupSteps : peak;
  const progress = Math.min(1, (step - coolFrom + 1) / Math.max(1, coolSteps));
  return peak * (finalFraction + (1 - finalFraction) * (1 - Math.sqrt(progress)));
}

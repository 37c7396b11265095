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

// What a worker says of one candidate: its distribution as numbers that cross threads.

export interface CandidatePrediction {
  median: number;
  mean: number;
  sd: number;
  quantiles: { level: number; y: number }[];
  pInfeasible: number;
}

const LEVELS = [0.05, 0.25, 0.75, 0.95];

/** @param stated the model's own distribution, or the corrected one */
export function summarize(
  stated: Omit<CandidatePrediction, 'quantiles'> & { quantile(p: number): number },
): CandidatePrediction {
  const { median, mean, sd, pInfeasible } = stated;
  const quantiles = LEVELS.map((level) => ({ level, y: stated.quantile(level) }));
  return { median, mean, sd, quantiles, pInfeasible };
}

/** The study's best y so far; undefined where nothing was measured. */
export function bestOf(trials: readonly { y: number | null }[], goal: 'minimize' | 'maximize'): number | undefined {
  const sign = goal === 'minimize' ? 1 : -1;
  let best: number | undefined;
  for (const { y } of trials) if (y !== null && (best === undefined || sign * y < sign * best)) best = y;
  return best;
}

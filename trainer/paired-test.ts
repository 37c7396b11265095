// Whether differences of paired scores are larger than chance gives: a one-sided t test on the means of clusters.

/**
 * P(T < t) of Student's distribution with a whole number of degrees of freedom, in closed form
 * (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
 */
export function studentCdf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2 === 1;
  // sin θ · (1 + 1/2 cos² θ + 1·3/(2·4) cos⁴ θ + …), and for odd degrees sin θ · (cos θ + 2/3 cos³ θ + …).
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let k = odd ? 1 : 0; k < degrees - 1; k += 2) {
    sum += term;
    term *= (cosine * cosine * (k + 1)) / (k + 2);
  }
  const both = odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return 0.5 + both / 2;
}

/** The values of each cluster averaged, in the order in which clusters first come. */
export function clusterMeans(values: readonly number[], clusters: readonly string[]): number[] {
  const sums = new Map<string, { sum: number; count: number }>();
  values.forEach((value, i) => {
    const own = sums.get(clusters[i]!) ?? { sum: 0, count: 0 };
    sums.set(clusters[i]!, own);
    own.sum += value;
    own.count += 1;
  });
  return Array.from(sums.values(), ({ sum, count }) => sum / count);
}

/**
 * Probability that independent values whose mean is 0 have a mean as far above 0 as these: the larger of two answers.
 *
 * - Student's t. Exact for normal values; where their variances differ it errs towards the larger p (Bakirov and Székely
 *   2005; Ibragimov and Müller 2010, who take the means of few clusters so).
 * - Student's t corrected for skewness by Hall's monotone transformation (1992). Values that gain a little often and lose
 *   much now and then look better than they are while the losses stay away, and t alone believes them.
 *
 * @returns 1 for fewer than two values, and where one is not a number
 */
export function pValueOfGain(values: readonly number[]): number {
  const n = values.length;
  if (n < 2 || values.some(Number.isNaN)) return 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const moment = (power: number) => values.reduce((sum, value) => sum + (value - mean) ** power, 0);
  const sd = Math.sqrt(moment(2) / (n - 1));
  if (sd === 0) return mean > 0 ? 0 : 1;
  const u = mean / sd;
  const skewness = moment(3) / n / sd ** 3;
  const corrected = u + (skewness * u ** 2) / 3 + (skewness ** 2 * u ** 3) / 27 + skewness / (6 * n);
  return 1 - studentCdf(Math.sqrt(n) * Math.min(u, corrected), n - 1);
}

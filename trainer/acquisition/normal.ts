// The standard normal distribution, also far out, where its plain formulas are 0 or lost to rounding.

const LOG_ROOT_2PI = 0.5 * Math.log(2 * Math.PI);
/** From here on the continued fraction converges faster than the series. */
const FAR = 2;
const FRACTION_TERMS = 100;
/** Beyond, 1 − x·R(x) is lost to rounding and is 1/x² to all digits that are left. */
const FARTHEST = 1e4;

export const logDensity = (z: number): number => -0.5 * z * z - LOG_ROOT_2PI;

/** P(Z < z). Series: Marsaglia (2004). */
export function normalCdf(z: number): number {
  if (z > FAR) return 1 - normalCdf(-z);
  if (z < -FAR) return Math.exp(logDensity(z)) * millsRatio(-z);
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + sum * Math.exp(logDensity(z));
}

export function logNormalCdf(z: number): number {
  return z < -FAR ? logDensity(z) + Math.log(millsRatio(-z)) : Math.log(normalCdf(z));
}

/** log E[max(z + Z, 0)] = log(φ(z) + z·Φ(z)): the logarithm of the expected improvement (Ament et al., 2023). */
export function logImprovement(z: number): number {
  if (z >= -FAR) return Math.log(Math.exp(logDensity(z)) + z * normalCdf(z));
  if (z < -FARTHEST) return logDensity(z) - 2 * Math.log(-z);
  return logDensity(z) + Math.log(1 + z * millsRatio(-z));
}

/** The z with P(Z < z) = p, for p in (0, 1), by bisection: it is asked for once a ranking. */
export function normalQuantile(p: number): number {
  let [low, high] = [-40, 40];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** (1 − Φ(x)) / φ(x) for x ≥ 2, by Laplace's continued fraction 1/(x + 1/(x + 2/(x + …))). */
function millsRatio(x: number): number {
  let tail = x;
  for (let k = FRACTION_TERMS; k >= 1; k--) tail = x + k / tail;
  return 1 / tail;
}

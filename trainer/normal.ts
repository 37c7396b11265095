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

/** Newton steps on log Φ: each doubles the digits, and from the left of the root on a concave function none goes past it. */
const NEWTON_STEPS = 40;

/** The z with P(Z < z) = p, for p in (0, 1). */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const target = Math.log(p);
  // Φ(−x) ≤ exp(−x²/2): here Φ is at most p.
  let z = -Math.sqrt(-2 * target);
  for (let i = 0; i < NEWTON_STEPS; i++) {
    const log = logNormalCdf(z);
    const step = (target - log) * Math.exp(log - logDensity(z));
    z += step;
    if (Math.abs(step) <= 1e-15 * Math.max(1, Math.abs(z))) break;
  }
  return z;
}

/** (1 − Φ(x)) / φ(x) for x ≥ 2, by Laplace's continued fraction 1/(x + 1/(x + 2/(x + …))). */
function millsRatio(x: number): number {
  let tail = x;
  for (let k = FRACTION_TERMS; k >= 1; k--) tail = x + k / tail;
  return 1 / tail;
}

// The chance that an experiment fails, from those of its study that did: a forest over the parameters, corrected by how well it told trials
// that it had not seen. The model's own number hardly follows the parameters, as few of the studies it learned from fail by a rule.
import { type FittedExperts, fitExperts } from './experts/fit-experts.js';
import type { JsonObject } from './types.js';

/** Standard deviations of the correction's intercept and slope around 0 and 1, in log odds: what few trials cannot say otherwise. */
const INTERCEPT_SD = 0.5;
const SLOPE_SD = 1;
const ITERATIONS = 25;

export class FailureChance {
  private correction: { intercept: number; slope: number } | undefined;
  private readonly base: number;

  private constructor(
    private readonly forest: FittedExperts,
    private readonly failed: Float64Array,
  ) {
    const count = failed.reduce((sum, one) => sum + one, 0);
    // The rate of failure as few trials tell it: Jeffreys' prior.
    this.base = (count + 0.5) / (failed.length + 1);
  }

  /**
   * @param xs parameters of finished trials @param failed whether each of them failed
   * @returns undefined where none did
   */
  static fit(xs: readonly JsonObject[], failed: readonly boolean[], seed: number): FailureChance | undefined {
    if (!failed.includes(true)) return undefined;
    const ones = Float64Array.from(failed, Number);
    return new FailureChance(fitExperts(xs, ones, { seed, which: ['random_forest'] }), ones);
  }

  /** The share of the forest's trees that say so, in [0, 1]: what the model is told. */
  shares(xs: readonly JsonObject[]): Float64Array {
    return this.forest.predict(xs).random_forest!.mean.map((share) => Math.min(1, Math.max(0, share)));
  }

  /** The probability of failure where the forest has each of these shares, in (0, 1): Platt's correction (1999), fitted on trials out of the trees' bags. */
  of(shares: Float64Array): Float64Array {
    // While all have failed nothing tells one from another.
    if (!this.failed.includes(0)) return new Float64Array(shares.length).fill(this.base);
    this.correction ??= this.correct();
    const { intercept, slope } = this.correction;
    return shares.map((share) => sigmoid(logit(this.base) + intercept + slope * this.signal(share)));
  }

  /** By how much a share moves the log odds away from the rate of failure; as sure as one more trial at that rate lets it be. */
  private signal(share: number): number {
    const n = this.failed.length;
    return logit((n * share + this.base) / (n + 1)) - logit(this.base);
  }

  /** The most likely intercept and slope under their priors; a slope below 0 would turn the forest around, and is none. */
  private correct(): { intercept: number; slope: number } {
    const { failed, base } = this;
    const signals = this.forest
      .crossFitted('random_forest')
      .mean.map((share) => this.signal(Math.min(1, Math.max(0, share))));
    let [intercept, slope] = [0, 1];
    for (let i = 0; i < ITERATIONS; i++) {
      // Newton's step on the penalized log loss, which is convex.
      let [ga, gb] = [intercept / INTERCEPT_SD ** 2, (slope - 1) / SLOPE_SD ** 2];
      let [haa, hab, hbb] = [1 / INTERCEPT_SD ** 2, 0, 1 / SLOPE_SD ** 2];
      signals.forEach((signal, t) => {
        const p = sigmoid(logit(base) + intercept + slope * signal);
        const weight = p * (1 - p);
        ga += p - failed[t]!;
        gb += (p - failed[t]!) * signal;
        haa += weight;
        hab += weight * signal;
        hbb += weight * signal * signal;
      });
      const determinant = haa * hbb - hab * hab;
      const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant];
      // Halved where it would overshoot: far out the loss is flat.
      const most = Math.max(1, Math.abs(da), Math.abs(db));
      intercept -= da / most;
      slope -= db / most;
    }
    return slope > 0 ? { intercept, slope } : { intercept: 0, slope: 0 };
  }
}

const logit = (p: number): number => Math.log(p / (1 - p));
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

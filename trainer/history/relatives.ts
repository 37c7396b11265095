// What a study's relatives say of it: before its first trial their mean, then that bent to its own trials.

import { Featurizer } from '../experts/features/featurizer.js';
import { permutation } from '../experts/sampling.js';
import { Random } from '../random.js';
import { thin } from '../thin.js';
import type { JsonObject, StudyHead } from '../types.js';
import { weightsOf } from '../weighing.js';
import { describe, inAnotherUnit, type Relative, togetherOne } from './alike.js';
import { withoutCopies } from './copies.js';
import type { KnownTrial } from './known-studies.js';
import { levelOf } from './level.js';
import { type Normals, type Prior, type PriorPoints, PriorProcess, priorAlone } from './prior-process.js';
import { commonScale, MARGIN, type Scale } from './scale.js';
import { placeOf, type StudyFit } from './study-fit.js';

/** Predictions in the unit of y. */
export interface RelativePredictions {
  mean: Float64Array;
  /** Half of the width of the central 68%. */
  sd: Float64Array;
}

/** Bent to a study's own trials. */
export interface FittedRelatives {
  predict(xs: readonly JsonObject[]): RelativePredictions;
  /** What it would say of each of those trials had it not seen that one. */
  readonly crossFitted: RelativePredictions;
}

/** Trials of each relative that say what parameters look like. */
const SHOWN = 20;
/** Trials of the study itself that it is bent to, at most. */
const MAX_TRIALS = 300;
/** The relatives' spread counts as much as that of this many trials of the study's own. */
const SPREAD_TRIALS = 3;
const SEED = 1;
const LEAST_UNIT = 1e-9;

/** One way to see the study and its relatives as functions of one kind. */
interface View {
  prior: Prior;
  /** From the study's y to the view's scale, and back. */
  own: (y: number) => number;
  back: (z: number) => number;
  /** From the common scale to the view's, of what relative t says. */
  relative: (z: number, t: number) => number;
}

export class Relatives {
  private readonly scale: Scale;
  private readonly places: { center: number; spread: number }[];
  private readonly weights: Float64Array;
  private shown: JsonObject[] | undefined;
  private absolute: View | undefined;
  private comparable: { found: Relatives | undefined } | undefined;
  /** What each relative says of a list of x, on the common scale: both views ask about the same lists. */
  private readonly said = new WeakMap<readonly JsonObject[], Float64Array[]>();

  /**
   * @param relatives at least one
   * @param fitOf each relative's own fit on a logarithmic scale or another
   */
  constructor(
    private readonly study: StudyHead,
    private readonly relatives: readonly Relative[],
    private readonly fitOf: (relative: Relative, logarithmic: boolean) => StudyFit,
  ) {
    this.scale = commonScale(relatives.map((relative) => relative.study));
    this.weights = Float64Array.from(relatives, ({ weight }) => weight);
    this.places = relatives.map(({ study: { trials } }) =>
      placeOf(Float64Array.from(trials, ({ y }) => this.scale.to(y))),
    );
  }

  /** Those that are not this study under another id, by its trials; undefined where there is no other. */
  unlike(trials: readonly KnownTrial[]): Relatives | undefined {
    const others = withoutCopies(this.relatives, trials);
    if (others === this.relatives) return this;
    return others.length > 0 ? new Relatives(this.study, others, this.fitOf) : undefined;
  }

  /**
   * Those whose numbers may be taken as they stand; undefined where there is none. Where the study states its unit and another study
   * states a different one, 12 here and 12 there are two things: of that one the shape alone can be learned, once there is a trial.
   */
  get inItsUnit(): Relatives | undefined {
    this.comparable ??= { found: this.findInItsUnit() };
    return this.comparable.found;
  }

  private findInItsUnit(): Relatives | undefined {
    const same = this.relatives.filter(({ study }) => !inAnotherUnit(study, this.study));
    if (same.length === this.relatives.length) return this;
    if (same.length === 0) return undefined;
    return new Relatives(this.study, togetherOne(same), this.fitOf);
  }

  /** Least and greatest measurement of any relative, centred and divided by its spread. */
  private get reach(): [number, number] {
    let [least, most] = [0, 0];
    this.relatives.forEach(({ study: { trials } }, t) => {
      for (const { y } of trials) {
        const z = this.standing(this.scale.to(y), t);
        if (z < least) least = z;
        if (z > most) most = z;
      }
    });
    return [least, most];
  }

  /** How many studies are asked. */
  get count(): number {
    return this.relatives.length;
  }

  /** What they say of each of xs while the study has no trial of its own: to be asked of those `inItsUnit`. */
  before(xs: readonly JsonObject[]): RelativePredictions {
    const view = this.absoluteView();
    return this.inUnits(priorAlone(view.prior, this.say(xs, view)), view);
  }

  /** The spread of their trials, in the unit of y: a scale for a study that has none of its own. */
  get spread(): number {
    const { prior, back } = this.absoluteView();
    const [level, sd] = [prior.level + prior.shift, Math.sqrt(prior.unit)];
    return (back(level + sd) - back(level - sd)) / 2;
  }

  /** How each of xs stands among others by what the relatives usually measure there: a number without a unit. */
  usual(xs: readonly JsonObject[]): Float64Array {
    const said = this.say(xs, { relative: (z, t) => this.standing(z, t) });
    return Float64Array.from(xs, (_, i) => said.reduce((sum, values, t) => sum + this.weights[t]! * values[i]!, 0));
  }

  /**
   * Bends what they say to the study's own trials, at least one: once as they stand, with the level that its metadata suggests,
   * and once centred and scaled, as where a machine is twice as fast. Each answers by how well it did on the trials. What is in
   * another unit does not stand as it is.
   */
  fit(trials: readonly KnownTrial[]): FittedRelatives {
    const order = permutation(trials.length, new Random(SEED));
    const kept = order.slice(0, MAX_TRIALS);
    const own = Array.from(kept, (i) => trials[i]!);
    const seen = new Seen(this, own);
    const same = this.inItsUnit;
    const fits = [
      ...(same ? [new ViewFit(same, same.absoluteView(), seen)] : []),
      new ViewFit(this, this.relativeView(own), seen),
    ];
    const shares = weightsOf(fits.map(({ loo }) => meanError(loo.mean, own)));
    const mix = (parts: RelativePredictions[]): RelativePredictions => {
      const blend = (of: (part: RelativePredictions) => Float64Array) =>
        of(parts[0]!).map((_, i) => parts.reduce((sum, part, v) => sum + shares[v]! * of(part)[i]!, 0));
      return { mean: blend(({ mean }) => mean), sd: blend(({ sd }) => sd) };
    };
    const predict = (xs: readonly JsonObject[]) => mix(fits.map((fit) => fit.predict(xs)));
    // The rows that were not kept have not been seen at all.
    const crossFitted =
      kept.length < trials.length
        ? predict(trials.map(({ x }) => x))
        : { mean: new Float64Array(trials.length), sd: new Float64Array(trials.length) };
    const { mean, sd } = mix(fits.map(({ loo }) => loo));
    kept.forEach((row, place) => {
      crossFitted.mean[row] = mean[place]!;
      crossFitted.sd[row] = sd[place]!;
    });
    return { predict, crossFitted };
  }

  /** What each relative says of xs, in a view. */
  say(xs: readonly JsonObject[], view: Pick<View, 'relative'>): Float64Array[] {
    let said = this.said.get(xs);
    if (!said) {
      said = this.relatives.map((relative) => this.fitOf(relative, this.scale.logarithmic)(xs).map(this.scale.to));
      this.said.set(xs, said);
    }
    return said.map((values, t) => values.map((z) => view.relative(z, t)));
  }

  /** Sees parameters of the study and of its relatives. */
  featurizer(own: readonly JsonObject[]): Featurizer {
    this.shown ??= this.relatives.flatMap(({ study: { trials } }) => thin(trials, SHOWN).map(({ x }) => x));
    return Featurizer.fit([...this.shown, ...own]);
  }

  inUnits({ mean, sd }: Normals, { back }: Pick<View, 'back'>): RelativePredictions {
    return {
      mean: mean.map(back),
      sd: mean.map((z, i) => (back(z + sd[i]!) - back(z - sd[i]!)) / 2),
    };
  }

  private absoluteView(): View {
    this.absolute ??= this.makeAbsoluteView();
    return this.absolute;
  }

  private makeAbsoluteView(): View {
    const centers = Float64Array.from(this.places, ({ center }) => center);
    const level = this.weighted((t) => centers[t]!);
    const within = this.weighted((t) => this.places[t]!.spread ** 2);
    const between = this.weighted((t) => (centers[t]! - level) ** 2);
    const expected = levelOf(
      describe(this.study),
      this.relatives.map(({ study }) => describe(study)),
      centers,
      level,
    );
    const prior = {
      weights: this.weights,
      unit: Math.max(LEAST_UNIT, within + between),
      level,
      shift: expected - level,
    };
    const { to, from, least, most } = this.scale;
    return { prior, own: to, back: (z) => from(clamp(z, least, most)), relative: (z) => z };
  }

  private relativeView(trials: readonly KnownTrial[]): View {
    const { center, spread } = placeOf(Float64Array.from(trials, ({ y }) => this.scale.to(y)));
    const usual = this.weighted((t) => Math.log(Math.max(this.places[t]!.spread, LEAST_UNIT)));
    const count = trials.length - 1;
    const measured = Math.log(Math.max(spread, 1e-3 * Math.exp(usual)));
    const size = Math.exp((count * measured + SPREAD_TRIALS * usual) / (count + SPREAD_TRIALS));
    const own = (y: number) => (this.scale.to(y) - center) / size;
    // As far from the middle as the relatives go, or the study itself went, and some beyond: at another level than theirs, perhaps.
    const seen = [...this.reach, ...trials.map(({ y }) => own(y))];
    const [least, most] = [seen.reduce((a, b) => Math.min(a, b)), seen.reduce((a, b) => Math.max(a, b))];
    const margin = MARGIN * (most - least);
    return {
      prior: { weights: this.weights, unit: 1, level: 0, shift: 0 },
      own,
      back: (z) => this.scale.from(center + size * clamp(z, least - margin, most + margin)),
      relative: (z, t) => this.standing(z, t),
    };
  }

  /** Where z stands among what relative t measured: from its median, in its spread. */
  private standing(z: number, t: number): number {
    const { center, spread } = this.places[t]!;
    return (z - center) / (spread || 1);
  }

  private weighted(of: (t: number) => number): number {
    return this.weights.reduce((sum, weight, t) => sum + weight * of(t), 0);
  }
}

/** A study's own trials, and how their parameters are seen. */
class Seen {
  readonly xs: readonly JsonObject[];
  readonly featurizer: Featurizer;

  constructor(
    relatives: Relatives,
    readonly trials: readonly KnownTrial[],
  ) {
    this.xs = trials.map(({ x }) => x);
    this.featurizer = relatives.featurizer(this.xs);
  }
}

/** The prior process in one view. */
class ViewFit {
  readonly loo: RelativePredictions;
  private readonly process: PriorProcess;

  constructor(
    private readonly relatives: Relatives,
    private readonly view: View,
    private readonly seen: Seen,
  ) {
    const z = Float64Array.from(seen.trials, ({ y }) => view.own(y));
    this.process = new PriorProcess(view.prior, this.pointsOf(seen.xs), z);
    this.loo = relatives.inUnits(this.process.leaveOneOut(), view);
  }

  predict(xs: readonly JsonObject[]): RelativePredictions {
    return this.relatives.inUnits(this.process.predict(this.pointsOf(xs)), this.view);
  }

  private pointsOf(xs: readonly JsonObject[]): PriorPoints {
    return { said: this.relatives.say(xs, this.view), features: this.seen.featurizer.transform(xs).metric };
  }
}

const clamp = (z: number, least: number, most: number): number => Math.max(least, Math.min(most, z));

function meanError(predicted: Float64Array, trials: readonly KnownTrial[]): number {
  return predicted.reduce((sum, value, i) => sum + Math.abs(value - trials[i]!.y), 0) / trials.length;
}

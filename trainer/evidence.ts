// Evidence: what a study's own trials say about a query, as digits. It never holds the query's own y.
import { Frame, quantile, queryFrame, studyFrame } from '../tokenizer/frame.js';
import { HIGH_ID, LOW_ID, tokenId, UNIT_PLACES, unitId } from '../tokenizer/vocabulary.js';
import type { ErrorScale } from './calibration/error-scale.js';
import { rangeOf } from './calibration/measured-range.js';
import { type Outside, TriedParameters } from './calibration/outside.js';
import { type PlausibleRange, plausibleRange } from './calibration/plausible.js';
import type { ExpertName } from './experts/expert.js';
import { type FittedExperts, fitExperts } from './experts/fit-experts.js';
import { FailureChance } from './failure-chance.js';
import type { FittedRelatives, RelativePredictions, Relatives } from './history/relatives.js';
import { stack } from './stacking.js';
import { standardDeviation } from './statistics.js';
import type { Json, JsonObject, Measured, Trial } from './types.js';
import { scaleOfCentres, sharesOf, weigh } from './weighing.js';

/** Experts in prompts: their marker, and that of their cross-fitted error. */
const MARKERS: readonly { name: ExpertName; mean: number; error: number }[] = [
  { name: 'gradient_boosting', mean: tokenId('⟨boosting⟩'), error: tokenId('⟨error:boosting⟩') },
  { name: 'random_forest', mean: tokenId('⟨forest⟩'), error: tokenId('⟨error:forest⟩') },
  { name: 'gaussian_process', mean: tokenId('⟨gp⟩'), error: tokenId('⟨error:gp⟩') },
  { name: 'nearest_neighbours', mean: tokenId('⟨knn⟩'), error: tokenId('⟨error:knn⟩') },
];
const PROCESS = MARKERS.findIndex(({ name }) => name === 'gaussian_process');
const GP_SD = tokenId('⟨gp-sd⟩');
const COUNT = tokenId('⟨count⟩');
const CENTRE = tokenId('⟨centre⟩');
const SPREAD = tokenId('⟨spread⟩');
const FAILED = tokenId('⟨failed⟩');
const HISTORY = tokenId('⟨history⟩');
const HISTORY_SD = tokenId('⟨history-sd⟩');
const HISTORY_ERROR = tokenId('⟨error:history⟩');
const RELATIVES = tokenId('⟨relatives⟩');
const NEAREST = [tokenId('⟨near1⟩'), tokenId('⟨near2⟩'), tokenId('⟨near3⟩')];
const QUANTILES = [
  { level: 0.1, marker: tokenId('⟨q10⟩') },
  { level: 0.5, marker: tokenId('⟨q50⟩') },
  { level: 0.9, marker: tokenId('⟨q90⟩') },
];

/** Trials whose y say how much y varies near a query. */
const NEIGHBOURS = 8;

/** Digits of u: predictions are read to a hundredth, what only sets the scene to a tenth. */
const FINE = 3;
const COARSE = 2;

/** u ∈ [0, 10) as `places` place-specific digits, rounded; `⟨low⟩` or `⟨high⟩` outside. */
export function unitTokens(u: number, places: number): number[] {
  const scaled = Math.round(u * 10 ** (places - 1));
  if (!(scaled >= 0)) return [LOW_ID];
  if (scaled >= 10 ** places) return [HIGH_ID];
  return Array.from({ length: Math.min(places, UNIT_PLACES) }, (_, i) =>
    unitId(i + 1, Math.floor(scaled / 10 ** (places - 1 - i)) % 10),
  );
}

/** A non-negative size in units of `scale`: 0 stands at u = 0, and 23 scales at u = 5. */
function sizeTokens(size: number, scale: number): number[] {
  return unitTokens(1.3 * Math.asinh(size / scale) * 2, COARSE);
}

/** How many trials there are, logarithmically: 1 at u = 0, 1,000 near u = 6. */
function countTokens(n: number): number[] {
  return unitTokens(2 * Math.log10(n), COARSE);
}

/** The name under which the experts see what is given; `featuresOf` keeps parameters off it. */
const GIVEN_FEATURE = '⟨given⟩';

/** Parameters, and what else is known of the experiment. */
export interface Point {
  x: JsonObject;
  /** Measured values of other objectives of the same experiment: the same ones for all points of a context, and for queries. */
  given?: Measured;
}

/** Around what answers and evidence are written: `query`, what the experts expect there and how unsure they are; `study`, its median and spread. */
export const FRAME_KINDS = ['query', 'study'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** A finished trial. */
export type Observation = Point & Trial;

export interface QueryEvidence {
  /** Pieces in a fixed order, each of which the model can do without. */
  pieces: number[][];
  /** In which the answer is written. */
  frame: Frame;
  /** Undefined where the study has no trial of its own. */
  difficulty: Difficulty | undefined;
}

/** How hard a query is to tell from the context, in the unit of y, by three things that do not ask the model. */
export interface Difficulty {
  /** Standard deviation of what the forest's trees say. */
  forest: number;
  /** Standard deviation of what the experts say. */
  experts: number;
  /** Mean distance of the nearest trials' y from the experts' centre. */
  neighbours: number;
}

/** Everything that a context of finished trials says, and other studies with it, ready to be asked. Fit once, ask for many queries. */
export class Evidence {
  /** Made when first asked: boosting's errors cost five fits. */
  private summary: Summary | undefined;
  private range: { found: PlausibleRange | undefined } | undefined;
  private tried: TriedParameters | undefined;
  private readonly shares = new WeakMap<readonly Point[], Float64Array>();

  private constructor(
    /** Features of the trials that have a y. */
    private readonly features: readonly JsonObject[],
    /** Experts on the trials that have a y; undefined where none has. */
    readonly experts: FittedExperts | undefined,
    /** Undefined where nothing failed. */
    private readonly failures: FailureChance | undefined,
    private readonly relatives: Relatives | undefined,
    private readonly bent: FittedRelatives | undefined,
    private readonly values: Float64Array,
    private readonly trials: number,
  ) {}

  /** @param related what other studies say of this one; undefined where none is related, or they are not to be asked */
  static fit(context: readonly Observation[], seed: number, related?: Relatives): Evidence {
    const measured = context.filter((t): t is Observation & { y: number } => t.y !== null);
    const values = Float64Array.from(measured, (t) => t.y);
    const all = context.map(featuresOf);
    const features = all.filter((_, i) => context[i]!.y !== null);
    const experts = measured.length > 0 ? fitExperts(features, values, { seed }) : undefined;
    const failed = context.map(({ y }) => y === null);
    const failures = FailureChance.fit(all, failed, seed);
    const others = related?.unlike(measured);
    // With nothing measured here, a number in another unit cannot be brought into this study's.
    const relatives = measured.length > 0 ? others : others?.inItsUnit;
    const bent = measured.length > 0 ? relatives?.fit(measured) : undefined;
    return new Evidence(features, experts, failures, relatives, bent, values, context.length);
  }

  /** Where the y of a query can be; undefined where no two measured ones differ yet. */
  plausible(query: Point): PlausibleRange | undefined {
    this.range ??= { found: plausibleRange(this.values) };
    const { found } = this.range;
    return found && this.outside(query) ? { ...found, continued: true } : found;
  }

  /** Whether a query lies outside of what the trials with a y have tried, and how. */
  outside(query: Point): Outside | undefined {
    this.tried ??= new TriedParameters(this.features);
    return this.tried.outside(featuresOf(query));
  }

  /** The probability that each query fails, in (0, 1); undefined where nothing failed yet. */
  failure(queries: readonly Point[]): Float64Array | undefined {
    const shares = this.failureShares(queries);
    return shares && this.failures!.of(shares);
  }

  /** Pieces and frame for each query; none where nothing was measured, by this study or its relatives. */
  ask(queries: readonly Point[], kind: FrameKind = 'query'): (QueryEvidence | undefined)[] {
    const failed = this.failureShares(queries);
    const xs = queries.map(({ x }) => x);
    const { experts, relatives, bent } = this;
    if (experts) return this.askExperts(experts, queries, kind, bent?.predict(xs), failed);
    if (relatives) return this.askRelatives(relatives, xs, failed);
    return queries.map(() => undefined);
  }

  /** Of the forest's trees: told to the model, and what its chance is made of. A list of queries is asked for both. */
  private failureShares(queries: readonly Point[]): Float64Array | undefined {
    if (!this.failures) return undefined;
    let shares = this.shares.get(queries);
    if (!shares) {
      shares = this.failures.shares(queries.map(featuresOf));
      this.shares.set(queries, shares);
    }
    return shares;
  }

  private askExperts(
    experts: FittedExperts,
    queries: readonly Point[],
    kind: FrameKind,
    history: RelativePredictions | undefined,
    failed: Float64Array | undefined,
  ): QueryEvidence[] {
    const { values } = this;
    const features = queries.map(featuresOf);
    const predictions = experts.predict(features);
    const nearest = experts.nearest(features, NEIGHBOURS);
    this.summary ??= summarize(experts, this.bent, values);
    const { study, scale, sorted, errors, historyError, shares } = this.summary;
    return queries.map((_, q) => {
      const means = MARKERS.map(({ name }) => predictions[name]!.mean[q]!);
      const processSd = predictions.gaussian_process!.sd![q]!;
      const said = history && { value: history.mean[q]!, sd: history.sd[q]! };
      const { center, sd } = weigh({ means, process: PROCESS, processSd, history: said }, shares, study, scale);
      const frame = kind === 'study' ? study : queryFrame(center, sd, study);
      const pieces = this.context(failed?.[q]);
      MARKERS.forEach(({ mean }, i) => pieces.push([mean, ...unitTokens(frame.toUnit(means[i]!), FINE)]));
      if (said) {
        pieces.push([HISTORY, ...unitTokens(frame.toUnit(said.value), FINE)]);
        pieces.push([HISTORY_SD, ...sizeTokens(said.sd, study.scale)]);
        pieces.push([HISTORY_ERROR, ...sizeTokens(historyError!, frame.scale)]);
      }
      pieces.push([GP_SD, ...sizeTokens(processSd, study.scale)]);
      MARKERS.forEach(({ error }, i) => pieces.push([error, ...sizeTokens(errors[i]!, frame.scale)]));
      nearest[q]!.slice(0, NEAREST.length).forEach(({ index }, i) =>
        pieces.push([NEAREST[i]!, ...unitTokens(frame.toUnit(values[index]!), COARSE)]),
      );
      for (const { level, marker } of QUANTILES) {
        pieces.push([marker, ...unitTokens(frame.toUnit(quantile(sorted, level)), COARSE)]);
      }
      pieces.push([CENTRE, ...unitTokens(study.toUnit(center), COARSE)]);
      const disagreement = standardDeviation(said ? [...means, said.value] : means);
      pieces.push([SPREAD, ...sizeTokens(disagreement, frame.scale)]);
      const apart = nearest[q]!.reduce((sum, { index }) => sum + Math.abs(values[index]! - center), 0);
      const difficulty = {
        forest: predictions.random_forest!.spread![q]!,
        experts: disagreement,
        neighbours: apart / nearest[q]!.length,
      };
      return { pieces, frame, difficulty };
    });
  }

  /** Before the first measurement: around what the relatives say, in their own spread. */
  private askRelatives(
    relatives: Relatives,
    xs: readonly JsonObject[],
    failed: Float64Array | undefined,
  ): QueryEvidence[] {
    const { mean, sd } = relatives.before(xs);
    const typical = new Frame(0, relatives.spread);
    return xs.map((_, q) => {
      const frame = queryFrame(mean[q]!, sd[q]!, typical);
      const pieces = this.context(failed?.[q]);
      pieces.push([HISTORY, ...unitTokens(frame.toUnit(mean[q]!), FINE)]);
      pieces.push([HISTORY_SD, ...sizeTokens(sd[q]!, typical.scale)]);
      return { pieces, frame, difficulty: undefined };
    });
  }

  /** Pieces on how much is known, and of how many studies. */
  private context(failed: number | undefined): number[][] {
    const pieces: number[][] = [[COUNT, ...countTokens(this.trials)]];
    if (this.relatives) pieces.push([RELATIVES, ...countTokens(this.relatives.count)]);
    if (failed !== undefined) pieces.push([FAILED, ...unitTokens(9.9 * Math.min(1, Math.max(0, failed)), COARSE)]);
    return pieces;
  }
}

/** What a query's evidence holds that is the same for all queries. */
interface Summary {
  study: Frame;
  /** Of centres without history. */
  scale: ErrorScale;
  sorted: Float64Array;
  /** Of the experts, in the order of `MARKERS`. */
  errors: number[];
  historyError: number | undefined;
  /** Of the experts in the centre, and of history behind them. */
  shares: number[];
}

function summarize(experts: FittedExperts, bent: FittedRelatives | undefined, values: Float64Array): Summary {
  const local = MARKERS.map(({ name }) => experts.crossFitted(name).mean);
  const errors = local.map((mean) => meanAbsoluteError(mean, values));
  const historyError = bent && meanAbsoluteError(bent.crossFitted.mean, values);
  const before = sharesOf({ errors, process: PROCESS, historyError, trials: values.length });
  const shares = stack(bent ? [...local, bent.crossFitted.mean] : local, values, before);
  const scale = scaleOfCentres(rangeOf(values));
  return { study: studyFrame(values), scale, sorted: values.slice().sort(), errors, historyError, shares };
}

/** What the experts see of a point. */
export function featuresOf({ x, given }: Point): JsonObject {
  return given ? withFeature(x, GIVEN_FEATURE, { ...given }) : x;
}

/** Parameters with one feature more, whose name begins with ⟨: no parameter is taken for it. */
export function withFeature(x: JsonObject, name: string, value: Json): JsonObject {
  return { ...withoutReserved(x), [name]: value };
}

/** A copy in which keys that begin as the reserved names do have a backslash there, as in the text that the model reads. */
function withoutReserved(x: JsonObject): JsonObject {
  const reserved = Object.keys(x).some((key) => key.startsWith('⟨'));
  if (!reserved) return { ...x };
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key.replace(/^⟨/, '⟨\\'), value]));
}

function meanAbsoluteError(predicted: Float64Array, measured: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < measured.length; i++) sum += Math.abs(predicted[i]! - measured[i]!);
  return sum / measured.length;
}

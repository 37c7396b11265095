// One study as it stands, with all that is fitted on its trials: each part is made when it is first asked for.
import { fitSurrogate, surrogateTrials } from '../acquisition/process-surrogate.js';
import type { Surrogate } from '../acquisition/surrogate.js';
import { type MeasuredRange, rangeOf } from '../calibration/measured-range.js';
import { MeasuredValues } from '../calibration/measured-values.js';
import type { Quantiles, Scored } from '../calibration/scored.js';
import type { Distribution } from '../distribution.js';
import { Evidence, type Observation, type Point, withFeature } from '../evidence.js';
import type { FittedExperts } from '../experts/fit-experts.js';
import type { PromptEncoder } from '../prompt.js';
import { thin } from '../thin.js';
import type { JsonObject, Measured, StudyData } from '../types.js';
import type { CrossFit } from './cross-fit.js';
import { type Ask, type Questions, questionsAbout } from './questions.js';

/** Experts are fitted on at most this many trials, drawn evenly over the study's history. */
const MAX_CONTEXT = 1000;
const SEED = 1;
/** The name under which the surrogate sees what other studies usually measure. */
const HISTORY_FEATURE = '⟨history⟩';

type Goal = 'minimize' | 'maximize';

export class FittedStudy {
  private context: readonly Observation[] | undefined;
  private evidence: Evidence | undefined;
  private readonly surrogates = new Map<Goal, Surrogate | undefined>();
  private found: { range: MeasuredRange | undefined } | undefined;
  private values: MeasuredValues | undefined;
  private scored: Promise<Scored[]> | undefined;
  /** Whether `learn` has nothing left to do. */
  learned = false;

  /**
   * @param ask finds what the model's other studies say of this one
   * @param crossFit of the study as it grows
   */
  constructor(
    private readonly study: StudyData,
    private readonly ask: Ask,
    private readonly encoder: PromptEncoder,
    private readonly crossFit: CrossFit<Scored>,
  ) {}

  /** Makes all parts that a prediction needs. */
  async learn(): Promise<void> {
    // Without a trial only the questions say which parameters there are: nothing can be fitted before them.
    if (this.study.trials.length > 0) this.evidenceFor([]);
    await this.scores();
    this.learned = true;
  }

  /** What the model is to be asked about each of xs. @param given what else is known of each, where the study is conditioned */
  questions(xs: readonly JsonObject[], given?: readonly Measured[]): Questions {
    const points = xs.map((x, i): Point => (given ? { x, given: given[i]! } : { x }));
    return questionsAbout(this.study, points, this.evidenceFor(xs), this.encoder);
  }

  /** What the experts say of each of xs, all together: cheap guesses at its median. undefined where nothing was measured. */
  guesses(xs: readonly JsonObject[]): number[] | undefined {
    const asked = this.evidenceFor(xs).ask(xs.map((x) => ({ x })));
    return asked.every((one) => one !== undefined) ? asked.map((one) => one.frame.center) : undefined;
  }

  /** Experts that know this study alone, as people use them today; undefined where nothing was measured. */
  get localExperts(): FittedExperts | undefined {
    return this.evidenceFor([]).experts;
  }

  /** Finds what is worth asking the model about; undefined where nothing was measured. */
  surrogate(goal: Goal): Surrogate | undefined {
    if (!this.surrogates.has(goal)) {
      const trials = surrogateTrials(this.study.trials, goal);
      const measured = trials.flatMap(({ x, y }) => (y === null ? [] : [{ x, y }]));
      const relatives = this.ask(trials.map(({ x }) => x))?.unlike(measured);
      const seen = (xs: readonly JsonObject[]): JsonObject[] => {
        const usual = relatives?.usual(xs);
        return usual ? xs.map((x, i) => withFeature(x, HISTORY_FEATURE, usual[i]!)) : [...xs];
      };
      const known = seen(trials.map(({ x }) => x));
      const fitted = fitSurrogate(trials.map(({ y }, i) => ({ x: known[i]!, y })));
      this.surrogates.set(goal, fitted && { ...fitted, predict: (xs) => fitted.predict(seen(xs)) });
    }
    return this.surrogates.get(goal);
  }

  /** Of its measured values; undefined where no two differ. */
  get range(): MeasuredRange | undefined {
    this.found ??= { range: rangeOf(this.measured) };
    return this.found.range;
  }

  /** What an interval about the point has to hold besides: nothing where the point lies within what was tried. */
  besides(point: Point, distribution: Distribution): Quantiles[] {
    const outside = this.study.trials.length > 0 ? this.evidenceFor([]).outside(point) : undefined;
    if (!outside) return [];
    if (outside === 'beyond') return [distribution];
    this.values ??= new MeasuredValues(this.measured);
    return [distribution, this.values];
  }

  private get measured(): number[] {
    return this.study.trials.flatMap(({ y }) => (y === null ? [] : [y]));
  }

  /** How its own trials stand in what the model says of them; asks the model about those that it was not asked about. */
  scores(): Promise<Scored[]> {
    this.scored ??= this.crossFit.scores(this.study.trials).catch((error: unknown) => {
      this.scored = undefined;
      throw error;
    });
    return this.scored;
  }

  /** @param xs what is asked: it alone says what the study's parameters are while there is no trial */
  private evidenceFor(xs: readonly JsonObject[]): Evidence {
    if (this.study.trials.length === 0) return Evidence.fit([], SEED, this.ask(xs));
    this.evidence ??= Evidence.fit(this.observations, SEED, this.ask(this.observations.map(({ x }) => x)));
    return this.evidence;
  }

  private get observations(): readonly Observation[] {
    this.context ??= thin(this.study.trials, MAX_CONTEXT);
    return this.context;
  }
}

// One study as it stands, with all that is fitted on its trials: each part is made when it is first asked for.
import { fitSurrogate, surrogateTrials } from '../acquisition/process-surrogate.js';
import type { Surrogate } from '../acquisition/surrogate.js';
import { reachOf, type Scored } from '../calibration.js';
import { Evidence, featuresOf, type Observation, type Point } from '../evidence.js';
import type { FittedExperts } from '../experts/fit-experts.js';
import { thin } from '../history.js';
import type { PlausibleRange } from '../plausible.js';
import type { PromptEncoder } from '../prompt.js';
import type { JsonObject, Measured, StudyData } from '../types.js';
import type { CrossFit } from './cross-fit.js';
import { type Observe, type Questions, questionsAbout } from './questions.js';

/** Experts are fitted on at most this many trials, drawn evenly over the study's history. */
const MAX_CONTEXT = 1000;
const SEED = 1;

type Goal = 'minimize' | 'maximize';

export class FittedStudy {
  private context: readonly Observation[] | undefined;
  private fittedEvidence: { evidence: Evidence | undefined } | undefined;
  private localFit: FittedExperts | undefined;
  private readonly surrogates = new Map<Goal, Surrogate | undefined>();
  private found: { reach: PlausibleRange | undefined } | undefined;
  private scored: Promise<Scored[]> | undefined;

  /**
   * @param observe adds to points what the model's other studies say of them; undefined where none measures the same
   * @param crossFit of the study as it grows
   */
  constructor(
    private readonly study: StudyData,
    private readonly observe: Observe | undefined,
    private readonly encoder: PromptEncoder,
    private readonly crossFit: CrossFit<Scored>,
  ) {}

  /** What the model is to be asked about each of xs. @param given what else is known of each, where the study is conditioned */
  questions(xs: readonly JsonObject[], given?: readonly Measured[]): Questions {
    const points = this.seen(xs.map((x, i): Point => (given ? { x, given: given[i]! } : { x })));
    return questionsAbout(this.study, points, this.evidence, this.encoder);
  }

  /** What the experts say of each of xs, all together: cheap guesses at its median. undefined where nothing was measured. */
  guesses(xs: readonly JsonObject[]): number[] | undefined {
    const asked = this.evidence?.ask(this.seen(xs.map((x) => ({ x }))));
    return asked?.every((one) => one !== undefined) ? asked.map((one) => one.frame.center) : undefined;
  }

  /** Experts that know this study alone, as people use them today; undefined where nothing was measured. */
  get localExperts(): FittedExperts | undefined {
    if (!this.evidence?.experts || !this.observe) return this.evidence?.experts;
    this.localFit ??= Evidence.fit(thin(this.study.trials, MAX_CONTEXT), SEED).experts;
    return this.localFit;
  }

  /** Finds what is worth asking the model about; undefined where nothing was measured. */
  surrogate(goal: Goal): Surrogate | undefined {
    if (!this.surrogates.has(goal)) {
      const trials = this.seen(surrogateTrials(this.study.trials, goal));
      const fitted = fitSurrogate(trials.map((trial) => ({ x: featuresOf(trial), y: trial.y })));
      const seen = (xs: readonly JsonObject[]) => this.seen(xs.map((x) => ({ x }))).map(featuresOf);
      this.surrogates.set(goal, fitted && { ...fitted, predict: (xs) => fitted.predict(seen(xs)) });
    }
    return this.surrogates.get(goal);
  }

  /** How far the ends of its intervals may lie; undefined where no two measured values differ. */
  get reach(): PlausibleRange | undefined {
    this.found ??= { reach: reachOf(this.study.trials.flatMap(({ y }) => (y === null ? [] : [y]))) };
    return this.found.reach;
  }

  /** How its own trials stand in what the model says of them; asks the model about those that it was not asked about. */
  scores(): Promise<Scored[]> {
    this.scored ??= this.crossFit.scores(this.study.trials).catch((error: unknown) => {
      this.scored = undefined;
      throw error;
    });
    return this.scored;
  }

  private get evidence(): Evidence | undefined {
    this.fittedEvidence ??= {
      evidence: this.study.trials.length > 0 ? Evidence.fit(this.observations, SEED) : undefined,
    };
    return this.fittedEvidence.evidence;
  }

  private get observations(): readonly Observation[] {
    this.context ??= this.seen(thin(this.study.trials, MAX_CONTEXT));
    return this.context;
  }

  /** Points with what other studies say of them. */
  private seen<T extends Point>(points: readonly T[]): readonly T[] {
    return this.observe?.(points) ?? points;
  }
}

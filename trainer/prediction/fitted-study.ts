// One study as it stands, with all that is fitted on its trials: each part is made when it is first asked for.

import { fitSurrogate, surrogateTrials } from '../acquisition/process-surrogate.js';
import type { Surrogate } from '../acquisition/surrogate.js';
import { type CalibrationScores, centrality, MIN_STUDY_TRIALS } from '../calibration.js';
import { Evidence, featuresOf, type Observation, type Point } from '../evidence.js';
import type { FittedExperts } from '../experts/fit-experts.js';
import { type HistoryModel, thin } from '../history.js';
import type { PromptEncoder } from '../prompt.js';
import { Random } from '../random.js';
import type { JsonObject, Measured, StudyData } from '../types.js';
import { type Answer, type Questions, questionsAbout } from './questions.js';

const FOLDS = 5;
/** Trials that the calibration of a study looks at: enough for a 99% interval, bounded for a study of thousands. */
const MAX_CALIBRATION_TRIALS = 200;
/** Experts are fitted on at most this many trials, drawn evenly over the study's history. */
const MAX_CONTEXT = 1000;
const SEED = 1;

type Goal = 'minimize' | 'maximize';

export class FittedStudy {
  private context: readonly Observation[] | undefined;
  private fittedEvidence: { evidence: Evidence | undefined } | undefined;
  private localFit: FittedExperts | undefined;
  private readonly surrogates = new Map<Goal, Surrogate | undefined>();
  private calibration: Promise<number[]> | undefined;

  /**
   * @param history what the model's other studies say; undefined where none measures the same
   * @param answer asks the model, for the study's calibration
   */
  constructor(
    private readonly study: StudyData,
    private readonly history: HistoryModel | undefined,
    private readonly encoder: PromptEncoder,
    private readonly answer: Answer,
  ) {}

  /** What the model is to be asked about each of xs. @param given what else is known of each, where the study is conditioned */
  questions(xs: readonly JsonObject[], given?: readonly Measured[]): Questions {
    const points = this.observe(xs.map((x, i): Point => (given ? { x, given: given[i]! } : { x })));
    return questionsAbout(this.study, points, this.evidence, this.encoder);
  }

  /** Experts that know this study alone, as people use them today; undefined where nothing was measured. */
  get localExperts(): FittedExperts | undefined {
    if (!this.evidence?.experts || !this.history) return this.evidence?.experts;
    this.localFit ??= Evidence.fit(thin(this.study.trials, MAX_CONTEXT), SEED).experts;
    return this.localFit;
  }

  /** Finds what is worth asking the model about; undefined where nothing was measured. */
  surrogate(goal: Goal): Surrogate | undefined {
    if (!this.surrogates.has(goal)) {
      const trials = this.observe(surrogateTrials(this.study.trials, goal));
      const fitted = fitSurrogate(trials.map((trial) => ({ x: featuresOf(trial), y: trial.y })));
      const seen = (xs: readonly JsonObject[]) => this.observe(xs.map((x) => ({ x }))).map(featuresOf);
      this.surrogates.set(goal, fitted && { ...fitted, predict: (xs) => fitted.predict(seen(xs)) });
    }
    return this.surrogates.get(goal);
  }

  /** Asks the model about the study's own trials, the first time. @param model centralities of its validation */
  async scores(model: readonly number[]): Promise<CalibrationScores> {
    this.calibration ??= this.crossFittedScores().catch((error: unknown) => {
      this.calibration = undefined;
      throw error;
    });
    return { study: await this.calibration, model };
  }

  private get evidence(): Evidence | undefined {
    this.fittedEvidence ??= {
      evidence: this.study.trials.length > 0 ? Evidence.fit(this.observations, SEED) : undefined,
    };
    return this.fittedEvidence.evidence;
  }

  private get observations(): readonly Observation[] {
    this.context ??= this.observe(thin(this.study.trials, MAX_CONTEXT));
    return this.context;
  }

  /** Points with what the other studies say of them. */
  private observe<T extends Point>(points: readonly T[]): T[] {
    const values = this.history?.(
      this.study,
      points.map((p) => p.x),
    );
    return points.map((point, i) => (values ? { ...point, history: values[i]! } : point));
  }

  /** Centralities of the study's trials, each answered with the others as its context (K folds). */
  private async crossFittedScores(): Promise<number[]> {
    const measured = this.study.trials.filter((t) => t.y !== null);
    if (measured.length < MIN_STUDY_TRIALS) return [];
    const trials = new Random(SEED).shuffle([...thin(this.observations, MAX_CALIBRATION_TRIALS)]);
    const scores: number[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const asked = trials
        .filter((_, i) => i % FOLDS === fold)
        .filter((t): t is Observation & { y: number } => t.y !== null);
      const context = trials.filter((_, i) => i % FOLDS !== fold);
      const questions = questionsAbout(this.study, asked, Evidence.fit(context, SEED), this.encoder);
      const distributions = await this.answer(questions);
      distributions.forEach((distribution, i) => scores.push(centrality(distribution, asked[i]!.y)));
    }
    return scores;
  }
}

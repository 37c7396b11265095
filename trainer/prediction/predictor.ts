// Predicts: a study's trials and some x in, calibrated distributions out. The façade the service's worker holds.
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { studyFrame } from '../../tokenizer/frame.js';
import { RecentCache } from '../../tokenizer/recent-cache.js';
import type { Oracle } from '../acquisition/suggest.js';
import { type OpenModel, openModel } from '../adapter-directory.js';
import { Calibration } from '../calibration/calibration.js';
import { type Scored, scoreOf } from '../calibration/scored.js';
import type { Device } from '../devices/device.js';
import type { Distribution } from '../distribution.js';
import { featuresOf, type Point } from '../evidence.js';
import { SeenValues } from '../explanation/seen.js';
import { parameterNames } from '../history/alike.js';
import { History } from '../history/history.js';
import type { Relatives } from '../history/relatives.js';
import { requireOffered } from '../hugging-face/measured-exports.js';
import { Inference } from '../model/inference.js';
import type { Precision } from '../model/precision.js';
import { PromptEncoder } from '../prompt.js';
import { thin } from '../thin.js';
import type { JsonObject, Measured, Prediction, PredictRequest, PredictResult, StudyData } from '../types.js';
import { type Answered, Corrected } from './corrected.js';
import { CROSS_FIT_DEFAULTS, CrossFit, type Kept } from './cross-fit.js';
import { describeCalibration } from './describe-calibration.js';
import { expertPredictions } from './expert-predictions.js';
import { FittedStudy } from './fitted-study.js';
import {
  type Answer,
  type AnswersPrompts,
  type Ask,
  askModel,
  promptsOf,
  type Questions,
  questionsAbout,
} from './questions.js';

/** Studies whose fitted evidence and calibration are kept, at most twice as many. */
const CACHED_STUDIES = 8;
/** Queries that are prepared at once: what others ask comes between the slices of a long list, and memory does not grow with it. */
const SLICE = 64;

/** Trials of other studies that explanations look at. */
const MAX_ELSEWHERE = 600;

export class Predictor {
  private readonly fitted = new RecentCache<FittedStudy>(CACHED_STUDIES);
  private readonly crossFits = new RecentCache<CrossFit<Scored>>(CACHED_STUDIES);
  private readonly history: History;
  private readonly seen = new WeakMap<StudyData, { values: SeenValues | undefined }>();
  private readonly relatives = new RecentCache<{ found: Relatives | undefined }>(CACHED_STUDIES);

  private readonly encoder: PromptEncoder;

  /**
   * @param inference of the model, or of its base with adapters of this shape as inputs; it may serve other predictors too,
   * and whoever made it releases it
   * @param keep where the scores of a study, named by a text, outlast the process: of this model alone
   */
  constructor(
    private readonly model: OpenModel,
    private readonly inference: AnswersPrompts,
    private readonly keep?: (study: string) => Kept,
  ) {
    this.encoder = new PromptEncoder(model.tokenizer, model.card);
    this.history = new History(model.history);
  }

  /**
   * @param precision of the weights; one that was measured to lose too much is refused
   * @throws TrainerError `model_files` or `model_config` where the directory is not a model of ours
   */
  static async load(
    modelDir: string,
    threads = availableParallelism(),
    device: Device = 'cpu',
    precision: Precision = 'float32',
  ): Promise<Predictor> {
    const model = await openModel(modelDir);
    requireOffered(model.card.exports, precision, modelDir, device);
    return new Predictor(model, new Inference({ ...model, lora: model.adapter?.lora, precision }, threads, device));
  }

  /** Fits what predictions of the study rest on, and asks the model about the study's own trials: what is known already is kept. */
  async learn(study: StudyData): Promise<void> {
    await this.fit(study).learn();
  }

  /** Whether `learn` has nothing left to do. */
  knows(study: StudyData): boolean {
    return this.fitted.get(keyOf(study))?.learned ?? false;
  }

  /** `prepare`, `answer` and `finish` in one. @param signal as for `distributionsOf` */
  async predict(request: PredictRequest, signal?: AbortSignal): Promise<PredictResult> {
    return this.finish(request, await this.ask(request.study, request.queries, signal, request.given));
  }

  /**
   * The model's own distribution of y for each of xs, given the study's trials: what `suggest` and explanations work on. Not
   * corrected for coverage, and never waits for what the correction takes.
   * @param signal when it is aborted the promise rejects with its reason; what is fitted on the study is kept
   * @param given as for `prepare`
   */
  async distributionsOf(
    study: StudyData,
    xs: readonly JsonObject[],
    signal?: AbortSignal,
    given?: readonly Measured[],
  ): Promise<Distribution[]> {
    const answers = await this.ask(study, xs, signal, given);
    return answers.map(({ distribution }) => distribution);
  }

  /**
   * The same, with the study's calibration: what `rank` works on. Asks the model about the study's own trials where its calibration is not known yet.
   * @param signal as for `distributionsOf`
   */
  async corrected(study: StudyData, xs: readonly JsonObject[], signal?: AbortSignal): Promise<Corrected[]> {
    const answers = await this.ask(study, xs, signal);
    const fitted = this.fit(study);
    const points = xs.map((x): Point => ({ x }));
    return this.correct(fitted, await this.calibrationOf(fitted), points, answers);
  }

  private async calibrationOf(fitted: FittedStudy): Promise<Calibration> {
    return new Calibration(await fitted.scores(), this.model.card.calibration_scores, fitted.range);
  }

  private correct(
    fitted: FittedStudy,
    calibration: Calibration,
    points: readonly Point[],
    answers: readonly Answered[],
  ): Corrected[] {
    return answers.map(
      (answered, q) => new Corrected(calibration, answered, fitted.besides(points[q]!, answered.distribution)),
    );
  }

  private async ask(
    study: StudyData,
    xs: readonly JsonObject[],
    signal?: AbortSignal,
    given?: readonly Measured[],
  ): Promise<Answered[]> {
    const answers: Answered[] = [];
    for (let begin = 0; begin < xs.length; begin += SLICE) {
      const end = begin + SLICE;
      const questions = this.prepare(study, xs.slice(begin, end), given?.slice(begin, end));
      const distributions = await this.answer(questions, signal);
      distributions.forEach((distribution, q) => {
        answers.push({ distribution, difficulty: questions.difficulties[q] });
      });
    }
    return answers;
  }

  /** Answers one prompt, so that the first real one does not wait for what is made when it is first needed. */
  async warmUp(): Promise<void> {
    const study = { id: '', metadata: {}, objective: { name: 'y' } };
    await this.answer(questionsAbout(study, [{ x: {} }], undefined, this.encoder));
  }

  /** The model as `suggest` asks it about a study. @param signal as for `distributionsOf` */
  oracle(study: StudyData, goal: 'minimize' | 'maximize', signal?: AbortSignal): Oracle {
    const surrogate = this.fit(study).surrogate(goal);
    const distributions = (xs: readonly JsonObject[]) => this.distributionsOf(study, xs, signal);
    if (!surrogate?.bent) return { distributions, surrogate };
    // The model's digits are finest near the middle of what was measured, and no finer than a tenth of its spread: of a y
    // that spans powers of ten they see nothing near the optimum. On the surrogate's scale they do.
    const trials = study.trials.map(({ x, y }) => ({ x, y: y === null ? null : surrogate.toScale(y) }));
    // Other values of y, and so another version: what is fitted on the study itself says nothing on this scale.
    const { version, ...rest } = study;
    const scaled: StudyData = { ...rest, ...(version !== undefined && { version: `${version} to ${goal}` }), trials };
    return {
      surrogate,
      distributions: async (xs) => {
        const onScale = await this.distributionsOf(scaled, xs, signal);
        return onScale.map((distribution) => distribution.map(surrogate.fromScale));
      },
    };
  }

  /**
   * What the model is to be asked about each of xs. Questions about several studies may be joined before `answer`.
   * @param given what else is known of each x, where the study is conditioned on other objectives (`conditionOn`)
   */
  prepare(study: StudyData, xs: readonly JsonObject[], given?: readonly Measured[]): Questions {
    return this.fit(study).questions(xs, given);
  }

  /** One distribution a question, in their order; one batch, whatever studies they are about. */
  answer(questions: Questions, signal?: AbortSignal): Promise<Distribution[]> {
    return askModel(this.inference, questions, this.model.adapter?.weights, signal);
  }

  /**
   * Predictions from the model's own distributions. Asks the model about the study's own trials where its calibration is
   * not known yet.
   * @param answers to `prepare`'s questions about the request's queries, in their order, each with what the question says of its difficulty
   */
  async finish(
    { study, queries, given, levels, includeExperts }: PredictRequest,
    answers: readonly Answered[],
  ): Promise<PredictResult> {
    const fitted = this.fit(study);
    const calibration = await this.calibrationOf(fitted);
    const local = includeExperts ? fitted.localExperts : undefined;
    const points = queries.map((x, q): Point => (given ? { x, given: given[q]! } : { x }));
    const experts = local && expertPredictions(local, points.map(featuresOf), levels);
    const predictions = this.correct(fitted, calibration, points, answers).map((corrected, q): Prediction => {
      const { median, mean, sd, pInfeasible } = corrected;
      const intervals = levels.map((level) => corrected.interval(level));
      const prediction: Prediction = { median, mean, sd, pInfeasible: study.given ? 0 : pInfeasible, intervals };
      if (experts) prediction.experts = experts[q]!;
      return prediction;
    });
    const validated = this.model.card.calibration_scores.length > 0;
    return {
      predictions,
      calibration: describeCalibration(calibration.own, validated, levels, calibration.inRatios),
    };
  }

  /** Where the model sees each of xs, [d_model]: the mean of the encoder's states over x, which knows the study's metadata and no y. */
  embeddings(study: StudyData, xs: readonly JsonObject[], signal?: AbortSignal): Promise<Float32Array[]> {
    const { prompts, spans } = promptsOf(study, xs, this.encoder);
    return this.inference.embeddings(prompts, spans, this.model.adapter?.weights, signal);
  }

  /** What the study's experts say of each of xs, all together, without the model; undefined where nothing was measured. */
  guesses(study: StudyData, xs: readonly JsonObject[]): number[] | undefined {
    return this.fit(study).guesses(xs);
  }

  /** Of each of xs, sentences on where it lies outside of what the study's trials have tried; empty where there is nothing to say. */
  warnings(study: StudyData, xs: readonly JsonObject[]): string[][] {
    let seen = this.seen.get(study);
    if (!seen) {
      const others = this.elsewhere(study).map(({ x }) => x);
      const trials = study.trials.map(({ x }) => x);
      seen = { values: SeenValues.of(trials, others) };
      this.seen.set(study, seen);
    }
    const { values } = seen;
    return xs.map((x) => values?.warnings(x) ?? []);
  }

  /** Trials that the model learned from, of studies related to this one, with u in their study's frame: an even choice. */
  elsewhere(study: StudyData): { x: JsonObject; u: number }[] {
    const related = this.history.related(
      study,
      study.trials.map(({ x }) => x),
    );
    const trials = related.flatMap(({ study: { trials } }) => {
      const frame = studyFrame(trials.map(({ y }) => y));
      return trials.map(({ x, y }) => ({ x, u: frame.toUnit(y) }));
    });
    return [...thin(trials, MAX_ELSEWHERE)];
  }

  release(): Promise<void> {
    return this.inference.release();
  }

  /** The study as it stands; kept until its trials change. */
  private fit(study: StudyData): FittedStudy {
    const key = keyOf(study);
    let fitted = this.fitted.get(key);
    if (!fitted) {
      fitted = new FittedStudy(study, this.askerFor(study), this.encoder, this.crossFitFor(study));
      this.fitted.set(key, fitted);
    }
    return fitted;
  }

  /** Kept while the study grows, and what it answered of its trials with it. */
  private crossFitFor(study: StudyData): CrossFit<Scored> {
    const key = JSON.stringify([study.id, study.metadata, study.objective, study.given]);
    let crossFit = this.crossFits.get(key);
    if (!crossFit) {
      const answer: Answer = (questions) => this.answer(questions);
      const ask = this.askerFor(study);
      crossFit = new CrossFit(study, ask, this.encoder, answer, scoreOf, CROSS_FIT_DEFAULTS, this.keep?.(key));
      this.crossFits.set(key, crossFit);
    }
    return crossFit;
  }

  /** Finds the study's relatives; what they say is kept while the study grows, as they do not change within a model. */
  private askerFor({ id, metadata, objective }: StudyData): Ask {
    const head = { id, metadata, objective };
    const key = JSON.stringify(head);
    return (xs) => {
      const names = JSON.stringify([...parameterNames(xs)].sort());
      const whole = key + names;
      let known = this.relatives.get(whole);
      if (!known) {
        known = { found: this.history.about(head, xs) };
        this.relatives.set(whole, known);
      }
      return known.found;
    };
  }
}

function keyOf({ id, version, metadata, objective, trials, given }: StudyData): string {
  if (version !== undefined) return JSON.stringify([id, version, given]);
  return createHash('sha256')
    .update(JSON.stringify([metadata, objective, trials]))
    .digest('base64');
}

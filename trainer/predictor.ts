// Predicts: a study's trials and some x in, calibrated distributions out. The façade the service's worker holds.
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import type { Frame } from '../tokenizer/frame.js';
import type { NumberCodec } from '../tokenizer/number-codec.js';
import { RecentCache } from '../tokenizer/recent-cache.js';
import { RelativeCodec } from '../tokenizer/relative-codec.js';
import { type OpenModel, openModel } from './adapter-directory.js';
import {
  type CalibrationScores,
  calibratedShare,
  centralInterval,
  centrality,
  MIN_STUDY_TRIALS,
} from './calibration.js';
import type { Device } from './devices/device.js';
import type { Distribution } from './distribution.js';
import { Evidence, type Observation, type Point } from './evidence.js';
import { EXPERT_NAMES } from './experts/expert.js';
import type { FittedExperts } from './experts/fit-experts.js';
import { fitHistory, type HistoryModel, thin } from './history.js';
import { requireOffered } from './hugging-face/measured-exports.js';
import { Inference } from './model/inference.js';
import type { Precision } from './model/precision.js';
import { PromptEncoder, renderPrompt } from './prompt.js';
import { Random } from './random.js';
import type {
  ExpertPrediction,
  JsonObject,
  Prediction,
  PredictRequest,
  PredictResult,
  StudyData,
  Trial,
} from './types.js';

const ABSOLUTE = new AbsoluteCodec();
/** Studies whose fitted evidence and calibration are kept, at most twice as many. */
const CACHED_STUDIES = 8;
const FOLDS = 5;
/** Trials that the calibration of a study looks at: enough for a 99% interval, bounded for a study of thousands. */
const MAX_CALIBRATION_TRIALS = 200;
/** Experts are fitted on at most this many trials, drawn evenly over the study's history. */
const MAX_CONTEXT = 1000;
const SEED = 1;

interface FittedStudy {
  evidence: Evidence | undefined;
  /** What the model's other studies say; undefined where none measures the same. */
  history: HistoryModel | undefined;
  scores: CalibrationScores;
  /** Experts that know this study alone, as people use them today; fitted when first asked for. */
  localExperts?: FittedExperts;
}

export class Predictor {
  private readonly fitted = new RecentCache<Promise<FittedStudy>>(CACHED_STUDIES);
  private readonly histories = new RecentCache<{ model: HistoryModel | undefined }>(CACHED_STUDIES);

  private readonly encoder: PromptEncoder;

  /**
   * @param inference of the model, or of its base with adapters of this shape as inputs; it may serve other predictors too,
   * and whoever made it releases it
   */
  constructor(
    private readonly model: OpenModel,
    private readonly inference: Inference,
  ) {
    this.encoder = new PromptEncoder(model.tokenizer, model.card);
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

  async predict({ study, queries, levels, includeExperts }: PredictRequest): Promise<PredictResult> {
    const fitted = await this.fit(study);
    const { evidence, scores } = fitted;
    const distributions = await this.answer(study, fitted, queries);
    const shares = levels.map((level) => calibratedShare(scores, level));
    const experts =
      includeExperts && evidence?.experts ? expertPredictions(localExperts(fitted, study), queries, levels) : undefined;
    const predictions = distributions.map((distribution, q): Prediction => {
      const prediction: Prediction = {
        median: distribution.median,
        mean: distribution.mean,
        sd: distribution.sd,
        pInfeasible: distribution.pInfeasible,
        intervals: levels.map((level, i) => centralInterval(distribution, level, shares[i]!)),
      };
      if (experts) prediction.experts = experts[q]!;
      return prediction;
    });
    return { predictions, calibration: describe(scores) };
  }

  /**
   * The model's own distribution of y for each of xs, given the study's trials: what `rank` and `suggest` work on. Not
   * corrected for coverage.
   */
  async distributionsOf(study: StudyData, xs: readonly JsonObject[]): Promise<Distribution[]> {
    return this.answer(study, await this.fit(study), xs);
  }

  release(): Promise<void> {
    return this.inference.release();
  }

  private answer(
    study: StudyData,
    { evidence, history }: FittedStudy,
    xs: readonly JsonObject[],
  ): Promise<Distribution[]> {
    const points = xs.map((x) => ({ x }));
    return this.distributions(study, evidence, observe(study, points, history));
  }

  private distributions(
    study: StudyData,
    evidence: Evidence | undefined,
    queries: readonly Point[],
  ): Promise<Distribution[]> {
    const metadata = this.encoder.metadata(study);
    const asked = evidence?.ask(queries);
    const prompts: number[][] = [];
    const codecs: NumberCodec[] = [];
    queries.forEach(({ x }, q) => {
      const pieces = asked?.[q]?.pieces ?? [];
      prompts.push(renderPrompt({ evidence: pieces, metadata, x: this.encoder.parameters(x, pieces, metadata) }));
      codecs.push(codecFor(asked?.[q]?.frame));
    });
    return this.inference.distributions(prompts, codecs, this.model.adapter?.weights);
  }

  /** Evidence and calibration scores of a study as it stands; kept until its trials change. */
  private fit(study: StudyData): Promise<FittedStudy> {
    const key = createHash('sha256')
      .update(JSON.stringify([study.metadata, study.objective, study.trials]))
      .digest('base64');
    let fitted = this.fitted.get(key);
    if (!fitted) {
      fitted = this.fitAnew(study);
      fitted.catch(() => this.fitted.delete(key));
      this.fitted.set(key, fitted);
    }
    return fitted;
  }

  /** Kept while the study grows: it learns from the others, and they do not change within a model. */
  private historyFor(study: StudyData): HistoryModel | undefined {
    const isKnown = this.model.history.some((row) => row.study === study.id);
    const key = JSON.stringify([study.objective.name, isKnown ? study.id : null]);
    let history = this.histories.get(key);
    if (!history) {
      history = { model: fitHistory(this.model.history, study, new Set([study.id])) };
      this.histories.set(key, history);
    }
    return history.model;
  }

  private async fitAnew(study: StudyData): Promise<FittedStudy> {
    const history = this.historyFor(study);
    const context = observe(study, contextOf(study), history);
    return {
      evidence: context.length > 0 ? Evidence.fit(context, SEED) : undefined,
      history,
      scores: { study: await this.crossFittedScores(study, history), model: this.model.card.calibration_scores },
    };
  }

  /** Centralities of the study's trials, each answered with the others as its context (K folds). */
  private async crossFittedScores(study: StudyData, history: HistoryModel | undefined): Promise<number[]> {
    const measured = study.trials.filter((t) => t.y !== null);
    if (measured.length < MIN_STUDY_TRIALS) return [];
    const trials = new Random(SEED).shuffle(observe(study, thin(study.trials, MAX_CALIBRATION_TRIALS), history));
    const scores: number[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const asked = trials
        .filter((_, i) => i % FOLDS === fold)
        .filter((t): t is Observation & { y: number } => t.y !== null);
      const context = trials.filter((_, i) => i % FOLDS !== fold);
      const distributions = await this.distributions(study, Evidence.fit(context, SEED), asked);
      distributions.forEach((distribution, i) => scores.push(centrality(distribution, asked[i]!.y)));
    }
    return scores;
  }
}

function codecFor(frame: Frame | undefined): NumberCodec {
  return frame ? new RelativeCodec(frame) : ABSOLUTE;
}

const contextOf = (study: StudyData): readonly Trial[] => thin(study.trials, MAX_CONTEXT);

/** Points with what the other studies say of them. */
function observe<T extends Point>(study: StudyData, points: readonly T[], history: HistoryModel | undefined): T[] {
  const values = history?.(
    study,
    points.map((p) => p.x),
  );
  return points.map((point, i) => (values ? { ...point, history: values[i]! } : point));
}

function localExperts(fitted: FittedStudy, study: StudyData): FittedExperts {
  fitted.localExperts ??= fitted.history ? Evidence.fit(contextOf(study), SEED).experts! : fitted.evidence!.experts!;
  return fitted.localExperts;
}

function expertPredictions(
  experts: FittedExperts,
  queries: readonly JsonObject[],
  levels: readonly number[],
): ExpertPrediction[][] {
  const predicted = experts.predict(queries);
  return queries.map((_, q) =>
    (['median', ...EXPERT_NAMES] as const).map((name) => {
      const mean = predicted[name]!.mean[q]!;
      const sd = predicted[name]!.sd?.[q];
      const intervals = levels.map((level) => ({ level, ...experts.interval(name, mean, level, sd) }));
      return { name, mean, intervals };
    }),
  );
}

function describe({ study, model }: CalibrationScores): PredictResult['calibration'] {
  if (study.length >= MIN_STUDY_TRIALS) {
    return {
      calibrated: true,
      basis: 'study',
      trials: study.length,
      reason: `Intervals are corrected on ${study.length} of the study's own trials, each predicted from the others.`,
    };
  }
  const few = `the study has fewer than ${MIN_STUDY_TRIALS} measured trials`;
  if (model.length > 0) {
    const reason = `Intervals are corrected on the model's validation trials of other studies, because ${few}.`;
    return { calibrated: false, basis: 'model', trials: study.length, reason };
  }
  return {
    calibrated: false,
    basis: 'none',
    trials: study.length,
    reason: `Intervals are the model's own, because ${few}.`,
  };
}

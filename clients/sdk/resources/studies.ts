// Studies, their trials, and what is asked about them.
import type { APIPromise } from '../api-promise.js';
import type { Page, PagePromise } from '../page.js';
import { path, type RequestOptions } from '../transport.js';
import type {
  ExplanationCreate,
  ExplanationResult,
  Measurement,
  PredictionCreate,
  PredictionResult,
  RankingCreate,
  RankingResult,
  Study,
  StudyCreate,
  StudyUpdate,
  SuggestionCreate,
  SuggestionResult,
  Trial,
  TrialBatchResult,
  TrialCreate,
  TrialStatus,
} from '../types.js';
import { type ListParams, Resource } from './resource.js';

export interface StudyListParams extends ListParams {
  /** Only studies of exactly this name. */
  name?: string | undefined;
}

export interface TrialListParams extends ListParams {
  status?: TrialStatus | undefined;
}

export type StudyPage = Page<Study>;
export type TrialPage = Page<Trial>;

export class Studies extends Resource {
  readonly trials = new Trials(this.transport);

  create(body: StudyCreate, options?: RequestOptions): APIPromise<Study> {
    return this.write('/v1/studies', body, options);
  }

  /** Newest first. */
  list(params: StudyListParams = {}, options?: RequestOptions): PagePromise<Study> {
    return this.page('/v1/studies', { ...params }, options);
  }

  get(id: string, options?: RequestOptions): APIPromise<Study> {
    return this.read(path`/v1/studies/${id}`, undefined, options);
  }

  /** What is absent stays; `metadata` is replaced as a whole. */
  update(id: string, body: StudyUpdate, options?: RequestOptions): APIPromise<Study> {
    return this.change(path`/v1/studies/${id}`, body, options);
  }

  /** The study and its trials; models that learned from them stay. */
  delete(id: string, options?: RequestOptions): APIPromise<void> {
    return this.remove(path`/v1/studies/${id}`, options);
  }

  /** What x would measure, by the study's trials and the model; up to 1,000 x at once. */
  predict(id: string, body: PredictionCreate, options?: RequestOptions): APIPromise<PredictionResult> {
    return this.ask(path`/v1/studies/${id}/predictions`, body, options);
  }

  /** Candidates in the order of how promising they are. */
  rank(id: string, body: RankingCreate, options?: RequestOptions): APIPromise<RankingResult> {
    return this.ask(path`/v1/studies/${id}:rank`, body, options);
  }

  /** Which experiments to run next. */
  suggest(id: string, body: SuggestionCreate = {}, options?: RequestOptions): APIPromise<SuggestionResult> {
    return this.ask(path`/v1/studies/${id}:suggest`, body, options);
  }

  /** Why the model says what it says, for up to 5 x. */
  explain(id: string, body: ExplanationCreate, options?: RequestOptions): APIPromise<ExplanationResult> {
    return this.ask(path`/v1/studies/${id}:explain`, body, options);
  }
}

export class Trials extends Resource {
  create(studyId: string, body: TrialCreate, options?: RequestOptions): APIPromise<Trial> {
    return this.write(path`/v1/studies/${studyId}/trials`, body, options);
  }

  /** Up to 1,000 rows. Each is judged for itself: bad ones are reported in the answer, not thrown. */
  createBatch(studyId: string, trials: readonly TrialCreate[], options?: RequestOptions): APIPromise<TrialBatchResult> {
    return this.write(path`/v1/studies/${studyId}/trials:batch`, { trials }, options);
  }

  /** Oldest first. */
  list(studyId: string, params: TrialListParams = {}, options?: RequestOptions): PagePromise<Trial> {
    return this.page(path`/v1/studies/${studyId}/trials`, { ...params }, options);
  }

  get(studyId: string, trialId: string, options?: RequestOptions): APIPromise<Trial> {
    return this.read(path`/v1/studies/${studyId}/trials/${trialId}`, undefined, options);
  }

  /** Says what a running trial measured. */
  complete(studyId: string, trialId: string, body: { y: Measurement }, options?: RequestOptions): APIPromise<Trial> {
    return this.write(path`/v1/studies/${studyId}/trials/${trialId}:complete`, body, options);
  }

  /** Says that a running trial failed. */
  markInfeasible(
    studyId: string,
    trialId: string,
    body: { reason?: string } = {},
    options?: RequestOptions,
  ): APIPromise<Trial> {
    return this.write(path`/v1/studies/${studyId}/trials/${trialId}:infeasible`, body, options);
  }
}

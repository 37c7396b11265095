// Explains predictions: trials that the model sees as alike, trials that stand for the study, and what each parameter does.
import { RecentCache } from '../../tokenizer/recent-cache.js';
import { serialize } from '../../tokenizer/serialize.js';
import type { Distribution } from '../distribution.js';
import type { JsonObject, StudyData } from '../types.js';
import { effectsOf, planEffects } from './effects.js';
import { comparedTrials, type Elsewhere, MAX_COMPARED, StudyMap } from './study-map.js';
import {
  EXPLAIN_DEFAULTS,
  type ExplainLimits,
  type ExplainRequest,
  type ExplainResult,
  type Explanation,
} from './types.js';

/** Studies whose embeddings are kept, at most twice as many: up to 4,000 vectors of the model's width each. */
const CACHED_STUDIES = 8;

/** What an explanation asks of a model; `Predictor` is one. */
export interface ExplainedModel {
  distributionsOf(study: StudyData, xs: readonly JsonObject[], signal?: AbortSignal): Promise<readonly Distribution[]>;
  /** Vectors of one length. Must not depend on the study's trials. */
  embeddings(study: StudyData, xs: readonly JsonObject[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  /** Cheap guesses at y, to find the parameters that matter; undefined where there is nothing to guess from. */
  guesses(study: StudyData, xs: readonly JsonObject[]): readonly number[] | undefined;
  /** Trials of other studies that measure the same. */
  elsewhere(study: StudyData): readonly Elsewhere[];
}

/** Of one model. A study's map is made once for each of its versions, embeddings once a trial. */
export class Explainer {
  private readonly maps = new WeakMap<StudyData, Promise<StudyMap>>();
  private readonly known = new RecentCache<RecentCache<Float32Array>>(CACHED_STUDIES);

  constructor(private readonly model: ExplainedModel) {}

  /**
   * Explanations of the queries, in their order. Everything is computed from the study's trials and the model's answers; the
   * same study and model give the same.
   * @param signal stops before the next query
   */
  async explain({ study, queries, include, limits }: ExplainRequest, signal?: AbortSignal): Promise<ExplainResult> {
    const settings: ExplainLimits = { ...EXPLAIN_DEFAULTS, ...limits };
    const map = await this.mapOf(study);
    const explanations: Explanation[] = [];
    for (const x of queries) {
      signal?.throwIfAborted();
      explanations.push(await this.explainOne(study, map, x, include, settings, signal));
    }
    const result: ExplainResult = { explanations, compared: { trials: map.compared.length, of: study.trials.length } };
    if (include.includes('prototypes')) result.prototypes = map.prototypes(settings.prototypes);
    return result;
  }

  private async explainOne(
    study: StudyData,
    map: StudyMap,
    x: JsonObject,
    include: ExplainRequest['include'],
    limits: ExplainLimits,
    signal: AbortSignal | undefined,
  ): Promise<Explanation> {
    const { seen } = map;
    const plan =
      include.includes('effects') && seen
        ? planEffects(x, seen, (xs) => this.model.guesses(study, xs), limits)
        : undefined;
    const [own, ...moved] = await this.model.distributionsOf(study, [x, ...(plan?.xs ?? [])], signal);
    const explanation: Explanation = {
      median: own!.median,
      quartiles: { lower: own!.quantile(0.25), upper: own!.quantile(0.75) },
      pInfeasible: own!.pInfeasible,
      warnings: seen?.warnings(x) ?? [
        'The study has no finished trials: the model answers from its metadata and x alone.',
      ],
    };
    if (include.includes('neighbours') || include.includes('prototypes')) {
      const [embedding] = await this.embed(study, [x]);
      if (include.includes('neighbours')) explanation.neighbours = map.nearest(x, embedding!, limits.neighbours);
      if (include.includes('prototypes')) explanation.prototype = map.prototypeOf(embedding!, limits.prototypes);
    }
    if (include.includes('effects')) {
      const reason = 'the study has no finished trials to take other values from';
      explanation.effects = plan ? effectsOf(plan, x, moved, explanation.quartiles) : [];
      explanation.leftOut = plan?.leftOut ?? Object.keys(x).map((parameter) => ({ parameter, reason }));
    }
    return explanation;
  }

  private mapOf(study: StudyData): Promise<StudyMap> {
    let map = this.maps.get(study);
    if (!map) {
      map = this.makeMap(study);
      map.catch(() => this.maps.delete(study));
      this.maps.set(study, map);
    }
    return map;
  }

  private async makeMap(study: StudyData): Promise<StudyMap> {
    const compared = comparedTrials(study);
    const embeddings = await this.embed(
      study,
      compared.map((i) => study.trials[i]!.x),
    );
    const elsewhere = this.model.elsewhere(study);
    const others = await this.embed(
      study,
      elsewhere.map(({ x }) => x),
    );
    const known = elsewhere.map((trial, i) => ({ ...trial, embedding: others[i]! }));
    return new StudyMap(study, compared, embeddings, known);
  }

  /** Embeddings of xs; those that were computed before, for this or an earlier version of the study, are not again. */
  private async embed(study: StudyData, xs: readonly JsonObject[]): Promise<Float32Array[]> {
    const head = JSON.stringify([study.id, study.metadata, study.objective]);
    let known = this.known.get(head);
    if (!known) {
      known = new RecentCache(2 * MAX_COMPARED);
      this.known.set(head, known);
    }
    const keys = xs.map((x) => serialize(x));
    const found = new Map(keys.map((key) => [key, known.get(key)]));
    const missing = xs.filter((_, i) => found.get(keys[i]!) === undefined);
    const embeddings = await this.model.embeddings(study, missing);
    missing.forEach((x, i) => {
      const key = serialize(x);
      found.set(key, embeddings[i]!);
      known.set(key, embeddings[i]!);
    });
    return keys.map((key) => found.get(key)!);
  }
}

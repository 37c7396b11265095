// A study as the model sees it: where its trials stand, which are near an x, and which few of them stand for the rest.
import { createHash } from 'node:crypto';
import { quantile, studyFrame } from '../../tokenizer/frame.js';
import { serialize } from '../../tokenizer/serialize.js';
import type { JsonObject, StudyData, Trial } from '../types.js';
import { distanceBetween, EmbeddingSpace, type Place } from './embedding-space.js';
import { kMedoids } from './k-medoids.js';
import { SeenValues } from './seen.js';
import { sharedValues } from './shared-values.js';
import type { LikeTrial, Prototype } from './types.js';

/** Trials that are looked at; of larger studies a draw of as many, which changes by few as trials are added. */
export const MAX_COMPARED = 1000;
/** Trials that prototypes are chosen among: the choice takes a time that grows with their square. */
const MAX_CLUSTERED = 300;
/** Trials that a prototype stands for, at the least, on average. */
const MIN_GROUP = 4;

/** A trial of another study, with what it measured in that study's frame. */
export interface Elsewhere {
  x: JsonObject;
  u: number;
}

interface Groups {
  prototypes: Prototype[];
  /** For each trial that is looked at, the place of its prototype. */
  groupOf: Int32Array;
}

export class StudyMap {
  /** What the trials say of parameters; undefined where none of them has any. */
  readonly seen: SeenValues | undefined;
  private readonly space: EmbeddingSpace;
  private readonly grouped = new Map<number, Groups>();

  /**
   * @param compared places in the study of the trials that are looked at: `comparedTrials`
   * @param embeddings of those trials, in their order
   * @param elsewhere trials of other studies that measure the same: they tell what goes together (`SeenValues`) and which
   * directions matter (`EmbeddingSpace`)
   */
  constructor(
    private readonly study: StudyData,
    readonly compared: readonly number[],
    embeddings: readonly Float32Array[],
    elsewhere: readonly (Elsewhere & { embedding: Float32Array })[],
  ) {
    const trials = this.trials();
    const y = measuredOf(trials);
    const frame = y.length > 0 ? studyFrame(y) : undefined;
    const own = trials.map((trial, i) => ({
      embedding: embeddings[i]!,
      u: trial.y === null ? null : withinFrame(frame!.toUnit(trial.y)),
    }));
    this.space = EmbeddingSpace.fit(
      own,
      elsewhere.map(({ embedding, u }) => ({ embedding, u: withinFrame(u) })),
    );
    const xs = trials.map(({ x }) => x);
    const others = elsewhere.map(({ x }) => x);
    const all = study.trials.map(({ x }) => x);
    this.seen = xs.some((x) => Object.values(x).some((value) => value !== null))
      ? new SeenValues(xs, others, all)
      : undefined;
  }

  /** The trials most like x, the likest first; of equally like ones the later first. */
  nearest(x: JsonObject, embedding: Float32Array, count: number): LikeTrial[] {
    const place = this.space.place(embedding);
    const distances = this.space.places.map((other, i) => ({ i, distance: distanceBetween(place, other) }));
    distances.sort((a, b) => a.distance - b.distance || b.i - a.i);
    return distances.slice(0, count).map(({ i, distance }) => {
      const trial = this.study.trials[this.compared[i]!]!;
      const { x: other, y } = trial;
      const similarity = this.space.similarity(distance);
      return { trial: this.compared[i]!, x: other, y, similarity, differs: differing(x, other) };
    });
  }

  /** The study's prototypes, those with the most trials first. */
  prototypes(count: number): Prototype[] {
    return this.groups(count).prototypes;
  }

  /** Place among the `count` prototypes of the one whose group the most similar trial is in; null without trials. */
  prototypeOf(embedding: Float32Array, count: number): number | null {
    const { places } = this.space;
    if (places.length === 0) return null;
    return this.groups(count).groupOf[nearestOf(places, this.space.place(embedding))]!;
  }

  private groups(count: number): Groups {
    let groups = this.grouped.get(count);
    if (!groups) {
      groups = this.group(count);
      this.grouped.set(count, groups);
    }
    return groups;
  }

  private group(count: number): Groups {
    const { places } = this.space;
    const trials = this.trials();
    const clustered = Math.min(places.length, MAX_CLUSTERED);
    const k = Math.min(count, Math.ceil(places.length / MIN_GROUP));
    const found = kMedoids(clustered, k, (a, b) => distanceBetween(places[a]!, places[b]!)).medoids;
    const members: number[][] = found.map(() => []);
    const medoids = found.map((medoid) => places[medoid]!);
    places.forEach((place, i) => members[nearestOf(medoids, place)]!.push(i));
    const order = [...found.keys()].sort((a, b) => members[b]!.length - members[a]!.length || a - b);
    const prototypes = order.map((group): Prototype => {
      const own = members[group]!.map((i) => trials[i]!);
      const y = measuredOf(own);
      const at = found[group]!;
      const range = { low: quantile(y, 0.1), median: quantile(y, 0.5), high: quantile(y, 0.9) };
      return {
        trial: this.compared[at]!,
        ...trials[at]!,
        trials: own.length,
        failed: own.length - y.length,
        yRange: y.length > 0 ? range : null,
        shared: this.seen ? sharedValues(this.seen, members[group]!) : [],
      };
    });
    const groupOf = new Int32Array(places.length);
    order.forEach((group, at) => {
      for (const i of members[group]!) groupOf[i] = at;
    });
    return { prototypes, groupOf };
  }

  private trials(): Trial[] {
    return this.compared.map((i) => this.study.trials[i]!);
  }
}

/**
 * Places of the trials that are looked at, ascending: all, or the `MAX_COMPARED` whose x has the least digest. So a study
 * that grows by one trial changes by one, and what was computed for the others stays good.
 */
export function comparedTrials({ trials }: StudyData): number[] {
  const all = [...trials.keys()];
  if (all.length <= MAX_COMPARED) return all;
  const digests = trials.map(({ x }) => createHash('sha256').update(serialize(x)).digest('hex'));
  const drawn = all.sort((a, b) => (digests[a]! < digests[b]! ? -1 : digests[a]! > digests[b]! ? 1 : a - b));
  return drawn.slice(0, MAX_COMPARED).sort((a, b) => a - b);
}

/** Far out in a frame a number says that it is far out, and should not outweigh all others. */
const withinFrame = (u: number): number => Math.min(10, Math.max(0, u));

function nearestOf(places: readonly Place[], to: Place): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  places.forEach((place, i) => {
    const distance = distanceBetween(place, to);
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}

/** Ascending. */
const measuredOf = (trials: readonly Trial[]): Float64Array =>
  Float64Array.from(trials.flatMap(({ y }) => (y === null ? [] : [y]))).sort();

/** Names of the parameters in which two x differ; null counts as missing. */
function differing(a: JsonObject, b: JsonObject): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.filter((name) => serialize(ownValue(a, name)) !== serialize(ownValue(b, name))).sort();
}

const ownValue = (x: JsonObject, name: string) => (Object.hasOwn(x, name) ? x[name]! : null);

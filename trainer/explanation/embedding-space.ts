// The space in which a study's trials are compared: the model's embeddings, their directions scaled, those that go with y counting more.
import type { FeatureMatrix } from '../experts/expert.js';
import { relevanceFactors } from '../experts/relevance.js';

/** Points whose pairs say what is near and what is far in a study: 45,000 pairs. */
const MAX_PAIRED = 300;

/** A row of its own, so that a space never holds on to what it was made from. */
export type Place = Float64Array;

export class EmbeddingSpace {
  private constructor(
    /** Where each embedding that the space was fitted on stands. */
    readonly places: readonly Place[],
    private readonly centre: Float64Array,
    private readonly factors: Float64Array,
    /** Distances between pairs of `places`, ascending. */
    private readonly pairs: Float64Array,
  ) {}

  /**
   * Scales every direction to unit variance over the study, then by the square root of how much of y goes with it
   * (`relevanceFactors`): without, the many directions that have nothing to do with y drown the few that do. On the
   * demo's studies that lowered the error of the five nearest by 6% (docs/explanations.md).
   * @param embeddings one a trial, of one length
   * @param y of the same trials, null where they failed
   */
  static fit(embeddings: readonly Float32Array[], y: readonly (number | null)[]): EmbeddingSpace {
    const rows = embeddings.length;
    const columns = embeddings[0]?.length ?? 0;
    const centre = new Float64Array(columns);
    const factors = new Float64Array(columns);
    for (const row of embeddings) for (let j = 0; j < columns; j++) centre[j]! += row[j]! / rows;
    for (const row of embeddings) for (let j = 0; j < columns; j++) factors[j]! += (row[j]! - centre[j]!) ** 2 / rows;
    for (let j = 0; j < columns; j++) {
      const sd = Math.sqrt(factors[j]!);
      // What does not vary but for rounding would be blown up to noise.
      factors[j] = sd > 1e-5 * (1 + Math.abs(centre[j]!)) ? 1 / sd : 0;
    }
    const measured = Int32Array.from(y.keys()).filter((i) => y[i] !== null);
    const scaled = new Float64Array(rows * columns);
    embeddings.forEach((row, i) => scaled.set(placeOf(row, centre, factors), i * columns));
    const features: FeatureMatrix = { rows, columns, values: scaled, groups: Int32Array.from(centre.keys()) };
    const relevance = relevanceFactors(
      features,
      Float64Array.from(y, (value) => value ?? 0),
      measured,
    );
    for (let j = 0; j < columns; j++) factors[j]! *= relevance[j]!;
    const places = embeddings.map((row) => placeOf(row, centre, factors));
    return new EmbeddingSpace(places, centre, factors, pairDistances(places.slice(0, MAX_PAIRED)));
  }

  /** Where another embedding of the same model stands. */
  place(embedding: Float32Array): Place {
    return placeOf(embedding, this.centre, this.factors);
  }

  /**
   * Share of pairs of the study's trials that lie at least this far apart, in [0, 1]: 1 for what the model cannot tell apart,
   * 0.98 for what is nearer to each other than 98% of pairs are. null where the study has no two trials.
   */
  similarity(distance: number): number | null {
    const { pairs } = this;
    if (pairs.length === 0) return null;
    let [from, to] = [0, pairs.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (pairs[middle]! < distance) from = middle + 1;
      else to = middle;
    }
    return (pairs.length - from) / pairs.length;
  }
}

/** Euclidean. */
export function distanceBetween(a: Place, b: Place): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += (a[j]! - b[j]!) ** 2;
  return Math.sqrt(sum);
}

function placeOf(embedding: Float32Array, centre: Float64Array, factors: Float64Array): Place {
  return Float64Array.from(embedding, (value, j) => (value - centre[j]!) * factors[j]!);
}

function pairDistances(places: readonly Place[]): Float64Array {
  const distances = new Float64Array((places.length * (places.length - 1)) / 2);
  let at = 0;
  for (let i = 0; i < places.length; i++) {
    for (let j = 0; j < i; j++) distances[at++] = distanceBetween(places[i]!, places[j]!);
  }
  return distances.sort();
}

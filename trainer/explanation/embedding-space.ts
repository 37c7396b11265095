// The space in which a study's trials are compared: of the model's embeddings, the directions that go with what is measured.
import { thin } from '../thin.js';
import { type Projection, partialLeastSquares } from './partial-least-squares.js';

/** Points whose pairs say what is near and what is far in a study: 45,000 pairs. */
const MAX_PAIRED = 300;
/** Directions, and rows that one of them takes at the least. */
const MAX_DIRECTIONS = 8;
const ROWS_PER_DIRECTION = 5;
/** How much more a trial of the study says of its directions than one of another study. */
const OWN_WEIGHT = 2;
/** Trials of other studies that are heard, times trials of the study's own: 600 beside 20, 120 beside 100. */
const HEARD = 12_000;

export type Place = Float64Array;

/** An embedding with what was measured there, in the frame of its own study; null where it failed. */
export interface Known {
  embedding: Float32Array;
  u: number | null;
}

export class EmbeddingSpace {
  private constructor(
    /** Where each of the study's trials stands, in their order. */
    readonly places: readonly Place[],
    /** Where another embedding of the same model stands. */
    readonly place: (embedding: Float32Array) => Place,
    /** Distances between pairs of `places`, ascending. */
    private readonly pairs: Float64Array,
  ) {}

  /**
   * Takes the directions in which embeddings go with y, over the study's own trials and those of others that measure the same,
   * of which the fewer are heard the more there are of its own: in all of the embedding the many directions that have nothing to do with y drown the few that do. docs/explanations.md has
   * the figures. Where too little was measured to tell, all directions count alike.
   * @param own trials of the study; embeddings of one length
   */
  static fit(own: readonly Known[], others: readonly Known[]): EmbeddingSpace {
    const scale = unitVariance(own.map(({ embedding }) => embedding));
    const told = own.filter(({ u }) => u !== null);
    const heard = thin(others, Math.floor(HEARD / Math.max(1, told.length))).filter(({ u }) => u !== null);
    const measured = [...Array<readonly Known[]>(OWN_WEIGHT).fill(told), heard].flat();
    const different = told.length + heard.length;
    const directions = Math.min(MAX_DIRECTIONS, Math.floor(different / ROWS_PER_DIRECTION));
    let project: Projection = (row) => Float64Array.from(row);
    if (directions > 0) {
      const rows = measured.map(({ embedding }) => scale(embedding));
      const found = partialLeastSquares(
        rows,
        Float64Array.from(measured, ({ u }) => u!),
        directions,
      );
      // Where all measured the same there is no direction.
      if (found(rows[0]!).length > 0) project = found;
    }
    const place = (embedding: Float32Array): Place => project(scale(embedding));
    const places = own.map(({ embedding }) => place(embedding));
    return new EmbeddingSpace(places, place, pairDistances(places.slice(0, MAX_PAIRED)));
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

/** Centres every direction on the rows and scales it to unit variance over them; what does not vary becomes 0. */
function unitVariance(rows: readonly Float32Array[]): (row: Float32Array) => Float64Array {
  const centre = new Float64Array(rows[0]?.length ?? 0);
  const factors = new Float64Array(centre.length);
  for (const row of rows) for (let j = 0; j < row.length; j++) centre[j]! += row[j]! / rows.length;
  for (const row of rows) for (let j = 0; j < row.length; j++) factors[j]! += (row[j]! - centre[j]!) ** 2 / rows.length;
  for (let j = 0; j < factors.length; j++) {
    const sd = Math.sqrt(factors[j]!);
    // What varies by rounding alone would be blown up to noise.
    factors[j] = sd > 1e-5 * (1 + Math.abs(centre[j]!)) ? 1 / sd : 0;
  }
  return (row) => Float64Array.from(row, (value, j) => (value - centre[j]!) * factors[j]!);
}

function pairDistances(places: readonly Place[]): Float64Array {
  const distances = new Float64Array((places.length * (places.length - 1)) / 2);
  let at = 0;
  for (let i = 0; i < places.length; i++) {
    for (let j = 0; j < i; j++) distances[at++] = distanceBetween(places[i]!, places[j]!);
  }
  return distances.sort();
}

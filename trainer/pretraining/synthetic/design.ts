// Which points of a made-up study were tried: at random, on a grid, in clusters, or ever nearer to the best, as an optimizer goes.
import type { Random } from '../../random.js';
import { chance, clamp, logUniform } from './draws.js';

/** The point of trial number `position`. */
export type Design = (position: number, random: Random) => Float64Array;

/** @param best a good point, which a search comes ever nearer to */
export function drawDesign(dimension: number, trials: number, best: Float64Array, random: Random): Design {
  const uniform: Design = (_, own) => Float64Array.from({ length: dimension }, () => own.uniform());
  const kind = random.uniform();
  if (kind < 0.5) return uniform;
  if (kind < 0.65) {
    const levels = Array.from({ length: dimension }, () => 2 + random.integer(6));
    return (position, own) => uniform(position, own).map((u, j) => Math.floor(u * levels[j]!) / (levels[j]! - 1 || 1));
  }
  if (kind < 0.75) {
    const centres = Array.from({ length: 2 + random.integer(6) }, () => uniform(0, random));
    const width = logUniform(0.01, 0.2, random);
    return (_, own) => centres[own.integer(centres.length)]!.map((u) => inside(u + width * own.normal()));
  }
  // The first trials of a search are spread out; later ones mostly change a few parameters of the best.
  const start = Math.max(4, Math.floor(trials * 0.3 * random.uniform()));
  const first = logUniform(0.1, 0.5, random);
  return (position, own) => {
    if (position < start || chance(0.15, own)) return uniform(position, own);
    const width = first * (1 - (0.9 * (position - start)) / trials);
    return best.map((u) => (chance(0.5, own) ? inside(u + width * own.normal()) : u));
  };
}

/** Folded back at the ends, so that no point is more common than its neighbours. */
const inside = (u: number): number => clamp(u < 0 ? -u : u > 1 ? 2 - u : u, 0, 1);

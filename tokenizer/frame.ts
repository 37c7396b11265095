// Frames: a center and a scale, in which a study's numbers become small numbers u that mean the same in every study.
import { TokenizerError } from './errors.js';

/** Units of u per asinh(distance in scales): with it u in [0, 10) reaches about 23 scales to either side. */
const UNITS_PER_ASINH = 1.3;
const U_CENTER = 5;

/**
 * The finest scale relative to the center. A cell of u is 7.7e-4 scales wide at the center, so that at this floor it is
 * still three doubles wide; below it cells would fall together.
 */
export const MIN_RELATIVE_SCALE = 2 ** -40;
/** The finest and the coarsest scale at all: what the absolute codec can tell apart from zero, and its largest number. */
export const MIN_SCALE = 1e-30;
export const MAX_SCALE = 1e31;

/** Scales per interquartile range, and per range, of roughly normal numbers. */
const IQR_OF_NORMAL = 1.35;
const RANGE_OF_NORMAL = 4;

/** No expectation is further out: numbers reach MAX_SCALE, and an extrapolation from the largest of them may go beyond. */
const MAX_CENTER = 9.9e30;

/** A query's scale is at least this part of its study's, as an expert that is sure may be wrong. */
const MIN_QUERY_SCALE = 0.02;

/** Maps y to u = 5 + 1.3·asinh((y − center)/scale), linear near the center and logarithmic far from it. */
export class Frame {
  readonly center: number;
  /** As given, but raised to MIN_SCALE and MIN_RELATIVE_SCALE·|center| and lowered to MAX_SCALE. */
  readonly scale: number;

  /** @throws TokenizerError FRAME_INVALID unless |center| < 1e31 and scale > 0, both finite */
  constructor(center: number, scale: number) {
    if (!(Math.abs(center) < MAX_SCALE) || !(scale > 0) || !Number.isFinite(scale)) {
      throw new TokenizerError(
        'FRAME_INVALID',
        `Frame: center must be below ${MAX_SCALE} in magnitude and scale positive and finite, got center ${center} and scale ${scale}`,
      );
    }
    this.center = center;
    this.scale = Math.min(MAX_SCALE, Math.max(scale, MIN_SCALE, Math.abs(center) * MIN_RELATIVE_SCALE));
  }

  toUnit(y: number): number {
    return U_CENTER + UNITS_PER_ASINH * Math.asinh((y - this.center) / this.scale);
  }

  fromUnit(u: number): number {
    return this.center + this.scale * Math.sinh((u - U_CENTER) / UNITS_PER_ASINH);
  }
}

/**
 * The frame of a study: its median, and its interquartile range / 1.35, or where that is zero its range / 4, then
 * |median|, then 1.
 * @param ys finite measured values, in any order; none gives center 0 and scale 1
 */
export function studyFrame(ys: ArrayLike<number>): Frame {
  const { center, spread } = centerAndSpread(ys);
  return new Frame(center, spread || Math.abs(center) || 1);
}

/** The frame of one query: around what is expected there, and as wide as that is unsure, at least a fiftieth of the study's scale. */
export function queryFrame(center: number, sd: number, study: Frame): Frame {
  const within = Math.max(-MAX_CENTER, Math.min(MAX_CENTER, center));
  return new Frame(within, Math.min(MAX_SCALE, Math.max(sd, MIN_QUERY_SCALE * study.scale)));
}

function centerAndSpread(values: ArrayLike<number>): { center: number; spread: number } {
  if (values.length === 0) return { center: 0, spread: 0 };
  const sorted = Float64Array.from(values).sort();
  const interquartile = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const range = sorted[sorted.length - 1]! - sorted[0]!;
  return { center: quantile(sorted, 0.5), spread: interquartile / IQR_OF_NORMAL || range / RANGE_OF_NORMAL };
}

/** Linear interpolation between order statistics of ascending values (type 7 of Hyndman and Fan, 1996). */
export function quantile(sorted: Float64Array, level: number): number {
  const position = level * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

// The scale on which related studies are compared: logarithmic where they measure positive numbers over a wide range, else bent at the tails.
import { quantile, studyFrame } from '../../tokenizer/frame.js';
import type { KnownStudy } from './known-studies.js';

/** An increasing transform of y that is the same for all relatives of a study. */
export interface Scale {
  readonly logarithmic: boolean;
  to(y: number): number;
  from(z: number): number;
  /** Where answers may lie that no trial of the study itself speaks for: the relatives' measurements, and some beyond. */
  readonly least: number;
  readonly most: number;
}

/** Logarithmic where the median study spans this factor, or the bulk of all trials that one. */
const SPAN_WITHIN = 3;
const SPAN_OF_ALL = 10;
/** How far beyond all that was measured an answer may lie, in spans of it on the scale. */
export const MARGIN = 0.5;
/** Sizes of y are kept below this: larger ones are no measurements. */
const LARGEST = 9e30;
/** A y that is not positive where all others were stands this factor below the least. */
const FLOOR = 1e-3;

export function commonScale(studies: readonly KnownStudy[]): Scale {
  const all = Float64Array.from(studies.flatMap(({ trials }) => trials.map(({ y }) => y))).sort();
  const [low, high] = [all[0]!, all[all.length - 1]!];
  const logarithmic = low > 0 && isWide(studies, all);
  const frame = studyFrame(all);
  const to = logarithmic
    ? (y: number) => Math.log(Math.max(y, low * FLOOR))
    : (y: number) => Math.asinh((y - frame.center) / frame.scale);
  const back = logarithmic ? Math.exp : (z: number) => frame.center + frame.scale * Math.sinh(z);
  const from = (z: number) => Math.max(-LARGEST, Math.min(LARGEST, back(z)));
  const [least, most] = [to(low), to(high)];
  const margin = MARGIN * (most - least) || 1;
  return { logarithmic, to, from, least: least - margin, most: most + margin };
}

function isWide(studies: readonly KnownStudy[], sorted: Float64Array): boolean {
  const spans = Float64Array.from(studies, ({ trials }) => {
    const ys = trials.map(({ y }) => y);
    return ys.reduce((a, b) => Math.max(a, b)) / ys.reduce((a, b) => Math.min(a, b));
  }).sort();
  return quantile(spans, 0.5) > SPAN_WITHIN || quantile(sorted, 0.95) > SPAN_OF_ALL * quantile(sorted, 0.05);
}

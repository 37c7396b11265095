// How the experts are put together: the centre and the width of the frame that an answer is written in.

import type { Frame } from '../tokenizer/frame.js';
import { type ErrorScale, linearScale, logScale, mayBeFactors } from './calibration/error-scale.js';
import type { MeasuredRange } from './calibration/measured-range.js';

/** What the relatives of a study say of a query. */
export interface HistorySays {
  value: number;
  sd: number;
}

/** An expert counts with the inverse of its error to this power. */
const POWER = 4;
/**
 * Errors of the Gaussian process are taken for smaller by this: fitted on all trials it gains more on the others than they do. Less where no other study speaks, as a share
 * of the centre is its own there whatever the errors are.
 */
const PROCESS_GAIN = { told: 0.8, alone: 0.9 };
/** So are history's, which knows more trials than any of them. */
const HISTORY_GAIN = 0.8;
/** Where no other study speaks, this share goes to the process whatever the errors are: on a few trials they say little. */
const PROCESS_SHARE = 0.35;
/** Where others speak, theirs is that of this many trials among the study's own. */
const HISTORY_TRIALS = 10;

/** A weight for each, by the inverse of its error to the fourth power; together 1. */
export function weightsOf(errors: readonly number[]): number[] {
  const smallest = Math.min(...errors);
  // Relative to the smallest error, so that neither huge nor zero errors leave the range of doubles.
  const weights = errors.map((error) => (error > 0 ? (smallest / error) ** POWER : 1));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** What is known of a study's experts. */
export interface Standing {
  /** Mean sizes of the local experts' errors on trials they had not seen. */
  errors: readonly number[];
  /** The Gaussian process's place in that order. */
  process: number;
  /** The same of history; undefined where no other study speaks. */
  historyError: number | undefined;
  /** Measured trials that all of this is fitted on. */
  trials: number;
}

/**
 * Shares of the local experts in the centre, and of history behind them where it speaks; together 1. By errors alone: what is known before
 * `stack` looks at the trials one by one.
 */
export function sharesOf({ errors, process, historyError, trials }: Standing): number[] {
  const told = historyError !== undefined;
  const gain = told ? PROCESS_GAIN.told : PROCESS_GAIN.alone;
  const sizes = errors.map((error, i) => (i === process ? gain * error : error));
  if (told) sizes.push(HISTORY_GAIN * historyError);
  const share = told ? HISTORY_TRIALS / (HISTORY_TRIALS + trials) : PROCESS_SHARE;
  const leaning = told ? errors.length : process;
  return weightsOf(sizes).map((weight, i) => (1 - share) * weight + (i === leaning ? share : 0));
}

/** What is said of one query. */
export interface Said {
  /** By the local experts. */
  means: readonly number[];
  /** The Gaussian process's place among them, and its standard deviation for this query. */
  process: number;
  processSd: number;
  history: HistorySays | undefined;
}

/** The scale on which centres lie between what experts say: of factors wherever y may be one of them. */
export const scaleOfCentres = (range: MeasuredRange | undefined): ErrorScale =>
  range && mayBeFactors(range) ? logScale(range) : linearScale(range);

/**
 * Without history the mean is one around the process: what lies further from it than it is unsure counts with the logarithm of its distance, so that neither an expert
 * that a hundredth of the weight goes to carries the centre away after one measurement a million times too large, nor four experts the one that saw a step. With history it is
 * taken of units in the study's frame, which grow with the logarithm far out.
 * @param shares of the experts, and of history behind them where it speaks; together 1
 */
export function weigh(said: Said, shares: readonly number[], study: Frame, scale: ErrorScale) {
  const { means, process, processSd, history } = said;
  if (!history) return { center: aroundProcess(said, shares, scale), sd: processSd };
  const center = study.fromUnit(
    [...means, history.value].reduce((sum, value, i) => sum + shares[i]! * study.toUnit(value), 0),
  );
  const [own, others] = [shares[process]!, shares[means.length]!];
  // Neither may have a share.
  const sd =
    own + others > 0 ? (own * processSd + others * history.sd) / (own + others) : Math.min(processSd, history.sd);
  return { center, sd };
}

function aroundProcess({ means, process, processSd }: Said, shares: readonly number[], scale: ErrorScale): number {
  const own = means[process]!;
  const at = scale.to(own);
  const width = processSd * scale.rate(own);
  const units = means.reduce((sum, mean, i) => sum + shares[i]! * Math.asinh((scale.to(mean) - at) / width), 0);
  // Beyond doubles: it is as sure as it can be.
  return Number.isFinite(units) && width > 0 ? scale.from(at + width * Math.sinh(units)) : own;
}
